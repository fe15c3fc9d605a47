"""Order of the nodes of one body: topological order, cycles, ancestors and descendants. All iterative, all linear (+ a heap)."""

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

from comfytavern.graph.document import Body

Links = dict[str, list[str]]


def links(body: Body) -> tuple[Links, Links]:
    """Return the successors and the predecessors of each node id, in wire order. Wires with a missing end are left out."""
    after: Links = {node.id: [] for node in body.nodes}
    before: Links = {node.id: [] for node in body.nodes}
    for wire in body.wires:
        if wire.source.node in after and wire.target.node in after:
            after[wire.source.node].append(wire.target.node)
            before[wire.target.node].append(wire.source.node)
    return after, before


def topological(body: Body) -> list[str]:
    """Return the ids so that every wire goes forwards; among equals, document order.

    Nodes on a cycle, or behind one, come last in document order: `cycles` says whether there are any.
    """
    after, before = links(body)
    position = {id: index for index, id in reversed(list(enumerate(node.id for node in body.nodes)))}
    ids = [node.id for node in body.nodes]
    waiting = {id: len(sources) for id, sources in before.items()}
    ready = [position[id] for id, count in waiting.items() if count == 0]
    heapify(ready)
    order: list[str] = []
    while ready:
        id = ids[heappop(ready)]
        order.append(id)
        for target in after[id]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heappush(ready, position[target])
    return order + [id for id in before if waiting[id] > 0]


def cycles(body: Body) -> list[list[str]]:
    """Return one shortest cycle of each knot of nodes that feed each other, in document order; each starts with its first node."""
    return cycles_of(links(body)[0])


def cycles_of(after: Mapping[str, list[str]]) -> list[list[str]]:
    """Return the same for any mapping from a name to its successors (which must all be keys)."""
    rank = {id: index for index, id in enumerate(after)}
    knots = sorted((sorted(knot, key=rank.__getitem__) for knot in _knots(after)), key=lambda knot: rank[knot[0]])
    return [_shortest_cycle(knot, after) for knot in knots if len(knot) > 1 or knot[0] in after[knot[0]]]


def _knots(after: Mapping[str, list[str]]) -> list[list[str]]:
    """Return the strongly connected components (Tarjan 1972, with an explicit stack)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: dict[str, None] = {}
    knots: list[list[str]] = []
    for root in after:
        work = [] if root in index else [(root, iter(after[root]))]
        while work:
            id, targets = work[-1]
            if id not in index:
                index[id] = low[id] = len(index)
                open_[id] = None
            descend = next((target for target in targets if target not in index or _lower(low, id, target, index, open_)), None)
            if descend is not None:
                work.append((descend, iter(after[descend])))
                continue
            work.pop()
            if work:
                parent = work[-1][0]
                low[parent] = min(low[parent], low[id])
            if low[id] == index[id]:
                knots.append(_close(open_, id))
    return knots


def _lower(low: dict[str, int], id: str, target: str, index: dict[str, int], open_: dict[str, None]) -> bool:
    """Note a wire back to an open node; always false, so that the search goes on."""
    if target in open_:
        low[id] = min(low[id], index[target])
    return False


def _close(open_: dict[str, None], until: str) -> list[str]:
    knot: list[str] = []
    while not knot or knot[-1] != until:
        knot.append(open_.popitem()[0])
    return knot


def _shortest_cycle(knot: list[str], after: Mapping[str, list[str]]) -> list[str]:
    """Return a shortest cycle through the first node of `knot` (breadth first)."""
    start, inside = knot[0], set(knot)
    came_from: dict[str, str] = {}
    level = [start]
    while level:
        following: list[str] = []
        for id in level:
            for target in after[id]:
                if target == start:
                    return _trace(came_from, id, start)
                if target in inside and target not in came_from:
                    came_from[target] = id
                    following.append(target)
        level = following
    raise AssertionError(start)


def _trace(came_from: dict[str, str], last: str, start: str) -> list[str]:
    path = [last]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def ancestors(body: Body, ids: Iterable[str]) -> set[str]:
    """Return `ids` (those that exist) and everything they depend on."""
    return _reached(links(body)[1], ids)


def descendants(body: Body, ids: Iterable[str]) -> set[str]:
    """Return `ids` (those that exist) and everything that depends on them."""
    return _reached(links(body)[0], ids)


def _reached(steps: Links, ids: Iterable[str]) -> set[str]:
    found = {id for id in ids if id in steps}
    pending = list(found)
    while pending:
        for id in steps[pending.pop()]:
            if id not in found:
                found.add(id)
                pending.append(id)
    return found
