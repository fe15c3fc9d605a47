"""A runner with the whole catalogue and every service on fakes: the demo model, files in memory, real sandbox and guard."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from comfytavern.engine.cache import Cache
from comfytavern.engine.runner import Result, Run, Runner
from comfytavern.files.library import Library
from comfytavern.graph.codec import decode
from comfytavern.graph.document import Graph
from comfytavern.kernel.secret import Secret
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.providers.demo import Demo
from comfytavern.llm.vault import Vault
from comfytavern.nodes.http.guard import Fetcher
from comfytavern.nodes.numbers.counters import Counters, MemoryCounters
from comfytavern.nodes.registry import Catalogue
from comfytavern.nodes.sandbox.pool import Sandbox
from comfytavern.testing.files import MemoryDisk
from comfytavern.testing.llm import MemoryChannels

OWNER = "usr_bench"


@dataclass
class Workbench:
    """What a test needs to run graphs as the product does."""

    catalogue: Catalogue
    runner: Runner
    library: Library

    def start(self, graph: Graph | dict[str, Any], inputs: dict[str, Any] | None = None, **more: Any) -> Run:
        """Start a graph, given as a document or as its JSON."""
        document = graph if isinstance(graph, Graph) else decode(graph)
        return self.runner.start(self.runner.compile(document), inputs or {}, owner=OWNER, **more)

    async def run(self, graph: Graph | dict[str, Any], inputs: dict[str, Any] | None = None, **more: Any) -> Result:
        """Start a graph and wait for its end."""
        return await self.start(graph, inputs, **more).result()


@asynccontextmanager
async def workbench(*, delay_s: float = 0.0, cache: Cache | None = None) -> AsyncGenerator[Workbench]:
    """Give a workbench whose demo model pauses `delay_s` between two pieces; the sandbox is closed at the end."""
    disk = MemoryDisk()
    library = Library(disk, disk)
    sandbox = Sandbox()
    services: dict[type, object] = {
        Library: library,
        Sandbox: sandbox,
        Fetcher: Fetcher(allow_private=True),
        Gateway: Gateway(MemoryChannels(), Vault(Secret("bench")), {"demo": Demo(delay_s=delay_s)}),
        Counters: MemoryCounters(),
    }
    catalogue = Catalogue.built_in()
    try:
        yield Workbench(catalogue, Runner(catalogue, services=services, cache=cache), library)
    finally:
        await sandbox.aclose()
