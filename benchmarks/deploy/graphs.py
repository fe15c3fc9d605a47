"""The workflows that the load runs."""

import json
from typing import Any

Graph = dict[str, Any]


def _document(nodes: list[dict[str, Any]], wires: list[tuple[str, str, str, str]], output: str) -> Graph:
    return {
        "format": "comfytavern.graph",
        "version": 1,
        "nodes": [{"id": "out", "kind": "graph.output"}, *nodes],
        "wires": [
            {"id": f"w{at}", "source": [source, port], "target": [target, to]} for at, (source, port, target, to) in enumerate(wires)
        ],
        "interface": {"inputs": [], "outputs": [{"id": output, "type": "any"}]},
    }


def nap(seconds: float) -> Graph:
    """Return a graph that takes so long, and says `awake`."""
    node = {"id": "nap", "kind": "flow.delay", "values": {"seconds": seconds, "value": "awake"}}
    return _document([node], [("nap", "value", "out", "said")], "said")


def ticker(ticks: int, seconds: float) -> Graph:
    """Return a graph whose nodes wait one after the other: some events every so many seconds."""
    nodes: list[dict[str, Any]] = [{"id": f"t{at}", "kind": "flow.delay", "values": {"seconds": seconds}} for at in range(ticks)]
    nodes[0]["values"]["value"] = "tick"
    wires = [(f"t{at}", "value", f"t{at + 1}", "value") for at in range(ticks - 1)]
    return _document(nodes, [*wires, (f"t{ticks - 1}", "value", "out", "last")], "last")


def padded(size_bytes: int) -> bytes:
    """Return the body of a request to validate a graph, exactly so large."""
    whole = json.dumps({"graph": nap(1.0)}).encode()
    return b" " * (size_bytes - len(whole)) + whole
