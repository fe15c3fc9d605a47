"""Kinds and helpers for engine tests, made with the same kit as the real ones."""

import asyncio
from typing import Any

from comfytavern.engine.implementation import Implementation
from comfytavern.engine.runner import Cache, Runner
from comfytavern.graph.document import End, Graph, Group, Interface, Node, Policy, Wire
from comfytavern.graph.kinds import Control, Kind, Port
from comfytavern.nodes import kit
from comfytavern.nodes.kit import DEAD, Type, Words, inp, out

ZH = Words(title="测试", description="测试")
ANY = Type.ANY


class World:
    """A registry of kinds, and what was called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.found: dict[str, Implementation] = {}
        for id, control in {
            "graph.input": Control.INPUT,
            "graph.output": Control.OUTPUT,
            "flow.group": Control.GROUP,
            "flow.map": Control.MAP,
            "flow.loop": Control.LOOP,
            "graph.note": Control.NOTE,
        }.items():
            self.add(kit.control(id, control, title=id, description=id, zh=ZH))
        race = [inp("values", ANY, many=True, accepts_dead=True, accepts_error=True)]
        self.add(kit.control("flow.race", Control.RACE, title="Race", description="", zh=ZH, inputs=race, outputs=[out("value", ANY)]))
        call = [inp("workflow", Type.STRING), inp("version", Type.INTEGER), inp("inputs", Type.OBJECT)]
        self.add(
            kit.control("flow.call", Control.CALL, title="Call", description="", zh=ZH, inputs=call, outputs=[out("outputs", Type.OBJECT)])
        )

    def add(self, one: Implementation) -> None:
        self.found[one.kind.id] = one

    def get(self, kind_id: str, /) -> Kind | None:
        one = self.found.get(kind_id)
        return one.kind if one else None

    def implementation(self, kind_id: str, /) -> Implementation | None:
        return self.found.get(kind_id)

    def node(
        self, id: str, function: Any, inputs: list[Port] | None = None, outputs: list[Port] | None = None, effect: str = "pure", **more: Any
    ) -> None:
        """Declare a kind; inputs default to one required `any` per parameter, outputs to one `value`."""
        import inspect

        names = [name for name in inspect.signature(function).parameters if name != "ctx"]
        ports = inputs if inputs is not None else [inp(name, ANY, required=True) for name in names]
        outs = outputs if outputs is not None else [out("value", ANY)]
        kit.node(id, title=id, description=id, inputs=ports, outputs=outs, effect=effect, zh=ZH, **more)(function)
        self.add(function.__node__)


class Draw:
    """A graph in a few words: `draw.n("a", "t.add", x=1)`, `draw.w("a.value", "b.x")`."""

    def __init__(self, id: str = "") -> None:
        self.id = id
        self.nodes: list[Node] = []
        self.wires: list[Wire] = []
        self.groups: list[Group] = []
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []

    def n(
        self,
        node: str,
        kind: str,
        policy: Policy | None = None,
        mode: str = "normal",
        pins: dict | None = None,
        look: dict | None = None,
        **values: Any,
    ) -> "Draw":
        self.nodes.append(Node(id=node, kind=kind, values=values, policy=policy or Policy(), mode=mode, pins=pins or {}, look=look or {}))
        return self

    def w(self, source: str, target: str, each: bool = False) -> "Draw":
        a, b = source.split(".", 1), target.split(".", 1)
        self.wires.append(Wire(id=f"w{len(self.wires)}", source=End(*a), target=End(*b), each=each))
        return self

    def takes(self, *ports: Port) -> "Draw":
        self.inputs += ports
        return self

    def gives(self, *ports: str | Port) -> "Draw":
        self.outputs += [out(port, ANY) if isinstance(port, str) else port for port in ports]
        return self

    def group(self) -> Group:
        return Group(id=self.id, nodes=self.nodes, wires=self.wires, interface=Interface(inputs=self.inputs, outputs=self.outputs))

    def graph(self, *groups: "Draw") -> Graph:
        return Graph(
            nodes=self.nodes,
            wires=self.wires,
            groups=[group.group() for group in groups],
            interface=Interface(inputs=self.inputs, outputs=self.outputs),
        )


async def finish(world: World, graph: Graph, inputs: dict | None = None, *, runner: Runner | None = None, **more: Any):
    """Run a graph to its end and return the result and the snapshot."""
    runner = runner or Runner(world)
    run = runner.start(runner.compile(graph), inputs or {}, **more)
    result = await asyncio.wait_for(run.result(), 20)
    return result, run.snapshot()


def states(snapshot: dict) -> dict[str, str]:
    return {path: node["state"] for path, node in snapshot["nodes"].items()}


__all__ = ["ANY", "DEAD", "ZH", "Cache", "Draw", "World", "finish", "inp", "out", "states"]
