"""Groups pasted in place (semantics, G1): from a document to one flat list of nodes and what feeds each of their inputs."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec.structs import replace

from comfytavern.engine.implementation import DEAD, Implementation, Implementations, Style
from comfytavern.graph.bodies import Resolve, Used, lookup
from comfytavern.graph.document import Body, End, Graph, Group, Interface, Node, Wire
from comfytavern.graph.kinds import Control, Kind, Port
from comfytavern.graph.ports import AFTER, Ports, all_ports
from comfytavern.graph.types import connects

INPUT = Kind(id="graph.input", title="Input", description="Inputs of the graph.", control=Control.INPUT)
OUTPUT = Kind(id="graph.output", title="Output", description="Outputs of the graph.", control=Control.OUTPUT)
_IN, _OUT = "<in>", "<out>"
_BORDERS = {kind.id: Implementation(kind=kind, style=Style.CONTROL) for kind in (INPUT, OUTPUT)}


class Source(NamedTuple):
    """An output of a flat node."""

    node: int
    port: str


class Constant(NamedTuple):
    """A value that no node makes (a value typed into a group, a pin, a missing output of a group: DEAD)."""

    value: Any


Feed = Source | Constant


@dataclass(slots=True)
class Scope:
    """One body, pasted once."""

    body: Body
    document: Graph
    prefix: str
    ports: dict[str, Ports]
    parent: "Scope | None"
    host: Node | None
    nodes: dict[str, Node]
    wires: dict[tuple[str, str], list[Wire]]
    inner: dict[str, "Scope"] = field(default_factory=dict[str, "Scope"])
    index: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class Flat:
    """A node that will run."""

    path: str
    node: Node
    ports: Ports
    implementation: Implementation
    scope: Scope
    used: Used | None = None
    """The body of a Map or a Loop."""


class Expansion:
    """The flat nodes of one body."""

    def __init__(self, body: Body, document: Graph, implementations: Implementations, resolve: Resolve | None) -> None:
        """Paste every group of `body`, which stands in `document`."""
        self.flats: list[Flat] = []
        self._implementations = implementations
        self._resolve = resolve
        self.root = self._paste(body, document, "", None, None)

    def feeds(self, flat: Flat, port: str) -> list[Feed]:
        """Return what feeds an input, in wire order; nothing when it has no wire. `after` of the groups around it counts too."""
        found = self._into(flat.scope, flat.node.id, port)
        if port == AFTER.id:
            scope = flat.scope
            while scope.parent is not None and scope.host is not None:
                found += self._into(scope.parent, scope.host.id, port)
                scope = scope.parent
        return found

    def implementation(self, kind_id: str) -> Implementation | None:
        """Return how to run a kind; the borders of a graph are known even where nobody registered them."""
        return self._implementations.implementation(kind_id) or _BORDERS.get(kind_id)

    def _paste(self, body: Body, document: Graph, prefix: str, parent: Scope | None, host: Node | None) -> Scope:
        kinds = _Kinds(self)
        scope = Scope(
            body=body,
            document=document,
            prefix=prefix,
            ports=all_ports(body, document, kinds, self._resolve),
            parent=parent,
            host=host,
            nodes={node.id: node for node in body.nodes},
            wires={},
        )
        for wire in body.wires:
            scope.wires.setdefault((wire.target.node, wire.target.port), []).append(wire)
        mapped = {wire.target.node for wire in body.wires if wire.each}
        used = lookup(document, self._resolve)
        for node in body.nodes:
            self._place(scope, node, used(node) if node.values else None, each=node.id in mapped)
        return scope

    def _place(self, scope: Scope, node: Node, used: Used | None, *, each: bool) -> None:
        implementation = self.implementation(node.kind)
        if implementation is None:
            return
        control = implementation.kind.control
        if control is Control.NOTE or node.mode == "bypass" or (control in (Control.INPUT, Control.OUTPUT) and scope.parent is not None):
            return
        if control is Control.GROUP and node.mode != "mute" and not node.pins:
            if used is not None:
                scope.inner[node.id] = self._paste(used.body, used.graph, f"{scope.prefix}{node.id}/", scope, node)
            return
        scope.index[node.id] = len(self.flats)
        flat = Flat(scope.prefix + node.id, node, scope.ports[node.id], implementation, scope, used)
        self.flats.append(_each(flat, scope) if each else flat)

    # -- what feeds what ------------------------------------------------------------------------------------------

    def _into(self, scope: Scope, node_id: str, port: str) -> list[Feed]:
        found: list[Feed] = []
        for wire in scope.wires.get((node_id, port), ()):
            found += self._from(scope, wire.source)
        return found

    def _from(self, scope: Scope, end: End) -> list[Feed]:
        node = scope.nodes[end.node]
        if end.node in scope.index:
            return [Source(scope.index[end.node], end.port)]
        if end.node in scope.inner:
            return self._out_of_group(scope.inner[end.node], end.port)
        implementation = self.implementation(node.kind)
        if implementation is not None and implementation.kind.control is Control.INPUT and scope.parent is not None:
            return self._into_group(scope, end.port)
        return self._past(scope, node, end.port)

    def _out_of_group(self, inner: Scope, port: str) -> list[Feed]:
        for node in inner.body.nodes:
            kind = self.implementation(node.kind)
            if kind is not None and kind.kind.control is Control.OUTPUT:
                if (node.id, port) in inner.wires:
                    return self._into(inner, node.id, port)
                if port in node.values:
                    return [Constant(node.values[port])]
        return [Constant(DEAD)]

    def _into_group(self, scope: Scope, port: str) -> list[Feed]:
        parent, host = scope.parent, scope.host
        if parent is None or host is None:
            return []
        if (host.id, port) in parent.wires:
            return self._into(parent, host.id, port)
        if port in host.values:
            return [Constant(host.values[port])]
        declared = next((one for one in scope.body.interface.inputs if one.id == port), None)
        return [Constant(declared.default)] if declared is not None and (declared.default is not None or not declared.required) else []

    def _past(self, scope: Scope, node: Node, port: str) -> list[Feed]:
        """Return what passes through a bypassed node (K6)."""
        ports, implementation = scope.ports[node.id], self.implementation(node.kind)
        output = next((one for one in ports.outputs if one.id == port), None)
        if implementation is None or output is None:
            return [Constant(DEAD)]
        through = _passed(implementation.kind, output, ports.inputs)
        if through is None:
            return [Constant(DEAD)]
        if (node.id, through.id) in scope.wires:
            return self._into(scope, node.id, through.id)
        value = node.values.get(through.id, through.default)
        return [Constant(DEAD if value is None else value)]


class _Kinds:
    def __init__(self, expansion: Expansion) -> None:
        self._expansion = expansion

    def get(self, kind_id: str, /) -> Kind | None:
        """Return the kind, borders included."""
        found = self._expansion.implementation(kind_id)
        return found.kind if found else None


def _passed(kind: Kind, output: Port, inputs: list[Port]) -> Port | None:
    if output.id in kind.bypass:
        return next((one for one in inputs if one.id == kind.bypass[output.id]), None)
    return next((one for one in inputs if one is not AFTER and connects(one, output)), None)


def _each(flat: Flat, scope: Scope) -> Flat:
    """Return the one-node Map that an `each` wire stands for (G2)."""
    node = flat.node
    wires = {port: wires for (target, port), wires in scope.wires.items() if target == node.id and port != AFTER.id}
    taken = [port for port in flat.ports.inputs if port.id in wires]
    kind = flat.implementation.kind
    given = [replace(port, stream=False) for port in kind.outputs] or [replace(port, stream=False) for port in flat.ports.outputs]
    inside = Body(
        nodes=[Node(id=_IN, kind=INPUT.id), replace(node, pins={}), Node(id=_OUT, kind=OUTPUT.id)],
        wires=[Wire(id=f"i{port.id}", source=End(_IN, port.id), target=End(node.id, port.id)) for port in taken]
        + [Wire(id=f"o{port.id}", source=End(node.id, port.id), target=End(_OUT, port.id)) for port in given],
        interface=Interface(inputs=[replace(port, many=False, lazy=False) for port in taken], outputs=given),
    )
    group = Group(id="", nodes=inside.nodes, wires=inside.wires, interface=inside.interface)
    mapped = [port for port, listed in wires.items() if any(wire.each for wire in listed)]
    values = {"mapped": mapped}
    control = Implementation(kind=Kind(id="flow.map", title="", description="", control=Control.MAP), style=Style.CONTROL)
    outer = Ports([*taken, AFTER], [*flat.ports.outputs])
    return Flat(flat.path, replace(node, values=values), outer, control, scope, Used(f"each {flat.path}", group, scope.document))
