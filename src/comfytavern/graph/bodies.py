"""Which body a node uses (group, map, loop), and the bodies of a document."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from comfytavern.graph.document import Body, Graph, Node
from comfytavern.graph.kinds import Control
from comfytavern.kernel.errors import Failure

Resolve = Callable[[str, int | None], Graph]
"""From a workflow id and a version (None: the newest) to its graph. Raises `Failure` when there is none."""

Lookup = Callable[[Node], "Used | None"]
"""From a group, map or loop node of one document to the body that its values name; None when they name none that exists."""

USES_A_BODY = (Control.GROUP, Control.MAP, Control.LOOP)
GROUP_USERS = frozenset({"flow.group", "flow.map", "flow.loop"})
"""The kinds of those controls, for where no catalogue is at hand."""


class Used(NamedTuple):
    """A body in use."""

    key: str
    """The group's id, or `workflow:ID@VERSION`: unique within one document."""
    body: Body
    graph: Graph
    """The document whose local groups the nodes of `body` mean."""

    @property
    def is_library(self) -> bool:
        """Whether the body is a whole other document."""
        return self.body is self.graph


def lookup(graph: Graph, resolve: Resolve | None = None) -> Lookup:
    """Return the lookup for the nodes of the document `graph`, its groups' nodes included."""
    groups = {group.id: group for group in reversed(graph.groups)}

    def used(node: Node) -> Used | None:
        group_id = node.values.get("group")
        if isinstance(group_id, str) and group_id:
            group = groups.get(group_id)
            return Used(group_id, group, graph) if group is not None else None
        workflow, version = node.values.get("workflow"), node.values.get("version")
        if resolve is None or not isinstance(workflow, str) or not workflow:
            return None
        number = version if isinstance(version, int) and not isinstance(version, bool) else None
        try:
            library = resolve(workflow, number)
        except Failure:
            return None
        return Used(f"workflow:{workflow}@{'newest' if number is None else number}", library, library)

    return used


def remembering(resolve: Resolve) -> Resolve:
    """Return the same function, asking for each workflow and version once, also when there is none."""
    known: dict[tuple[str, int | None], Graph | Failure] = {}

    def remembered(workflow: str, version: int | None) -> Graph:
        key = (workflow, version)
        if key not in known:
            try:
                known[key] = resolve(workflow, version)
            except Failure as failure:
                known[key] = failure
        found = known[key]
        if isinstance(found, Failure):
            raise found
        return found

    return remembered


def used_body(node: Node, graph: Graph, resolve: Resolve | None = None) -> Used | None:
    """Return the body that a group, map or loop node of `graph` uses, or None. For many nodes, keep a `lookup`."""
    return lookup(graph, resolve)(node)


def group_id(node: Node) -> str | None:
    """Return the id of the local group that a node names (there may be none of that id), without asking a catalogue."""
    id = node.values.get("group")
    return id if isinstance(id, str) and id and node.kind in GROUP_USERS else None


def own_bodies(graph: Graph) -> Iterator[tuple[str, Body]]:
    """Yield the document itself with the key `""`, then every local group with its id."""
    yield "", graph
    for group in graph.groups:
        yield group.id, group
