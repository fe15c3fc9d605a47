"""One run without a server: the same rooms on a database that is thrown away afterwards.

Channels, keys and files are those of the data folder's owner, if there is one; nothing of the run stays in its history, so that
a server beside it never takes the run for one of its own.
"""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.boot.rooms import build
from comfytavern.kernel.ids import new_id
from comfytavern.projects.runs import Runs
from comfytavern.settings.settings import Settings
from comfytavern.store import dialect
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.database import Database
from comfytavern.store.migrate import prepare


@dataclass(frozen=True, slots=True)
class Single:
    """The door of runs, and on whose behalf they run."""

    runs: Runs
    owner: str


@asynccontextmanager
async def single(settings: Settings) -> AsyncGenerator[Single]:
    """Give the door of runs on a database of its own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comfytavern-")))
        url = f"sqlite:///{folder / 'run.db'}"
        prepare(url)
        kept = await _kept(settings, stack)
        user = await _owner(kept) if kept else User(id=new_id("usr"), name="you", role=Role.OWNER, created_at=0.0)
        database = Database(url)
        stack.push_async_callback(database.close)
        await SqlUsers(database).add(Credentials(user=user, password_hash=""))
        rooms = build(settings if kept else settings.model_copy(update={"data_dir": folder}), database, channels=kept)
        stack.push_async_callback(rooms.close)
        yield Single(rooms.runs, user.id)


async def _kept(settings: Settings, stack: AsyncExitStack) -> Database | None:
    """Return the database of the data folder, None when there is nobody in it yet."""
    file = dialect.file_of(dialect.async_url(settings.database))
    if file is not None and not file.exists():
        return None
    database = Database(settings.database)
    stack.push_async_callback(database.close)
    return database if await SqlUsers(database).everybody() else None


async def _owner(database: Database) -> User:
    return next(user for user in await SqlUsers(database).everybody() if user.role is Role.OWNER)
