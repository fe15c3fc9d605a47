"""Ids, interfaces and frames of a body."""

from collections.abc import Iterable, Iterator

from comfytavern.graph.checks.scope import Scope, is_name, repeated
from comfytavern.graph.checks.values import value_fits
from comfytavern.graph.document import Graph
from comfytavern.graph.kinds import Control, Port
from comfytavern.graph.order import cycles_of
from comfytavern.graph.problems import problem
from comfytavern.graph.types import name_of
from comfytavern.kernel.errors import Problem


def check_ids(scope: Scope) -> Iterator[Problem]:
    """Ids are usable in paths, and unique."""
    yield from _ids(scope, "node", [node.id for node in scope.body.nodes])
    yield from _ids(scope, "wire", [wire.id for wire in scope.body.wires])
    yield from _ids(scope, "frame", [frame.id for frame in scope.body.frames])
    if isinstance(scope.body, Graph):
        yield from _ids(scope, "group", [group.id for group in scope.body.groups])


def _ids(scope: Scope, what: str, ids: list[str]) -> Iterator[Problem]:
    for id in ids:
        if not is_name(id):
            yield problem("graph.bad_id", scope.place(**{what: id}), what=what, id=id)
    for id in repeated(ids):
        yield problem("graph.duplicate_id", scope.place(**{what: id}), what=what, id=id)


def check_interface(scope: Scope) -> Iterator[Problem]:
    """The ports of the interface have distinct, usable ids and fitting defaults, and each output is fed once."""
    interface = scope.body.interface
    for side, ports in (("inputs", interface.inputs), ("outputs", interface.outputs)):
        field = f"interface.{side}"
        for port in ports:
            if not is_name(port.id):
                yield problem("graph.bad_id", scope.place(field=field, port=port.id), what="port", id=port.id)
            if port.default is not None and not value_fits(port.default, port):
                got = name_of(port.default)
                yield problem("graph.wrong_value", scope.place(field=field, port=port.id), port=port.id, expected=str(port.type), got=got)
        for id in repeated(port.id for port in ports):
            yield problem("graph.duplicate_id", scope.place(field=field, port=id), what="port", id=id)
    yield from _check_outputs(scope, interface.outputs)


def _check_outputs(scope: Scope, ports: Iterable[Port]) -> Iterator[Problem]:
    sinks = [node for node in scope.body.nodes if (kind := scope.kind(node)) is not None and kind.control is Control.OUTPUT]
    for port in ports:
        count = sum(port.id in scope.wires_in.get(node.id, ()) or node.values.get(port.id) is not None for node in sinks)
        if count != 1:
            code = "graph.output_twice" if count else "graph.output_unfed"
            yield problem(code, scope.place(field="interface.outputs", port=port.id), port=port.id, count=count)


def check_frames(scope: Scope) -> Iterator[Problem]:
    """Frames that are named exist and do not contain each other."""
    parents = {frame.id: frame.frame for frame in scope.body.frames}
    for what, items in (("node", scope.body.nodes), ("frame", scope.body.frames)):
        for item in items:
            if item.frame is not None and item.frame not in parents:
                yield problem("graph.frame_missing", scope.place(**{what: item.id}), frame=item.frame)
    inside = {id: [parent] if parent is not None and parent in parents else [] for id, parent in parents.items()}
    for cycle in cycles_of(inside):
        yield problem("graph.frame_cycle", scope.place(frame=cycle[0]), cycle=cycle)
