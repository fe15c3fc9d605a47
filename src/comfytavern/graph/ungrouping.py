"""A group unfolds in place: what stands in it stands around it again, wired as before."""

from typing import Any

from msgspec.structs import replace

from comfytavern.graph.bodies import Resolve, Used, group_id, own_bodies, used_body
from comfytavern.graph.clip import Clip, copy, fresh, paste
from comfytavern.graph.document import Body, End, Graph, Node, Wire
from comfytavern.graph.edit import AddWire, Batch, Edit, RemoveGroup, RemoveNodes, SetNode, SetValue
from comfytavern.graph.kinds import Control, Kinds
from comfytavern.graph.problems import sentence
from comfytavern.kernel.errors import Invalid


def ungroup(graph: Graph, node_id: str, kinds: Kinds, *, body: str = "", resolve: Resolve | None = None) -> Edit:
    """Return the edit that replaces a group node of a body by what its group holds. The group goes when nothing else uses it.

    Raises `Invalid`: `graph.edit_no_group` when it is no group or its group is not there, `graph.edit_not_plain` when it is muted,
    bypassed, pinned, mapped over or has a policy, which its parts could not take over.
    """
    own: Body = graph if not body else next(one for one in graph.groups if one.id == body)
    node = next((one for one in own.nodes if one.id == node_id), None)
    kind = kinds.get(node.kind) if node else None
    used = used_body(node, graph, resolve) if node and kind and kind.control is Control.GROUP else None
    if node is None or used is None:
        raise Invalid("graph.edit_no_group", sentence("graph.edit_no_group", id=node_id), id=node_id)
    _refuse_special(node, own)
    return _Unfolding(graph, own, body, node, used, kinds).edit()


class _Unfolding:
    """One group node on its way to becoming its parts."""

    def __init__(self, graph: Graph, own: Body, key: str, node: Node, used: Used, kinds: Kinds) -> None:
        self._graph = graph
        self._own = own
        self._key = key
        self._node = node
        self._inner = used.body
        controls = {one.id: kind.control for one in used.body.nodes if (kind := kinds.get(one.kind))}
        self._inputs = {id for id, control in controls.items() if control is Control.INPUT}
        self._outputs = {id for id, control in controls.items() if control is Control.OUTPUT}
        inside = [one.id for one in used.body.nodes if one.id not in self._inputs | self._outputs]
        self._clip = copy(used.graph, used.body, [*inside, *(frame.id for frame in used.body.frames)])
        self._ids = fresh(inside, (one.id for one in own.nodes))
        self._wire_ids = {wire.id for wire in own.wires if node.id not in (wire.source.node, wire.target.node)}

    def edit(self) -> Edit:
        """Return everything to do, parts first, so that no wire dangles in between."""
        return Batch(
            edits=[*self._parts(), RemoveNodes(body=self._key, ids=[self._node.id]), *self._wires(), *self._values(), *self._rest()]
        )

    def _parts(self) -> list[Edit]:
        """Paste the nodes and frames; wires are drawn afterwards, all in their old order."""
        borders = self._inputs | self._outputs
        nodes = [one for one in self._clip.nodes if one.id not in borders]
        dx, dy = _offset(nodes, self._node)
        clip = Clip(nodes=nodes, frames=self._clip.frames, groups=self._clip.groups)
        pasted: list[Edit] = [paste(self._graph, clip, body=self._key, dx=dx, dy=dy)]
        if self._node.frame is None:
            return pasted
        framed = [
            SetNode(body=self._key, node=self._ids[one.id], members={"frame": self._node.frame}) for one in nodes if one.frame is None
        ]
        return [*pasted, *framed]

    def _wires(self) -> list[Edit]:
        """Draw the inner wires, then what left the group where it stood among the wires that stay: order matters to a many-input."""
        inner = [wire for wire in self._inner.wires if wire.target.node not in self._outputs]
        edits = [self._draw(one) for wire in inner for one in self._outside(wire, self._target(wire.target))]
        place = 0
        for wire in self._own.wires:
            if wire.source.node == self._node.id:
                leaving = self._leaving(wire)
                edits += [self._draw(one, place + index) for index, one in enumerate(leaving)]
                place += len(leaving)
            elif wire.target.node != self._node.id:
                place += 1
        return [*edits, *self._after()]

    def _leaving(self, wire: Wire) -> list[Wire]:
        """Return a wire from the group as it is drawn from what feeds that output inside."""
        feeding = [one for one in self._inner.wires if one.target.node in self._outputs and one.target.port == wire.source.port]
        ends = [end for one in feeding for end in self._outside(one, wire.target)]
        return [replace(end, id=wire.id, each=wire.each or end.each) for end in ends]

    def _outside(self, wire: Wire, target: End) -> list[Wire]:
        """Return an inner wire as it is drawn outside: from a part, or from every wire into the group's input it came from."""
        if wire.source.node not in self._inputs:
            return [replace(wire, source=self._target(wire.source), target=target)]
        entering = [outer for outer in self._own.wires if outer.target == End(self._node.id, wire.source.port)]
        return [replace(outer, target=target, each=wire.each) for outer in entering]

    def _target(self, end: End) -> End:
        return End(self._ids.get(end.node, end.node), end.port)

    def _after(self) -> list[Edit]:
        """What the group waited for, each part without a predecessor waits for."""
        waits = [wire for wire in self._own.wires if wire.target == End(self._node.id, "after")]
        led = {wire.target.node for wire in self._inner.wires if wire.source.node not in self._inputs}
        roots = [id for id in self._ids if id not in led]
        return [self._draw(replace(wire, target=End(self._ids[root], "after"))) for wire in waits for root in roots]

    def _draw(self, wire: Wire, index: int | None = None) -> Edit:
        id = fresh([wire.id], self._wire_ids)[wire.id]
        self._wire_ids.add(id)
        return AddWire(body=self._key, wire=replace(wire, id=id), many=True, index=index)

    def _values(self) -> list[Edit]:
        """Type the values that the group's inputs had, or their defaults, into what they went to."""
        wired = {wire.target.port for wire in self._own.wires if wire.target.node == self._node.id}
        defaults = {port.id: port.default for port in self._inner.interface.inputs}
        edits: list[Edit] = []
        for wire in self._inner.wires:
            port = wire.source.port
            value: Any = self._node.values.get(port, defaults.get(port))
            if wire.source.node not in self._inputs or port in wired or value is None:
                continue
            if wire.target.node in self._outputs:
                outer = [one.target for one in self._own.wires if one.source == End(self._node.id, wire.target.port)]
                edits += [SetValue(body=self._key, node=end.node, port=end.port, value=value) for end in outer]
            elif wire.target.node in self._ids:
                edits.append(SetValue(body=self._key, node=self._ids[wire.target.node], port=wire.target.port, value=value))
        return edits

    def _rest(self) -> list[Edit]:
        """Drop a local group that nobody uses any more."""
        group = group_id(self._node)
        users = [node for _, body in own_bodies(self._graph) for node in body.nodes if group_id(node) == group]
        return [RemoveGroup(group=group)] if group is not None and users == [self._node] else []


def _refuse_special(node: Node, own: Body) -> None:
    mapped = any(wire.each and wire.target.node == node.id for wire in own.wires)
    special = {
        "a mode": node.mode != "normal",
        "pins": bool(node.pins),
        "a policy": bool(node.policy.retries or node.policy.timeout_s) or node.policy.on_error != "fail",
        "a list to map over": mapped,
    }
    what = next((name for name, is_so in special.items() if is_so), None)
    if what is not None:
        raise Invalid("graph.edit_not_plain", sentence("graph.edit_not_plain", id=node.id, what=what), id=node.id, what=what)


def _offset(nodes: list[Node], group: Node) -> tuple[float, float]:
    """Return how far to move the parts so that their middle comes to where the group stood."""
    here = _place_of(group)
    places = [place for node in nodes if (place := _place_of(node)) is not None]
    if here is None or not places:
        return 0, 0
    return here[0] - sum(x for x, _ in places) / len(places), here[1] - sum(y for _, y in places) / len(places)


def _place_of(node: Node) -> tuple[float, float] | None:
    x, y = node.look.get("x"), node.look.get("y")
    return (x, y) if isinstance(x, int | float) and isinstance(y, int | float) else None
