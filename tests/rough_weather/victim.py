"""A server to be killed: it goes on with what its database holds, or starts a run, and writes down each node that has worked."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.engine.runner import Runner
from comfytavern.nodes import kit
from comfytavern.nodes.kit import Type, Words, inp, out
from comfytavern.nodes.registry import Catalogue
from comfytavern.projects.runs import Runs
from comfytavern.projects.service import Projects
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.archive import archive
from comfytavern.store.database import Database
from comfytavern.store.migrate import prepare
from comfytavern.store.projects import SqlProjects, SqlTrash, SqlVersions, SqlWorkflows

OWNER = "usr_owner"
CHAINS, LENGTH = 3, 25
ANY = Type.ANY


def catalogue(notes: int) -> Catalogue:
    """Return one kind, whose nodes take 5 ms and write their name."""

    @kit.node(
        "t.work",
        title="Work",
        description="Works.",
        inputs=[inp("value", ANY, default=0), inp("name", Type.STRING, default="")],
        outputs=[out("value", ANY)],
        effect="nondet",
        zh=Words(title="工作", description="工作。"),
    )
    async def work(value: Any, name: str) -> Any:
        await asyncio.sleep(0.005)
        os.write(notes, f"{name}\n".encode())
        return value + 1

    return Catalogue([work.__node__])


def graph() -> dict[str, Any]:
    """Return chains side by side."""
    nodes = [{"id": f"{c}-{n}", "kind": "t.work", "values": {"name": f"{c}-{n}"}} for c in range(CHAINS) for n in range(LENGTH)]
    wires = [
        {"id": f"w{c}-{n}", "source": [f"{c}-{n}", "value"], "target": [f"{c}-{n + 1}", "value"]}
        for c in range(CHAINS)
        for n in range(LENGTH - 1)
    ]
    return {"nodes": nodes, "wires": wires}


async def serve(folder: Path) -> None:
    database = Database(f"sqlite:///{folder / 'v.db'}")
    projects = Projects(SqlProjects(database), SqlWorkflows(database), SqlVersions(database), SqlTrash(database))
    kept = archive(database)
    notes = os.open(folder / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    runs = Runs(projects, Runner(catalogue(notes)), kept)
    users = SqlUsers(database)
    if not await users.everybody():
        await users.add(Credentials(user=User(id=OWNER, name="Owner", role=Role.OWNER, created_at=0), password_hash=""))
    await runs.open()
    history = await runs.history(OWNER)
    id = history.items[0].id if history.items else (await runs.start(OWNER, {"graph": graph()})).id
    sys.stdout.write("up\n")
    sys.stdout.flush()
    view = await runs.wait(OWNER, id)
    sys.stdout.write(f"{view.state} {view.seq}\n")
    await runs.close()
    await database.close()


if __name__ == "__main__":
    here = Path(sys.argv[1])
    prepare(f"sqlite:///{here / 'v.db'}")
    asyncio.run(serve(here))
