"""A small catalogue, and the short way to write a graph."""

from typing import Any

from comfytavern.graph.codec import decode
from comfytavern.graph.document import Graph
from comfytavern.graph.kinds import Control, Kind, Port
from comfytavern.graph.types import Type


def port(id: str, type: str = "string", **more: Any) -> Port:
    """Declare a port."""
    return Port(id=id, type=Type(type), **more)


def kind(id: str, inputs: list[Port] | None = None, outputs: list[Port] | None = None, **more: Any) -> Kind:
    """Declare a kind."""
    return Kind(id=id, title=id, description=id, inputs=inputs or [], outputs=outputs or [], **more)


CATALOGUE = [
    kind("text.upper", [port("text", required=True)], [port("text")], version=2),
    kind("text.join", [port("texts", many=True), port("between", default=", ")], [port("text")]),
    kind("text.split", [port("text", required=True)], [port("list", "array")]),
    kind("text.words", [port("text", required=True)], [port("word", stream=True)]),
    kind("text.speak", [port("text", stream=True)], [port("sound", "audio")]),
    kind("text.template", [port("template", default="")], [port("text")], dynamic_inputs="variables"),
    kind("numbers.constant", [port("value", "integer", default=0)], [port("value", "integer")]),
    kind("numbers.half", [port("x", "float", required=True)], [port("y", "float"), port("odd", "boolean")]),
    kind(
        "numbers.math",
        [port("mode", default="add"), port("a", "float"), port("b", "float"), port("digits", "integer")],
        [port("result", "float")],
        modes={"add": ["a", "b"], "round": ["a", "digits"]},
    ),
    kind("flow.reroute", [port("in", "any", convertible=True)], [port("out", "any", convertible=True)]),
    kind("flow.switch", [port("value", "any")], [port("default", "any")], dynamic_outputs="cases"),
    kind("flow.catch", [port("error", "object", accepts_error=True)], [port("text")]),
    kind("graph.input", control=Control.INPUT),
    kind("graph.output", control=Control.OUTPUT),
    kind("graph.note", [port("text")], control=Control.NOTE),
    kind("flow.group", control=Control.GROUP),
    kind("flow.map", control=Control.MAP),
    kind("flow.loop", control=Control.LOOP),
    kind("text.old", [port("text")], [port("text")], deprecated="use text.upper."),
]
KINDS = {one.id: one for one in CATALOGUE}


def node(id: str, kind: str, values: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Write a node."""
    return {"id": id, "kind": kind, **({"kind_version": 2} if kind == "text.upper" else {}), "values": values or {}, **more}


def wire(text: str, **more: Any) -> dict[str, Any]:
    """Write a wire as `a.out > b.in`; its id is that text."""
    source, target = (end.strip().split(".", 1) for end in text.split(">"))
    return {"id": text.replace(" ", ""), "source": source, "target": target, **more}


def body(nodes: list[dict[str, Any]], *wires: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    """Write a body; `inputs` and `outputs` of its interface as `{id: type}`."""
    interface = {side: [{"id": id, "type": type} for id, type in more.pop(side, {}).items()] for side in ("inputs", "outputs")}
    return {"nodes": nodes, "wires": [wire(one) if isinstance(one, str) else one for one in wires], "interface": interface, **more}


def graph(nodes: list[dict[str, Any]], *wires: str | dict[str, Any], **more: Any) -> Graph:
    """Read a graph that was written by `body`."""
    return decode(body(nodes, *wires, **more))
