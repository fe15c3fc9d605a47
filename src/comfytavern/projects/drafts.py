"""From what a client sends to bytes that are kept: strict about shape, tolerant about meaning."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec

from comfytavern.graph import codec
from comfytavern.graph.document import Body, Graph
from comfytavern.projects.project import Draft

GraphSource = dict[str, Any] | bytes | Graph


async def draft_of(source: GraphSource | None, *, author: str, created_at: datetime, note: str = "") -> Draft:
    """Return what to keep of a graph (None: an empty one). Raises `Invalid` or `TooLarge` with every problem (codec.decode)."""
    graph, body = await asyncio.to_thread(canonical, source if source is not None else Graph())
    return Draft(graph=msgspec.Raw(body), node_count=node_count(graph), created_at=created_at, author=author, note=note)


def canonical(source: GraphSource) -> tuple[Graph, bytes]:
    """Return a graph and its canonical bytes."""
    graph = source if isinstance(source, Graph) else codec.decode(source)
    return graph, codec.encode(graph)


def node_count(graph: Graph) -> int:
    """Count the nodes of a graph and of its local groups."""
    bodies: list[Body] = [graph, *graph.groups]
    return sum(len(body.nodes) for body in bodies)
