"""Which ports a node has: declared, dynamic, of its mode, of the body it uses or stands in, and the implicit ones."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from comfytavern.graph import control_ports
from comfytavern.graph.bodies import Lookup, Resolve, lookup
from comfytavern.graph.document import Body, Graph, Node, Wire
from comfytavern.graph.kinds import Control, Kind, Kinds, Port
from comfytavern.graph.order import topological
from comfytavern.graph.types import Type, arriving_type

AFTER = Port(
    id="after",
    type=Type.ANY,
    title="After",
    description="Order only: the node waits for it and ignores its value.",
    many=True,
    handle=False,
    cosmetic=True,
)
ERROR = Port(id="error", type=Type.OBJECT, title="Error", description="What went wrong, when this node fails.")
_LISTS = (Type.ARRAY, Type.MESSAGES)


class Ports(NamedTuple):
    """The ports of one node, in the order in which they are shown."""

    inputs: list[Port]
    outputs: list[Port]


NO_PORTS = Ports([], [])


def ports_of(node: Node, body: Body, graph: Graph, kinds: Kinds, resolve: Resolve | None = None) -> Ports:
    """Return the inputs and the outputs of `node`, which stands in `body` of the document `graph`.

    A node of an unknown kind has none. For more than one node of a body ask `all_ports` once.
    """
    return all_ports(body, graph, kinds, resolve).get(node.id, NO_PORTS)


def all_ports(body: Body, graph: Graph, kinds: Kinds, resolve: Resolve | None = None) -> dict[str, Ports]:
    """Return the ports of every node of `body`, by node id, with the types that convertible ports have taken."""
    used = lookup(graph, resolve)
    plain: dict[tuple[str, str], Ports] = {}
    table: dict[str, Ports] = {}
    unsettled: set[str] = {wire.target.node for wire in body.wires if wire.each}
    for node in body.nodes:
        kind = kinds.get(node.kind)
        if kind is None or node.id in table:
            table.setdefault(node.id, NO_PORTS)
            continue
        ports = plain.get((kind.id, node.policy.on_error)) or _declared(node, kind, body, used)
        if _is_plain(kind):
            plain[kind.id, node.policy.on_error] = ports
        table[node.id] = ports
        implicit_map = kind.control is Control.MAP and not control_ports.strings(node.values.get("mapped"))
        if implicit_map or any(port.convertible for port in ports.inputs + ports.outputs):
            unsettled.add(node.id)
    if unsettled:
        _Settling(body, kinds, used, table).settle(unsettled)
    return table


def dynamic_ports(listed: Any) -> list[Port]:
    """Return the ports that the value of `dynamic_inputs` or `dynamic_outputs` lists: ids, or members of a port; bad ones are left out."""
    ports = (dynamic_port(entry) for entry in (listed if isinstance(listed, list) else []))
    return _unique(port for port in ports if port is not None)


def dynamic_port(entry: Any) -> Port | None:
    """Return the port that one entry of such a list describes, or None when it describes none."""
    members = {"id": entry} if isinstance(entry, str) else entry
    if not isinstance(members, dict) or not members.get("id"):
        return None
    try:
        return msgspec.convert({"type": "any", "title": members["id"], **members}, Port)
    except msgspec.ValidationError:
        return None


def _is_plain(kind: Kind) -> bool:
    return kind.control in (Control.NONE, Control.RACE, Control.CALL) and not (kind.dynamic_inputs or kind.dynamic_outputs or kind.modes)


def _declared(node: Node, kind: Kind, body: Body, used: Lookup) -> Ports:
    inputs = _of_mode(kind, node) + dynamic_ports(node.values.get(kind.dynamic_inputs))
    outputs = kind.outputs + dynamic_ports(node.values.get(kind.dynamic_outputs))
    more = control_ports.of(node, kind.control, body, used)
    if kind.control is Control.NOTE:
        return Ports(_unique(inputs + more[0]), _unique(outputs + more[1]))
    error = [ERROR] if node.policy.on_error == "port" else []
    return Ports(_unique([*inputs, *more[0], AFTER]), _unique([*outputs, *more[1], *error]))


def _of_mode(kind: Kind, node: Node) -> list[Port]:
    if not kind.modes:
        return kind.inputs
    default = next((port.default for port in kind.inputs if port.id == "mode"), None)
    mode = node.values.get("mode") or default or next(iter(kind.modes))
    hidden = {id for ids in kind.modes.values() for id in ids} - set(kind.modes.get(mode, ()) if isinstance(mode, str) else ())
    return [port for port in kind.inputs if port.id not in hidden]


def _unique(ports: Iterable[Port]) -> list[Port]:
    """Keep the first port of each id."""
    by_id: dict[str, Port] = {}
    for port in ports:
        by_id.setdefault(port.id, port)
    return list(by_id.values())


class _Settling:
    """What depends on wires: the inputs an implicit Map takes apart, `each`, and the types convertible ports take."""

    def __init__(self, body: Body, kinds: Kinds, used: Lookup, table: dict[str, Ports]) -> None:
        self._body = body
        self._nodes = {node.id: node for node in reversed(body.nodes)}
        self._kinds = kinds
        self._used = used
        self._table = table
        self._wires_in: dict[str, list[Wire]] = {}
        self._wires_out: dict[str, list[Wire]] = {}
        for wire in body.wires:
            self._wires_in.setdefault(wire.target.node, []).append(wire)
            self._wires_out.setdefault(wire.source.node, []).append(wire)

    def settle(self, ids: set[str]) -> None:
        """Settle the nodes `ids`: inputs forwards in topological order, then outputs."""
        order = [id for id in topological(self._body) if id in ids and id in self._table]
        for id in order:
            self._map(id)
            inputs, outputs = self._table[id]
            inputs = self._taken(inputs, self._partners(id, inputs=True))
            if any(wire.each for wire in self._wires_in.get(id, ())):
                outputs = [port if port is ERROR else control_ports.as_list(port) for port in outputs]
            self._table[id] = Ports(inputs, outputs)
        for id in reversed(order):
            inputs, outputs = self._table[id]
            self._table[id] = Ports(inputs, self._taken(outputs, self._partners(id, inputs=False)))

    def _map(self, id: str) -> None:
        node = self._nodes[id]
        kind = self._kinds.get(node.kind)
        if kind is None or kind.control is not Control.MAP or control_ports.strings(node.values.get("mapped")):
            return
        inputs, outputs = self._table[id]
        inner = {port.id: port for port in self._interface_inputs(node)}
        wired = {wire.target.port: wire for wire in reversed(self._wires_in.get(id, []))}
        mapped = {port for port, wire in wired.items() if port in inner and self._arrives_as_list(wire, inner[port])}
        self._table[id] = Ports([control_ports.as_mapped(port) if port.id in mapped else port for port in inputs], outputs)

    def _interface_inputs(self, node: Node) -> list[Port]:
        used = self._used(node)
        return used.body.interface.inputs if used else []

    def _arrives_as_list(self, wire: Wire, inner: Port) -> bool:
        source = self._port(wire.source.node, wire.source.port, inputs=False)
        return source is not None and inner.type not in _LISTS and arriving_type(source, inner) in _LISTS

    def _partners(self, id: str, *, inputs: bool) -> Mapping[str, Port]:
        """Return the port at the other end of the first wire of each port."""
        partners: dict[str, Port] = {}
        for wire in (self._wires_in if inputs else self._wires_out).get(id, ()):
            here, there = (wire.target, wire.source) if inputs else (wire.source, wire.target)
            partner = self._port(there.node, there.port, inputs=not inputs)
            if partner is not None and not wire.each:
                partners.setdefault(here.port, partner)
        return partners

    def _port(self, node: str, port: str, *, inputs: bool) -> Port | None:
        ports = self._table.get(node, NO_PORTS)
        return next((one for one in (ports.inputs if inputs else ports.outputs) if one.id == port), None)

    @staticmethod
    def _taken(ports: list[Port], partners: Mapping[str, Port]) -> list[Port]:
        """Give each convertible port the type of its partner; it is no longer convertible while it has one."""
        return [_take(port, partners[port.id]) if port.convertible and port.id in partners else port for port in ports]


def _take(port: Port, partner: Port) -> Port:
    if partner.convertible or partner.type is Type.ANY:
        return port
    return replace(port, type=partner.type, tags=partner.tags, convertible=False)
