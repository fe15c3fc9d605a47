"""Edits as values. `apply` is pure and returns the edit that takes this one back.

`body` is a group's id, or empty for the document itself. An edit that names something that is not there raises `NotFound`
(`graph.edit_missing`), one that adds what is there already raises `Conflict` (`graph.edit_taken`); the graph stays as it was.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from comfytavern.graph.document import Frame, Graph, Group, Interface, Node, Wire
from comfytavern.graph.draft import Change, Draft
from comfytavern.graph.problems import sentence
from comfytavern.kernel.errors import Invalid


class Edit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="edit", tag=True):
    """What all edits share."""

    body: str = ""

    def perform(self, draft: Draft) -> None:
        """Make the changes."""
        raise TypeError(f"{type(self).__name__} cannot be performed on a {type(draft).__name__}")


def apply(graph: Graph, edit: Edit) -> tuple[Graph, Edit]:
    """Return the edited graph and the inverse of the edit: applying it gives back `graph`, order and all."""
    draft = Draft(graph)
    edit.perform(draft)
    return draft.graph(), Changes(changes=[change.turned() for change in reversed(draft.changes)])


class Changes(Edit, frozen=True, kw_only=True):
    """Recorded changes: what `apply` returns as the inverse."""

    changes: list[Change]

    def perform(self, draft: Draft) -> None:
        """Make them again."""
        for change in self.changes:
            draft.change(change)


class Batch(Edit, frozen=True, kw_only=True):
    """Several edits that are one for the person who made them."""

    edits: list[Edit]

    def perform(self, draft: Draft) -> None:
        """Perform one after the other."""
        for edit in self.edits:
            edit.perform(draft)


class AddNode(Edit, frozen=True, kw_only=True):
    """Add a node, at the end unless `index` says where."""

    node: Node
    index: int | None = None

    def perform(self, draft: Draft) -> None:
        """Insert it."""
        draft.insert(self.body, "nodes", self.node, self.index)


class RemoveNodes(Edit, frozen=True, kw_only=True):
    """Remove nodes and every wire that ends at one of them."""

    ids: list[str]

    def perform(self, draft: Draft) -> None:
        """Remove wires first, so that none dangles in between."""
        ids = set(self.ids)
        for id in self.ids:
            draft.index(self.body, "nodes", id)
        wires = draft.rows(self.body, "wires")
        draft.remove(self.body, "wires", {wire.id for wire in wires if wire.source.node in ids or wire.target.node in ids})
        draft.remove(self.body, "nodes", ids)


class MoveNodes(Edit, frozen=True, kw_only=True):
    """Change members of the look of nodes (x, y, width …), by node id. A member set to null is removed."""

    looks: dict[str, dict[str, Any]]

    def perform(self, draft: Draft) -> None:
        """Merge each look."""
        for id, look in self.looks.items():
            node: Node = draft.find(self.body, "nodes", id)
            draft.put(self.body, "nodes", replace(node, look=_merged(node.look, look)))


class SetValue(Edit, frozen=True, kw_only=True):
    """Type a value into an input. Null is a value: `UnsetValue` removes one."""

    node: str
    port: str
    value: Any

    def perform(self, draft: Draft) -> None:
        """Replace it where it stands, or append it."""
        node: Node = draft.find(self.body, "nodes", self.node)
        draft.put(self.body, "nodes", replace(node, values={**node.values, self.port: self.value}))


class UnsetValue(Edit, frozen=True, kw_only=True):
    """Remove the value of an input: its default counts again."""

    node: str
    port: str

    def perform(self, draft: Draft) -> None:
        """Remove it, if there is one."""
        node: Node = draft.find(self.body, "nodes", self.node)
        draft.put(self.body, "nodes", replace(node, values={name: value for name, value in node.values.items() if name != self.port}))


class SetNode(Edit, frozen=True, kw_only=True):
    """Set other members of a node: name, description, mode, frame, pins, policy, look, kind_version."""

    node: str
    members: dict[str, Any]

    def perform(self, draft: Draft) -> None:
        """Check and replace them."""
        draft.put(self.body, "nodes", _with(draft.find(self.body, "nodes", self.node), self.members, Node))


class AddWire(Edit, frozen=True, kw_only=True):
    """Draw a wire. On an input that does not take `many` it replaces what was there."""

    wire: Wire
    many: bool = False
    index: int | None = None
    """Place among all wires of the body; at the end by default."""

    def perform(self, draft: Draft) -> None:
        """Remove what is replaced, then insert."""
        for end in (self.wire.source, self.wire.target):
            draft.index(self.body, "nodes", end.node)
        if not self.many:
            rows = draft.rows(self.body, "wires")
            draft.remove(self.body, "wires", {wire.id for wire in rows if wire.target == self.wire.target})
        draft.insert(self.body, "wires", self.wire, self.index)


class RemoveWires(Edit, frozen=True, kw_only=True):
    """Remove wires."""

    ids: list[str]

    def perform(self, draft: Draft) -> None:
        """Remove them."""
        for id in self.ids:
            draft.index(self.body, "wires", id)
        draft.remove(self.body, "wires", set(self.ids))


class MoveWire(Edit, frozen=True, kw_only=True):
    """Change the order of wires, which is the order of a many-input: put one before another, or last."""

    wire: str
    before: str | None = None

    def perform(self, draft: Draft) -> None:
        """Take it out and put it in."""
        wire: Wire = draft.find(self.body, "wires", self.wire)
        if self.before == self.wire:
            return
        draft.remove(self.body, "wires", {self.wire})
        draft.insert(self.body, "wires", wire, None if self.before is None else draft.index(self.body, "wires", self.before))


class SetWire(Edit, frozen=True, kw_only=True):
    """Set members of a wire in place: source, target, each, look."""

    wire: str
    members: dict[str, Any]

    def perform(self, draft: Draft) -> None:
        """Check and replace them."""
        draft.put(self.body, "wires", _with(draft.find(self.body, "wires", self.wire), self.members, Wire))


class SetInterface(Edit, frozen=True, kw_only=True):
    """Replace the interface. Wires to ports that are gone stay: validation names them, and the ports may come back."""

    interface: Interface

    def perform(self, draft: Draft) -> None:
        """Replace it."""
        draft.set_interface(self.body, self.interface)


class AddFrame(Edit, frozen=True, kw_only=True):
    """Add a frame."""

    frame: Frame
    index: int | None = None

    def perform(self, draft: Draft) -> None:
        """Insert it."""
        draft.insert(self.body, "frames", self.frame, self.index)


class RemoveFrames(Edit, frozen=True, kw_only=True):
    """Remove frames; what stood in one now stands in the frame around it."""

    ids: list[str]

    def perform(self, draft: Draft) -> None:
        """Lift the contents, then remove."""
        around = {id: draft.find(self.body, "frames", id).frame for id in self.ids}
        for table in ("nodes", "frames"):
            for row in list(draft.rows(self.body, table)):
                if row.frame in around:
                    draft.put(self.body, table, replace(row, frame=_outside(row.frame, around)))
        draft.remove(self.body, "frames", set(self.ids))


class SetFrame(Edit, frozen=True, kw_only=True):
    """Set members of a frame: name, note, frame, look."""

    frame: str
    members: dict[str, Any]

    def perform(self, draft: Draft) -> None:
        """Check and replace them."""
        draft.put(self.body, "frames", _with(draft.find(self.body, "frames", self.frame), self.members, Frame))


class AddGroup(Edit, frozen=True, kw_only=True):
    """Add a local group to the document."""

    group: Group

    def perform(self, draft: Draft) -> None:
        """Append it."""
        draft.insert("", "groups", self.group)


class RemoveGroup(Edit, frozen=True, kw_only=True):
    """Remove a local group. Nodes that use it stay: validation names them."""

    group: str

    def perform(self, draft: Draft) -> None:
        """Remove it."""
        draft.index("", "groups", self.group)
        draft.remove("", "groups", {self.group})


class SetGroup(Edit, frozen=True, kw_only=True):
    """Set members of a local group: name, description, look."""

    group: str
    members: dict[str, Any]

    def perform(self, draft: Draft) -> None:
        """Check and replace them."""
        draft.put("", "groups", _with(draft.find("", "groups", self.group), self.members, Group))


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**old, **new}.items() if value is not None}


def _outside(frame: str, around: dict[str, str | None]) -> str | None:
    """Return the nearest frame around that stays (a circle of frames ends outside all)."""
    seen: set[str] = set()
    here: str | None = frame
    while here in around and here not in seen:
        seen.add(here)
        here = around[here]
    return None if here in seen else here


_FIXED = {"id", "kind", "extra", "nodes", "wires", "frames", "interface"}


def _with(row: Any, members: dict[str, Any], struct: type) -> Any:
    """Return a row with other members, which are checked. Raises `Invalid` (`graph.bad_setting`)."""
    settable = set(struct.__struct_fields__) - _FIXED
    for name in members:
        if name not in settable:
            expected = "one of " + ", ".join(sorted(settable))
            params = {"setting": name, "expected": expected}
            raise Invalid("graph.bad_setting", sentence("graph.bad_setting", **params), **params)
    try:
        plain = {name: msgspec.to_builtins(value) for name, value in members.items()}
        return msgspec.convert({**{name: getattr(row, name) for name in struct.__struct_fields__}, **plain}, struct)
    except msgspec.ValidationError as error:
        raise Invalid("graph.malformed", sentence("graph.malformed", count=1), hint=str(error), count=1) from None
