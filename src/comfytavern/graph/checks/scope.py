"""One body under examination, with everything the checks ask of it."""

from collections.abc import Iterable
from typing import Any

from comfytavern.graph.bodies import USES_A_BODY, Resolve, Used, lookup
from comfytavern.graph.document import Body, Graph, Node, Wire
from comfytavern.graph.kinds import Kind, Kinds, Port
from comfytavern.graph.ports import NO_PORTS, Ports, all_ports

NAME_MAX = 100
_RESERVED = frozenset("/[]:")


class Scope:
    """A body, its ports and its wires, indexed once. `key` is its place: empty for the document itself."""

    def __init__(self, document_key: str, group: str, body: Body, graph: Graph, kinds: Kinds, resolve: Resolve | None) -> None:
        self.document_key = document_key
        self.key = _key(document_key, group)
        self.body = body
        self.graph = graph
        self.resolve = resolve
        self.nodes: dict[str, Node] = {node.id: node for node in reversed(body.nodes)}
        self.kinds: dict[str, Kind | None] = {kind: kinds.get(kind) for kind in {node.kind for node in body.nodes}}
        self.ports: dict[str, Ports] = all_ports(body, graph, kinds, resolve)
        self.used = lookup(graph, resolve)
        self.wires_in: dict[str, dict[str, list[Wire]]] = {}
        for wire in body.wires:
            self.wires_in.setdefault(wire.target.node, {}).setdefault(wire.target.port, []).append(wire)
        self._indexes: dict[tuple[str, bool], dict[str, Port]] = {}

    def place(self, **at: str) -> dict[str, str]:
        """Return a problem's place in this body."""
        return {"graph": self.key, **at} if self.key else at

    def kind(self, node: Node) -> Kind | None:
        """Return the kind of a node, or None when it is unknown here."""
        return self.kinds[node.kind]

    def input(self, node: str, port: str) -> Port | None:
        """Return an input by its address."""
        return self._index(node, inputs=True).get(port)

    def output(self, node: str, port: str) -> Port | None:
        """Return an output by its address."""
        return self._index(node, inputs=False).get(port)

    def is_opaque(self, node: Node) -> bool:
        """Return whether the node's ports cannot be known: an unknown kind, or one whose group is not there."""
        kind = self.kind(node)
        return kind is None or (kind.control in USES_A_BODY and self.used(node) is None)

    def inner_key(self, used: Used) -> str:
        """Return the key of the scope of a body that a node of this one uses."""
        return used.key if used.is_library else _key(self.document_key, used.key)

    def _index(self, node: str, *, inputs: bool) -> dict[str, Port]:
        found = self._indexes.get((node, inputs))
        if found is None:
            ports = self.ports.get(node, NO_PORTS)
            found = self._indexes[node, inputs] = {port.id: port for port in (ports.inputs if inputs else ports.outputs)}
        return found


def _key(document_key: str, group: str) -> str:
    return f"{document_key}/{group}" if document_key and group else document_key or group


def is_name(id: str) -> bool:
    """Return whether an id can stand in a path such as `refine[2]/judge:text`."""
    return 0 < len(id) <= NAME_MAX and id.isprintable() and _RESERVED.isdisjoint(id)


def repeated(items: Iterable[Any]) -> list[Any]:
    """Return what occurs more than once, each once, in order."""
    seen: dict[Any, int] = {}
    for item in items:
        seen[item] = seen.get(item, 0) + 1
    return [item for item, count in seen.items() if count > 1]
