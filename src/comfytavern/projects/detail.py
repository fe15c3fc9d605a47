"""What went into a node of a run that is no longer in memory: read from the graph and from the results of the nodes before it."""

import re
from collections.abc import Mapping
from typing import Any

from comfytavern.graph.document import Body, Graph, Node

_INDEXED = re.compile(r"^(.*?)(?:\[(\d+)\])?$")


def detail(graph: Graph, inputs: Mapping[str, Any], outputs: Mapping[str, Mapping[str, Any]], path: str) -> dict[str, Any]:
    """Return `{inputs, outputs}` of the node at `path`; `outputs` are those of all nodes by path, `inputs` those of the run.

    Values that only a frame knew (the item of a map, the state of a loop) are left out.
    """
    return {"inputs": _Trace(graph, inputs, outputs).inputs(path), "outputs": dict(outputs.get(path, {}))}


class _Trace:
    """Follows wires backwards."""

    def __init__(self, graph: Graph, inputs: Mapping[str, Any], outputs: Mapping[str, Mapping[str, Any]]) -> None:
        self._graph = graph
        self._groups = {group.id: group for group in graph.groups}
        self._run_inputs = inputs
        self._outputs = outputs

    def inputs(self, path: str) -> dict[str, Any]:
        body, node = self._at(path)
        if body is None or node is None:
            return {}
        values = {name: value for name, value in node.values.items() if name not in ("group", "workflow")}
        sources: dict[str, list[Any]] = {}
        for wire in body.wires:
            if wire.target.node == node.id:
                found = self._output(_sibling(path, wire.source.node), wire.source.port)
                sources.setdefault(wire.target.port, []).extend(found)
        return values | {port: found[0] if len(found) == 1 else found for port, found in sources.items() if found}

    def _output(self, path: str, port: str) -> list[Any]:
        """Return the value of an output in a list; empty when it is not known."""
        if port in (known := self._outputs.get(path, {})):
            return [known[port]]
        body, node = self._at(path)
        if body is None or node is None:
            return []
        if node.kind == "graph.input":
            outer, name = path.rpartition("/")[0], port
            if not outer:
                return [self._run_inputs[name]] if name in self._run_inputs else []
            return [] if outer.endswith("]") else [value for key, value in self.inputs(outer).items() if key == name]
        inner = self._body_of(node)
        out = next((one for one in inner.nodes if one.kind == "graph.output"), None) if inner is not None else None
        return [value for key, value in self.inputs(f"{path}/{out.id}").items() if key == port] if out is not None else []

    def _at(self, path: str) -> tuple[Body | None, Node | None]:
        body: Body | None = self._graph
        node: Node | None = None
        for part in path.split("/"):
            match = _INDEXED.match(part)
            id = match.group(1) if match else part
            body = self._body_of(node) if node is not None else body
            node = next((one for one in body.nodes if one.id == id), None) if body is not None else None
            if node is None:
                return None, None
        return body, node

    def _body_of(self, node: Node) -> Body | None:
        return self._groups.get(str(node.values.get("group", "")))


def _sibling(path: str, id: str) -> str:
    head = path.rpartition("/")[0]
    return f"{head}/{id}" if head else id
