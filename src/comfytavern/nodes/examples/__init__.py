"""Workflows to open and run at once, each a JSON file beside this one; every one runs on the demo model."""

from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

ORDER: Final = ("chat", "branch", "map", "refine", "sentences", "approval")
"""As the start page shows them."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An example workflow."""

    id: str
    title: str
    description: str
    icon: str
    """A lucide name."""
    words: dict[str, dict[str, Any]]
    """By language: `title`, `description`, `ports` (of interfaces, by id) and `texts` (of nodes, frames and groups, by id)."""
    graph: dict[str, Any]
    """The document, in English."""

    @property
    def nodes(self) -> int:
        """How many nodes there are, those in groups included, notes not."""
        bodies = [self.graph, *self.graph.get("groups", [])]
        return sum(node["kind"] != "graph.note" for body in bodies for node in body["nodes"])


@cache
def load() -> list[Example]:
    """Return all examples in the order of the start page."""
    files = resources.files(__name__)
    return [msgspec.json.decode((files / f"{id}.json").read_bytes(), type=Example) for id in ORDER]


def graph_in(example: Example, language: str) -> dict[str, Any]:
    """Return the document with its names, notes, prompts and port titles in a language; in English when there is no translation."""
    graph: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(example.graph))
    words = example.words.get(language, {})
    texts, ports = words.get("texts", {}), words.get("ports", {})
    for body in (graph, *graph.get("groups", [])):
        for one in (*body["nodes"], *body["frames"], body):
            told = texts.get(one.get("id"), {})
            if "name" in told:
                one["name"] = told["name"]
            one.get("values", {}).update(told.get("values", {}))
        for port in (*body["interface"].get("inputs", []), *body["interface"].get("outputs", [])):
            if port["id"] in ports:
                port["title"], port["description"] = ports[port["id"]]
        for port in body["interface"].get("inputs", []):
            port.update({key: value for key, value in texts.get(port["id"], {}).items() if key == "default"})
    return graph
