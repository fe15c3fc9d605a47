"""Copy and paste: a piece of a body that stands alone, with the local groups it uses."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from comfytavern.graph.bodies import group_id
from comfytavern.graph.document import Body, End, Frame, Graph, Group, Node, Wire
from comfytavern.graph.edit import AddFrame, AddGroup, AddNode, AddWire, Batch, Edit


class Clip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nodes, the wires between them, frames, and every local group that they need."""

    nodes: list[Node] = []
    wires: list[Wire] = []
    frames: list[Frame] = []
    groups: list[Group] = []


def copy(graph: Graph, body: Body, ids: Iterable[str]) -> Clip:
    """Return the nodes and frames of `body` with these ids (a frame brings what stands in it), and the wires between the nodes."""
    chosen = _with_contents(body, set(ids))
    frames = [frame for frame in body.frames if frame.id in chosen]
    kept = {frame.id for frame in frames}
    nodes = [node for node in body.nodes if node.id in chosen]
    inside = {node.id for node in nodes}
    return Clip(
        nodes=[_loose(node, kept) for node in nodes],
        wires=[wire for wire in body.wires if wire.source.node in inside and wire.target.node in inside],
        frames=[_loose(frame, kept) for frame in frames],
        groups=needed_groups(graph, nodes),
    )


def paste(graph: Graph, clip: Clip, *, body: str = "", dx: float = 0, dy: float = 0) -> Edit:
    """Return the edit that pastes a clip, moved by `dx`, `dy`. Ids that are taken get a number: `chat`, `chat-2`, `chat-3`.

    A group that the document already has, word for word, is used as it is; one whose id means another group gets a new id.
    """
    into = graph if not body else next(group for group in graph.groups if group.id == body)
    groups, added = _renamed_groups(graph, clip.groups)
    nodes = fresh((node.id for node in clip.nodes), (node.id for node in into.nodes))
    wires = fresh((wire.id for wire in clip.wires), (wire.id for wire in into.wires))
    frames = fresh((frame.id for frame in clip.frames), (frame.id for frame in into.frames))
    edits: list[Edit] = [AddGroup(group=group) for group in added]
    framed = [replace(frame, id=frames[frame.id], frame=frames.get(frame.frame or "")) for frame in clip.frames]
    edits += [AddFrame(body=body, frame=moved(frame, dx, dy)) for frame in framed]
    for node in clip.nodes:
        pasted = replace(_repointed(node, groups), id=nodes[node.id], frame=frames.get(node.frame or ""))
        edits.append(AddNode(body=body, node=moved(pasted, dx, dy)))
    for wire in clip.wires:
        source, target = (End(nodes[end.node], end.port) for end in (wire.source, wire.target))
        edits.append(AddWire(body=body, wire=replace(wire, id=wires[wire.id], source=source, target=target), many=True))
    return Batch(edits=edits)


def needed_groups(graph: Graph, nodes: Iterable[Node]) -> list[Group]:
    """Return the local groups that nodes use, directly or inside other groups, in document order."""
    groups = {group.id: group for group in graph.groups}
    needed: set[str] = set()
    pending = list(nodes)
    while pending:
        id = group_id(pending.pop())
        if id in groups and id not in needed:
            needed.add(id)
            pending.extend(groups[id].nodes)
    return [group for group in graph.groups if group.id in needed]


def fresh(ids: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Return a new id for each: itself when it is free, else with the next number."""
    used = set(taken)
    renamed: dict[str, str] = {}
    for id in ids:
        number, candidate = 1, id
        while candidate in used:
            number += 1
            candidate = f"{id}-{number}"
        used.add(candidate)
        renamed.setdefault(id, candidate)
    return renamed


def moved(row: Any, dx: float, dy: float) -> Any:
    """Return a node or a frame at another place. One without a place stays without."""
    x, y = row.look.get("x"), row.look.get("y")
    if not isinstance(x, int | float) or not isinstance(y, int | float) or not (dx or dy):
        return row
    return replace(row, look={**row.look, "x": x + dx, "y": y + dy})


def _with_contents(body: Body, ids: set[str]) -> set[str]:
    frames = {frame.id for frame in body.frames} & ids
    grown = True
    while grown:
        inner = {frame.id for frame in body.frames if frame.frame in frames} - frames
        frames |= inner
        grown = bool(inner)
    return ids | frames | {node.id for node in body.nodes if node.frame in frames}


def _loose(row: Any, kept: set[str]) -> Any:
    return row if row.frame is None or row.frame in kept else replace(row, frame=None)


def _renamed_groups(graph: Graph, groups: list[Group]) -> tuple[dict[str, str], list[Group]]:
    """Return the new id of each pasted group, and those that have to be added."""
    own = {group.id: group for group in graph.groups}
    same = _same_groups(own, groups)
    renamed = fresh((group.id for group in groups if group.id not in same), own) | {id: id for id in same}
    added = [group for group in groups if group.id not in same]
    return renamed, [replace(group, id=renamed[group.id], nodes=[_repointed(node, renamed) for node in group.nodes]) for group in added]


def _same_groups(own: dict[str, Group], groups: list[Group]) -> set[str]:
    """Return the ids of the groups that the document has already, the groups they use included."""
    same = {group.id for group in groups if group.id in own and _equal(own[group.id], group)}
    while True:
        fine = {None, *same}
        other = {group.id for group in groups if group.id in same and any(group_id(node) not in fine for node in group.nodes)}
        if not other:
            return same
        same -= other


def _equal(one: Group, other: Group) -> bool:
    return msgspec.json.encode(one) == msgspec.json.encode(other)


def _repointed(node: Node, renamed: dict[str, str]) -> Node:
    """Return the node using the new id of its group."""
    old = group_id(node)
    new = renamed.get(old or "", old)
    return node if new == old else replace(node, values={**node.values, "group": new})
