"""Workflows that are used by other workflows: which, and how to rename them."""

from collections.abc import Mapping

import msgspec

from comfytavern.graph.document import Body, Graph, Node
from comfytavern.kernel.errors import NotFound

Reference = tuple[str, int | None]
"""Id of a workflow and its version (None: the newest)."""


def references(graph: Graph) -> set[Reference]:
    """Return what the group nodes of a graph, at any level, refer to."""
    bodies: list[Body] = [graph, *graph.groups]
    return {found for body in bodies for node in body.nodes if (found := _reference(node))}


def renamed(graph: Graph, names: Mapping[Reference, Reference]) -> Graph:
    """Return `graph` with every reference that is in `names` replaced."""

    def rename(node: Node) -> Node:
        new = names.get(found) if (found := _reference(node)) else None
        if new is None:
            return node
        version = {} if new[1] is None else {"version": new[1]}
        return msgspec.structs.replace(node, values=node.values | {"workflow": new[0]} | version)

    groups = [msgspec.structs.replace(group, nodes=[rename(node) for node in group.nodes]) for group in graph.groups]
    return msgspec.structs.replace(graph, nodes=[rename(node) for node in graph.nodes], groups=groups)


class Library:
    """The workflows that a graph uses, loaded."""

    def __init__(self, graphs: Mapping[Reference, Graph], newest: Mapping[str, int]) -> None:
        """Hold `graphs`; `newest` says which version was meant where no number is given."""
        self._graphs = graphs
        self.newest = dict(newest)

    def resolve(self, id: str, version: int | None) -> Graph:
        """Return a graph, as the graph room asks for it. Raises `NotFound` (`graph.workflow_missing`)."""
        graph = self._graphs.get((id, version))
        if graph is None:
            raise NotFound("graph.workflow_missing", "A workflow that is used here does not exist.", workflow=id, version=version)
        return graph


def _reference(node: Node) -> Reference | None:
    id, version = node.values.get("workflow"), node.values.get("version")
    if not isinstance(id, str) or not id:
        return None
    return id, version if isinstance(version, int) and not isinstance(version, bool) else None
