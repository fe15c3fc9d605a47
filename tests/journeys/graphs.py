"""Small graphs for journeys."""

from typing import Any

Graph = dict[str, Any]


def graph(
    nodes: list[tuple[str, str, dict[str, Any]]], wires: list[str], *, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
) -> Graph:
    """Return a document. A wire is written `a.out > b.in`; `in` and `out` are the nodes of the interface."""
    edges = [("graph.input", "in")] * bool(inputs) + [("graph.output", "out")] * bool(outputs)
    return {
        "format": "comfytavern.graph",
        "version": 1,
        "nodes": [{"id": id, "kind": kind} for kind, id in edges]
        + [{"id": id, "kind": kind, "values": values} for id, kind, values in nodes],
        "wires": [
            {"id": f"w{at}", "source": source.split("."), "target": target.split(".")}
            for at, (source, target) in enumerate(wire.split(" > ") for wire in wires)
        ],
        "interface": {"inputs": [{"id": id, "type": "any"} for id in inputs], "outputs": [{"id": id, "type": "any"} for id in outputs]},
    }


def loud() -> Graph:
    """Return a graph that says its input loudly: `text` in, `loud` out."""
    wires = ["in.text > up.text", "up.text > out.loud"]
    return graph([("up", "text.case", {"case": "upper"})], wires, inputs=("text",), outputs=("loud",))


def talk(model: str = "demo/demo") -> Graph:
    """Return a chat: `question` in, `answer` out."""
    return graph(
        [("chat", "llm.chat", {"model": model})],
        ["in.question > chat.prompt", "chat.text > out.answer"],
        inputs=("question",),
        outputs=("answer",),
    )


def slow(seconds: float) -> Graph:
    """Return a graph that takes so long."""
    return graph([("nap", "flow.delay", {"seconds": seconds, "value": "awake"})], ["nap.value > out.said"], outputs=("said",))


def approval() -> Graph:
    """Return a graph that waits for a yes or no."""
    return graph(
        [("ask", "flow.approve", {"title": "Shall I?", "shown": "A letter"})], ["ask.approved > out.approved"], outputs=("approved",)
    )
