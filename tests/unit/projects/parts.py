"""Kinds and servers for tests of runs: a server can be killed and started again on what it has kept."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.engine.cache import Cache
from comfytavern.engine.implementation import Implementation
from comfytavern.engine.runner import Runner
from comfytavern.graph.document import Graph
from comfytavern.graph.kinds import Control
from comfytavern.kernel.clock import SystemClock
from comfytavern.nodes import kit
from comfytavern.nodes.kit import Context, Failure, Type, WaitRequest, Words, inp, out
from comfytavern.nodes.registry import Catalogue
from comfytavern.projects.runs import Runs
from comfytavern.projects.service import Projects
from comfytavern.projects.stage import StageLimits
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.archive import archive
from comfytavern.store.database import Database
from comfytavern.store.projects import SqlProjects, SqlTrash, SqlVersions, SqlWorkflows
from comfytavern.testing.projects import MemoryShelf, memory_projects
from comfytavern.testing.runs import MemoryRunShelf, memory_archive

QUICK = {"look_every_s": 0.02, "beat_s": 0.1, "lease_s": 1.0}
ZH = Words(title="测试", description="测试")


class Troupe:
    """Kinds whose nodes stop where a test wants them to, and the count of their calls."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.doors: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.entered: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def stop_at(self, name: str) -> None:
        self.calls[name] += 1
        self.entered[name].set()
        await self.doors[name].wait()

    def catalogue(self) -> Catalogue:
        any_in, any_out = [inp("value", Type.ANY, default=None)], [out("value", Type.ANY)]
        named = [*any_in, inp("name", Type.STRING, default="")]
        controls = {"graph.input": Control.INPUT, "graph.output": Control.OUTPUT, "flow.group": Control.GROUP}
        found: list[Implementation] = [kit.control(id, control, title=id, description=id, zh=ZH) for id, control in controls.items()]

        def add(id: str, function: Any, inputs: list[Any], outputs: list[Any], effect: str, **more: Any) -> None:
            kit.node(id, title=id, description=id, inputs=inputs, outputs=outputs, effect=effect, zh=ZH, **more)(function)
            found.append(function.__node__)

        def echo(value: Any) -> Any:
            self.calls["echo"] += 1
            return value

        async def stop(value: Any, name: str) -> Any:
            await self.stop_at(name)
            return value if value is not None else name

        async def send(value: Any, name: str) -> Any:
            await self.stop_at(name)
            return f"sent {name}"

        async def talk(ctx: Context, name: str) -> AsyncIterator[str]:
            self.calls[name] += 1
            ctx.usage("demo/demo", input_tokens=2, output_tokens=3)
            yield f"{name} says "
            self.entered[name].set()
            await self.doors[name].wait()
            yield "hello"

        def ask(value: Any, until_s: float) -> WaitRequest:
            return WaitRequest(title="Go on?", schema={"type": "string"}, shown=value, until_s=until_s or None)

        def fail(value: Any) -> Any:
            raise Failure("test.broken", "It is broken.", hint="Mend it.")

        add("t.echo", echo, any_in, any_out, "pure")
        add("t.stop", stop, named, any_out, "nondet")
        add("t.send", send, named, any_out, "effect")
        add("t.talk", talk, named[1:], [out("text", Type.STRING, stream=True)], "nondet")
        add("t.ask", ask, [*any_in, inp("until_s", Type.FLOAT, default=0.0)], any_out, "nondet", waits=True)
        add("t.fail", fail, any_in, any_out, "pure")
        return Catalogue(found)


class Kept:
    """What survives a server: in memory, or in a database."""

    def __init__(self, shelf: MemoryShelf | Database) -> None:
        self.shelf = shelf
        if isinstance(shelf, Database):
            self.archive = archive(shelf)
        else:
            self.runs = MemoryRunShelf()
            self.archive = memory_archive(self.runs)

    def projects(self) -> Projects:
        if isinstance(self.shelf, Database):
            repos = SqlProjects(self.shelf), SqlWorkflows(self.shelf), SqlVersions(self.shelf), SqlTrash(self.shelf)
            return Projects(*repos, clock=SystemClock())
        return memory_projects(clock=SystemClock(), shelf=self.shelf)

    async def begin(self, *owners: str) -> None:
        if isinstance(self.shelf, Database):
            for id in owners:
                user = User(id=id, name=id, role=Role.MEMBER, created_at=0)
                await SqlUsers(self.shelf).add(Credentials(user=user, password_hash=""))

    async def end(self) -> None:
        if isinstance(self.shelf, Database):
            await self.shelf.close()


class Server:
    """One process: its nodes, and the two doors."""

    def __init__(self, kept: Kept, *, modern: Callable[[Graph], Graph] | None = None, **limits: Any) -> None:
        self.kept = kept
        self.troupe = Troupe()
        self.projects: Projects = kept.projects()
        runner = Runner(self.troupe.catalogue(), cache=Cache())
        self.runs = Runs(self.projects, runner, kept.archive, limits=StageLimits(**(QUICK | limits)), modern=modern)

    def kill(self) -> None:
        """End as kill -9 does: nothing that happens from now on is kept. What is kept in memory needs no lease to run out."""
        stage = self.runs._stage
        stage._open, stage._closing = False, True
        if stage.presence._beating is not None:
            stage.presence._beating.cancel()
            stage.presence._beating = None
        if not isinstance(self.kept.shelf, Database):
            self.kept.runs.executors.pop(stage.presence.executor.id, None)
        for live in stage.live.values():
            live.gate.shut = True
        for task in [*stage._tasks, *stage._performing.values()]:
            task.cancel()
        for live in stage.live.values():
            if live.run is not None:
                live.run.cancel()


def graph(*nodes: tuple[str, str, dict[str, Any]], wires: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a graph: nodes as `(id, kind, values)`, wires as `a.port>b.port`, outputs as `a.port`, named by the node."""
    shown = [{"id": f"w{at}", "source": a.split("."), "target": b.split(".")} for at, (a, b) in enumerate(w.split(">") for w in wires)]
    shown += [{"id": f"o{at}", "source": one.split("."), "target": ["out", one.split(".")[0]]} for at, one in enumerate(outputs)]
    made = [{"id": id, "kind": kind, "values": values} for id, kind, values in nodes]
    if outputs:
        made.append({"id": "out", "kind": "graph.output"})
    return {
        "nodes": made,
        "wires": shown,
        "interface": {"outputs": [{"id": one.split(".")[0], "type": "any"} for one in outputs]},
    }
