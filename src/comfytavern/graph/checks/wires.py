"""Wires: their ends exist, their types fit, one per input unless it takes many, and no circle."""

from collections.abc import Iterator

from comfytavern.graph.checks.scope import Scope
from comfytavern.graph.document import Node, Wire
from comfytavern.graph.order import cycles
from comfytavern.graph.problems import problem
from comfytavern.graph.types import arriving_type, refusal
from comfytavern.kernel.errors import Problem


def check_wires(scope: Scope) -> Iterator[Problem]:
    """Every wire may be where it is."""
    for wire in scope.body.wires:
        yield from _check_wire(scope, wire)
    for node, by_port in scope.wires_in.items():
        for name, wires in by_port.items():
            port = scope.input(node, name)
            if len(wires) > 1 and port is not None and not port.many:
                yield problem("graph.several_wires", scope.place(node=node, port=name), port=name, count=len(wires))
    for cycle in cycles(scope.body):
        yield problem("graph.cycle", scope.place(node=cycle[0]), cycle=cycle)


def _check_wire(scope: Scope, wire: Wire) -> Iterator[Problem]:
    source, target = scope.nodes.get(wire.source.node), scope.nodes.get(wire.target.node)
    if source is None:
        yield problem("graph.dangling_wire", scope.place(wire=wire.id), end="source", node=wire.source.node)
    if target is None:
        yield problem("graph.dangling_wire", scope.place(wire=wire.id), end="target", node=wire.target.node)
    if source is not None and target is not None:
        yield from _check_ports(scope, wire, source, target)


def _check_ports(scope: Scope, wire: Wire, source: Node, target: Node) -> Iterator[Problem]:
    output, input = scope.output(source.id, wire.source.port), scope.input(target.id, wire.target.port)
    if output is None and not scope.is_opaque(source):
        place = scope.place(wire=wire.id, node=source.id, port=wire.source.port)
        yield problem("graph.unknown_output", place, node=source.id, port=wire.source.port)
    if input is None and not scope.is_opaque(target):
        place = scope.place(wire=wire.id, node=target.id, port=wire.target.port)
        yield problem("graph.unknown_input", place, node=target.id, port=wire.target.port)
    if output is None or input is None:
        return
    code = refusal(output, input, each=wire.each)
    if code is not None:
        types = {"source_type": str(arriving_type(output, input)), "target_type": str(input.type)}
        yield problem(code, scope.place(wire=wire.id, node=target.id, port=input.id), **types)
