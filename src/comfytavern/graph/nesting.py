"""How deep groups stand in groups, and frames in frames."""

from collections.abc import Mapping

from comfytavern.graph.bodies import group_id, own_bodies
from comfytavern.graph.document import Body, Graph


def group_depth(graph: Graph) -> int:
    """Return how many local groups are used inside each other at most; what contains itself is left out (`validate` names it)."""
    inner = {key: {id for node in body.nodes if (id := group_id(node))} for key, body in own_bodies(graph)}
    levels = heights(inner)
    return max(level + (key != "") for key, level in levels.items()) if levels else 0


def frame_depth(graph: Graph) -> int:
    """Return how many frames stand in each other at most; what contains itself is left out."""
    return max(_frame_depth(body) for _, body in own_bodies(graph))


def _frame_depth(body: Body) -> int:
    inner: dict[str, set[str]] = {frame.id: set() for frame in body.frames}
    for frame in body.frames:
        if frame.frame in inner:
            inner[frame.frame].add(frame.id)
    return max((level + 1 for level in heights(inner).values()), default=0)


def heights(inner: Mapping[str, set[str]]) -> dict[str, int]:
    """Return how many levels hang below each name. Names that lead into a circle are left out."""
    above: dict[str, list[str]] = {name: [] for name in inner}
    for name, members in inner.items():
        for member in members & inner.keys():
            above[member].append(name)
    open_ = {name: len(members & inner.keys()) for name, members in inner.items()}
    ready = [name for name, count in open_.items() if count == 0]
    height = dict.fromkeys(ready, 0)
    while ready:
        member = ready.pop()
        for name in above[member]:
            height[name] = max(height.get(name, 0), height[member] + 1)
            open_[name] -= 1
            if open_[name] == 0:
                ready.append(name)
    return {name: level for name, level in height.items() if open_[name] == 0}
