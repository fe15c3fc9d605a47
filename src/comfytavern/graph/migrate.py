"""Old documents and old values become new ones by named steps, each a pure function, each with a before/after golden.

The steps of kinds are handed in by whoever owns the kinds: this room knows none.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from comfytavern.graph.document import VERSION, End, Graph, Node, Wire
from comfytavern.graph.kinds import Kinds
from comfytavern.graph.problems import problem
from comfytavern.kernel.errors import Problem

Json = dict[str, Any]


class DocumentStep(NamedTuple):
    """From one version of the document to the next."""

    name: str
    change: Callable[[Json], Json]


DOCUMENT_STEPS: dict[int, DocumentStep] = {}
"""By the version they start from. Version 1 is the first, so there are none yet."""


class KindStep(NamedTuple):
    """From one version of a kind to the next: what happens to the values of its nodes, and to the wires at renamed ports."""

    name: str
    values: Callable[[Json], Json] | None = None
    """A pure function on the values, after the renaming of inputs."""
    inputs: Mapping[str, str] = {}
    """Renamed inputs, old id -> new id: values and wires follow."""
    outputs: Mapping[str, str] = {}
    """Renamed outputs, old id -> new id: pins, defaults and wires follow."""


KindSteps = Mapping[str, Mapping[int, KindStep | Callable[[Json], Json]]]
"""Kind id -> the version a step starts from -> the step; a bare function on the values is a step of its own name."""


class Migrated(NamedTuple):
    """What came out."""

    graph: Graph
    problems: list[Problem]
    """`graph.migration_failed` for nodes that were left as they were."""
    applied: dict[str, list[str]]
    """Names of the steps taken, by node id (`GROUP/NODE` inside a local group)."""


def migrate_document(data: Json, *, steps: Mapping[int, DocumentStep] = DOCUMENT_STEPS, to: int = VERSION) -> Json:
    """Return the JSON of an older document as one of version `to`. A missing step ends the way: the shape check says what is wrong."""
    version = data.get("version", to)
    while isinstance(version, int) and version < to and version in steps:
        data = {**steps[version].change(data), "version": version + 1}
        version += 1
    return data


def migrate(graph: Graph, kinds: Kinds, steps: KindSteps) -> Migrated:
    """Return the graph with every node brought to the version of its kind, as far as there are steps.

    Nodes of unknown kinds, and of newer versions than are known here, are kept as they are: `validate` names them.
    """
    walk = _Walk(kinds, steps)
    groups = [walk.body(group, f"{group.id}/") for group in graph.groups]
    changed = walk.body(graph, "")
    if any(new is not old for new, old in zip(groups, graph.groups, strict=True)):
        changed = replace(changed, groups=groups)
    return Migrated(changed, walk.problems, walk.applied)


class _Walk:
    def __init__(self, kinds: Kinds, steps: KindSteps) -> None:
        self._kinds = kinds
        self._steps = steps
        self.problems: list[Problem] = []
        self.applied: dict[str, list[str]] = {}

    def body(self, body: Any, prefix: str) -> Any:
        """Return a body with its nodes migrated; the very same when nothing is old."""
        inputs: dict[End, str] = {}
        outputs: dict[End, str] = {}
        nodes: list[Node] = []
        for node in body.nodes:
            taken = self._pending(node)
            moved = self._node(node, taken, prefix) if taken else node
            nodes.append(moved)
            if moved is not node:
                _rename(inputs, node.id, [step.inputs for step in taken])
                _rename(outputs, node.id, [step.outputs for step in taken])
        if all(new is old for new, old in zip(nodes, body.nodes, strict=True)):
            return body
        wires = [_rewired(wire, inputs, outputs) for wire in body.wires] if inputs or outputs else body.wires
        return replace(body, nodes=nodes, wires=wires)

    def _pending(self, node: Node) -> list[KindStep]:
        kind, steps = self._kinds.get(node.kind), self._steps.get(node.kind, {})
        taken: list[KindStep] = []
        version = node.kind_version
        while kind is not None and version < kind.version and version in steps:
            step = steps[version]
            taken.append(step if isinstance(step, KindStep) else KindStep(getattr(step, "__name__", repr(step)), values=step))
            version += 1
        return taken

    def _node(self, node: Node, taken: Sequence[KindStep], prefix: str) -> Node:
        moved = node
        for step in taken:
            try:
                moved = _stepped(moved, step)
            except Exception:  # noqa: BLE001 -- a step may be a plugin's: its bug must not lose the node
                params = {"kind": node.kind, "version": moved.kind_version, "to": moved.kind_version + 1, "step": step.name}
                self.problems.append(problem("graph.migration_failed", _place(prefix, node), **params))
                return node
        self.applied[prefix + node.id] = [step.name for step in taken]
        return moved


def _stepped(node: Node, step: KindStep) -> Node:
    values = _renamed(node.values, step.inputs)
    return replace(
        node,
        kind_version=node.kind_version + 1,
        values=step.values(values) if step.values else values,
        pins=_renamed(node.pins, step.outputs),
        policy=replace(node.policy, defaults=_renamed(node.policy.defaults, step.outputs)) if node.policy.defaults else node.policy,
    )


def _renamed(members: Json, names: Mapping[str, str]) -> Json:
    """Return a copy with renamed members, in their old order."""
    return {names.get(name, name): value for name, value in members.items()}


def _rename(ends: dict[End, str], node: str, steps: Sequence[Mapping[str, str]]) -> None:
    """Note the last name of every port of a node that some step renames."""
    for index, names in enumerate(steps):
        for first, last in names.items():
            for later in steps[index + 1 :]:
                last = later.get(last, last)  # noqa: PLW2901 -- the name moves on
            ends.setdefault(End(node, first), last)


def _rewired(wire: Wire, inputs: dict[End, str], outputs: dict[End, str]) -> Wire:
    source, target = outputs.get(wire.source), inputs.get(wire.target)
    if source is None and target is None:
        return wire
    return replace(
        wire,
        source=wire.source if source is None else End(wire.source.node, source),
        target=wire.target if target is None else End(wire.target.node, target),
    )


def _place(prefix: str, node: Node) -> dict[str, str]:
    return {"graph": prefix.rstrip("/"), "node": node.id} if prefix else {"node": node.id}
