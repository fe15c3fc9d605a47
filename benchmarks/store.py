"""How fast the store is, through its doors, on a fresh SQLite file. Prints one JSON line.

python benchmarks/store.py
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from statistics import median

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.engine.cache import Cache
from comfytavern.engine.log import Finished
from comfytavern.engine.runner import Runner
from comfytavern.kernel.events import NodesChanged
from comfytavern.nodes.registry import Catalogue
from comfytavern.projects.batch import batch_of
from comfytavern.projects.repo import Archive
from comfytavern.projects.runs import Runs
from comfytavern.projects.service import Projects
from comfytavern.projects.stage import StageLimits
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.archive import archive
from comfytavern.store.database import Database
from comfytavern.store.migrate import prepare
from comfytavern.store.projects import SqlProjects, SqlTrash, SqlVersions, SqlWorkflows

OWNER = "usr_bench"


def chain(length: int, tag: str) -> dict:
    nodes = [{"id": f"{tag}{n}", "kind": "text.trim", "values": {"text": f"{n}"}} for n in range(length)]
    wires = [{"id": f"w{n}", "source": [f"{tag}{n}", "text"], "target": [f"{tag}{n + 1}", "text"]} for n in range(length - 1)]
    return {"nodes": nodes, "wires": wires}


async def measure(url: str) -> dict:
    database = Database(url)
    user = User(id=OWNER, name="Bench", role=Role.OWNER, created_at=0)
    await SqlUsers(database).add(Credentials(user=user, password_hash=""))
    projects = Projects(SqlProjects(database), SqlWorkflows(database), SqlVersions(database), SqlTrash(database))
    kept = archive(database)
    runs = Runs(projects, Runner(Catalogue.built_in(), cache=Cache()), kept, limits=StageLimits(running_per_user=100, running=100))
    await runs.open()
    try:
        figures = await saves(projects) | await starts(runs)
        return figures | await journal(kept, (await runs.history(OWNER)).items[0].id)
    finally:
        await runs.close()
        await database.close()


async def saves(projects: Projects) -> dict:
    project = await projects.first_project(OWNER)
    workflow = await projects.create_workflow(OWNER, project.id, "W", graph=chain(100, "a"))
    took = []
    for number in range(1, 101):
        graph = chain(100, f"v{number}_")
        started = time.perf_counter()
        await projects.save_workflow(OWNER, workflow.id, graph, number)
        took.append(time.perf_counter() - started)
    started = time.perf_counter()
    for _ in range(100):
        await projects.workflow(OWNER, workflow.id)
    return {"save_100_nodes_ms": round(median(took) * 1e3, 2), "open_100_nodes_ms": round((time.perf_counter() - started) * 10, 2)}


async def starts(runs: Runs) -> dict:
    graph = chain(10, "n")
    took = []
    for _ in range(30):
        started = time.perf_counter()
        await runs.wait(OWNER, (await runs.start(OWNER, {"graph": graph})).id)
        took.append(time.perf_counter() - started)

    async def one() -> None:
        await runs.wait(OWNER, (await runs.start(OWNER, {"graph": graph})).id)

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(100)))
    return {"run_10_nodes_ms": round(median(took) * 1e3, 2), "runs_per_s_at_once": round(100 / (time.perf_counter() - started))}


async def journal(archive: Archive, run_id: str) -> dict:
    records = [Finished(path=f"n{n}", state="done", outputs={"text": "x" * 20}, ms=1.0) for n in range(50)]

    async def append() -> None:
        for _ in range(10):
            await archive.journal.append(run_id, records)

    started = time.perf_counter()
    await asyncio.gather(*(append() for _ in range(40)))
    records_per_s = round(40 * 10 * 50 / (time.perf_counter() - started))
    took = []
    for seq in range(1_000_001, 1_000_201):
        batch = batch_of([NodesChanged(seq=seq, nodes=[("n", "done", 1.0, None)])])
        started = time.perf_counter()
        await archive.events.append(run_id, batch, None)
        took.append(time.perf_counter() - started)
    started = time.perf_counter()
    await archive.journal.intent(run_id, "n", "key")
    intent = time.perf_counter() - started
    return {
        "journal_records_per_s": records_per_s,
        "event_batch_ms": round(median(took) * 1e3, 2),
        "intent_ms": round(intent * 1e3, 2),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        started = time.perf_counter()
        prepare(url)
        created = time.perf_counter() - started
        started = time.perf_counter()
        prepare(url)
        again = time.perf_counter() - started
        figures = {"create_ms": round(created * 1e3), "prepare_ms": round(again * 1e3, 1)} | asyncio.run(measure(url))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
