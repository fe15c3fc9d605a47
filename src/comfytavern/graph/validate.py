"""Whether a graph can run: every problem at once, never an exception."""

from collections.abc import Iterator

from comfytavern.graph.bodies import Resolve, own_bodies, remembering
from comfytavern.graph.checks.control import check_control
from comfytavern.graph.checks.groups import check_groups
from comfytavern.graph.checks.ids import check_frames, check_ids, check_interface
from comfytavern.graph.checks.nodes import check_nodes
from comfytavern.graph.checks.scope import Scope
from comfytavern.graph.checks.wires import check_wires
from comfytavern.graph.document import NODES_MAX, Graph
from comfytavern.graph.kinds import Kinds
from comfytavern.graph.problems import problem
from comfytavern.kernel.errors import Problem

_CHECKS = (check_ids, check_interface, check_frames, check_nodes, check_control, check_wires)


def validate(graph: Graph, kinds: Kinds, resolve: Resolve | None = None) -> list[Problem]:
    """Return everything that is wrong with a graph, in document order: the document, its groups, then the library workflows it uses.

    Codes and sentences are those of problems.py. Problems of level `error` keep it from running, none keeps it from being saved.
    `place["graph"]` is empty for the document itself, a group's id, `workflow:ID@VERSION` or `workflow:ID@VERSION/GROUP`.
    Without `resolve`, library workflows are taken on trust.
    """
    remembered = remembering(resolve) if resolve is not None else None
    scopes: dict[str, Scope] = {}
    documents: dict[str, Graph] = {"": graph}
    while documents:
        key = next(iter(documents))
        for scope in _scopes(key, documents.pop(key), kinds, remembered):
            if scope.key not in scopes:
                scopes[scope.key] = scope
                documents |= _libraries(scope, scopes)
    problems = [found for scope in scopes.values() for check in _CHECKS for found in check(scope)]
    return [*_check_size(graph), *problems, *check_groups(scopes)]


def runs(problems: list[Problem]) -> bool:
    """Return whether a graph with these problems can run: warnings alone do not keep it from it."""
    return all(one.level != "error" for one in problems)


def _scopes(key: str, graph: Graph, kinds: Kinds, resolve: Resolve | None) -> Iterator[Scope]:
    for group, body in own_bodies(graph):
        yield Scope(key, group, body, graph, kinds, resolve)


def _libraries(scope: Scope, known: dict[str, Scope]) -> dict[str, Graph]:
    found = (scope.used(node) for node in scope.body.nodes if "workflow" in node.values)
    return {used.key: used.graph for used in found if used is not None and used.is_library and used.key not in known}


def _check_size(graph: Graph) -> Iterator[Problem]:
    count = sum(len(body.nodes) for _, body in own_bodies(graph))
    if count > NODES_MAX:
        yield problem("graph.too_many_nodes", count=count, limit=NODES_MAX)
