"""A selection becomes a group: outer wires are kept, and the ports at the border are inferred from them."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from comfytavern.graph.bodies import Resolve
from comfytavern.graph.clip import copy, fresh
from comfytavern.graph.control_ports import SETTINGS
from comfytavern.graph.document import Body, End, Frame, Graph, Group, Interface, Node, Wire
from comfytavern.graph.edit import AddGroup, AddNode, Batch, Edit, RemoveFrames, RemoveNodes, RemoveWires, SetWire
from comfytavern.graph.kinds import Control, Kinds, Port
from comfytavern.graph.order import ancestors, descendants
from comfytavern.graph.ports import NO_PORTS, Ports, all_ports
from comfytavern.graph.problems import sentence
from comfytavern.graph.types import Type
from comfytavern.kernel.errors import Invalid

_BESIDE = 260
"""How far the group's own input and output nodes stand from the rest."""
_RESERVED = ("after", "error", *SETTINGS[Control.GROUP])


def group_selection(
    graph: Graph,
    ids: Iterable[str],
    kinds: Kinds,
    *,
    body: str = "",
    group: str = "group",
    name: str = "",
    resolve: Resolve | None = None,
) -> tuple[Edit, Node]:
    """Return the edit that turns nodes (and frames) of a body into a new local group, and the node that will stand for it.

    `group` is the wished id of the group and of its node. The graph's own inputs and outputs stay outside. Raises `Invalid`:
    `graph.edit_nothing`, or `graph.edit_circle` when a wire leaves the selection and comes back into it.
    """
    own: Body = graph if not body else next(one for one in graph.groups if one.id == body)
    borders = {node.id for node in own.nodes if (kind := kinds.get(node.kind)) and kind.control in (Control.INPUT, Control.OUTPUT)}
    clip = copy(graph, own, set(ids) - borders)
    nodes = [node for node in clip.nodes if node.id not in borders]
    inside = {node.id for node in nodes}
    if not inside:
        raise Invalid("graph.edit_nothing", sentence("graph.edit_nothing"))
    _refuse_circle(own, inside)
    id = fresh([group], [*(one.id for one in graph.groups), *(node.id for node in own.nodes)])[group]
    border = _Border(own, inside, all_ports(own, graph, kinds, resolve))
    inner = Group(
        id=id,
        name=name,
        nodes=[border.input_node(nodes), *nodes, border.output_node(nodes)],
        wires=border.inner_wires,
        frames=clip.frames,
        interface=Interface(inputs=list(border.inputs.values()), outputs=list(border.outputs.values())),
    )
    frame = _common_frame(own, inside, clip.frames)
    node = Node(id=id, kind="flow.group", values={"group": id}, name=name, frame=frame, look=_centre(nodes))
    place = next(index for index, one in enumerate(own.nodes) if one.id in inside)
    return Batch(edits=[AddGroup(group=inner), AddNode(body=body, node=node, index=place), *border.edits(body, id, clip.frames)]), node


class _Border:
    """The wires that cross the border of a selection, and the ports they make."""

    def __init__(self, body: Body, inside: set[str], ports: dict[str, Ports]) -> None:
        self._ports = ports
        self._inside = inside
        self.inputs: dict[End, Port] = {}
        """By the outer output that feeds it."""
        self.outputs: dict[End, Port] = {}
        """By the inner output that feeds it."""
        self.inner_wires: list[Wire] = []
        self._doubled: list[str] = []
        """Outer wires that are not needed any more: their source enters the group once."""
        self._kept: dict[str, tuple[str, str]] = {}
        self._input_id, self._output_id = fresh(["in"], inside)["in"], fresh(["out"], inside)["out"]
        for wire in body.wires:
            match wire.source.node in inside, wire.target.node in inside:
                case True, True:
                    self.inner_wires.append(wire)
                case False, True:
                    self._enter(wire)
                case True, False:
                    self._leave(wire)
                case _:
                    pass

    def input_node(self, nodes: list[Node]) -> Node:
        """Return the group's own input node, left of everything."""
        return Node(id=self._input_id, kind="graph.input", look=_beside(nodes, min, -_BESIDE))

    def output_node(self, nodes: list[Node]) -> Node:
        """Return the group's own output node, right of everything."""
        return Node(id=self._output_id, kind="graph.output", look=_beside(nodes, max, _BESIDE))

    def edits(self, body: str, group: str, frames: list[Frame]) -> list[Edit]:
        """Return what is left to do outside once the group node `group` is there."""
        edits: list[Edit] = []
        for wire, (side, port) in self._kept.items():
            mapped_inside = {"each": False} if side == "target" else {}
            edits.append(SetWire(body=body, wire=wire, members={side: [group, port], **mapped_inside}))
        if self._doubled:
            edits.append(RemoveWires(body=body, ids=self._doubled))
        edits.append(RemoveNodes(body=body, ids=sorted(self._inside)))
        if frames:
            edits.append(RemoveFrames(body=body, ids=[frame.id for frame in frames]))
        return edits

    def _enter(self, wire: Wire) -> None:
        port = self.inputs.get(wire.source)
        if port is None:
            port = self.inputs[wire.source] = self._input_port(wire)
            self._kept[wire.id] = ("target", port.id)
        else:
            self._doubled.append(wire.id)
        self.inner_wires.append(replace(wire, source=End(self._input_id, port.id)))

    def _leave(self, wire: Wire) -> None:
        port = self.outputs.get(wire.source)
        if port is None:
            port = self.outputs[wire.source] = self._output_port(wire.source)
            self.inner_wires.append(Wire(id=wire.id, source=wire.source, target=End(self._output_id, port.id)))
        self._kept[wire.id] = ("source", port.id)

    def _input_port(self, wire: Wire) -> Port:
        target = _find(self._ports.get(wire.target.node, NO_PORTS).inputs, wire.target)
        source = _find(self._ports.get(wire.source.node, NO_PORTS).outputs, wire.source)
        typed = target if source.type is Type.ANY and not wire.each else source
        id = self._free(wire.target.port, self.inputs)
        title = target.title or target.id
        required = target.required and not target.many
        return Port(id=id, type=typed.type, title=title, tags=typed.tags, stream=source.stream, required=required)

    def _output_port(self, source: End) -> Port:
        port = _find(self._ports.get(source.node, NO_PORTS).outputs, source)
        id = self._free(source.port, self.outputs)
        return Port(id=id, type=port.type, title=port.title or port.id, tags=port.tags, stream=port.stream)

    @staticmethod
    def _free(id: str, ports: dict[End, Port]) -> str:
        return fresh([id], [*_RESERVED, *(port.id for port in ports.values())])[id]


def _find(ports: list[Port], end: End) -> Port:
    return next((port for port in ports if port.id == end.port), Port(id=end.port, type=Type.ANY))


def _refuse_circle(body: Body, inside: set[str]) -> None:
    between = (descendants(body, inside) & ancestors(body, inside)) - inside
    if between:
        id = next(node.id for node in body.nodes if node.id in between)
        raise Invalid("graph.edit_circle", sentence("graph.edit_circle", id=id), hint="Select it too.", id=id)


def _common_frame(body: Body, inside: set[str], frames: list[Frame]) -> str | None:
    """Return the frame in which all selected nodes stand, if it stays outside."""
    found = {node.frame for node in body.nodes if node.id in inside}
    gone = {frame.id for frame in frames}
    return next(iter(found)) if len(found) == 1 and not found & gone else None


def _places(nodes: list[Node]) -> list[tuple[float, float]]:
    places = [(node.look.get("x"), node.look.get("y")) for node in nodes]
    return [(x, y) for x, y in places if isinstance(x, int | float) and isinstance(y, int | float)]


def _centre(nodes: list[Node]) -> dict[str, Any]:
    places = _places(nodes)
    return {"x": sum(x for x, _ in places) / len(places), "y": sum(y for _, y in places) / len(places)} if places else {}


def _beside(nodes: list[Node], edge: Any, distance: int) -> dict[str, Any]:
    places = _places(nodes)
    return {"x": edge(x for x, _ in places) + distance, "y": min(y for _, y in places)} if places else {}
