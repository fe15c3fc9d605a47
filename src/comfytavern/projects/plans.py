"""From a stored graph to the plan that the engine runs."""

import asyncio
from collections.abc import Callable

from comfytavern.engine.runner import Plan, Runner
from comfytavern.graph import codec
from comfytavern.graph.document import Graph
from comfytavern.projects.references import Library
from comfytavern.projects.repo import RunRepo
from comfytavern.projects.run import StoredRun, no_run
from comfytavern.projects.service import Projects

__all__ = ["Modern", "Plan", "Plans"]

Modern = Callable[[Graph], Graph]
"""Brings a graph that was saved some time ago to the present versions of its kinds."""


class Plans:
    """Compiles."""

    def __init__(self, projects: Projects, runner: Runner, runs: RunRepo, modern: Modern | None) -> None:
        """Find the workflows that a graph uses in `projects`."""
        self._projects, self._runner, self._runs = projects, runner, runs
        self._modern: Modern = modern or (lambda graph: graph)

    async def compile(self, graph: Graph, library: Library) -> Plan:
        """Return the plan of a graph, and of those it uses, as the present kinds understand them. Raises `Invalid` (`graph.invalid`).

        In a thread: 20,000 nodes take a while, and other people's tokens should not wait for them.
        """
        return await asyncio.to_thread(self._compiled, graph, library)

    async def of(self, stored: StoredRun) -> Plan:
        """Return the plan of a run that is kept."""
        papers = await self._runs.papers(stored.summary.id)
        if papers is None:
            raise no_run(stored.summary.id)
        graph = codec.decode(bytes(papers.graph))
        return await self.compile(graph, await self._projects.library(stored.owner, graph, stored.order.library))

    def _compiled(self, graph: Graph, library: Library) -> Plan:
        return self._runner.compile(self._modern(graph), lambda used, version: self._modern(library.resolve(used, version)))
