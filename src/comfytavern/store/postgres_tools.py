"""PostgreSQL's own programs: pg_dump and pg_restore, found by version, and databases made, filled and renamed."""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from comfytavern.kernel.errors import Failure, Unavailable
from comfytavern.store import dialect
from comfytavern.store.faults import explained, in_use

FOLDERS: Final = "/usr/lib/postgresql/*/bin"
T = TypeVar("T")


def tool(name: str, at_least: int) -> str:
    """Return the path of `pg_dump` or `pg_restore` that is as new as the server. Raises `Unavailable` (`db.no_tool`)."""
    installed = sorted((Path("/") / folder / name for folder in map(str, Path("/").glob(FOLDERS.lstrip("/")))), key=_major_of_folder)
    on_path = shutil.which(name)
    candidates = [*([Path(on_path)] if on_path else []), *installed]
    for path in candidates:
        if path.is_file() and _major(path) >= at_least:
            return str(path)
    package = f"postgresql-client-{at_least}"
    sentence = f"{name} {at_least} or newer is needed for backups of this database and is not installed."
    raise Unavailable("db.no_tool", sentence, hint=f"Install it, on Debian: apt-get install {package} (or postgresql-client).")


def dump(url: URL, target: Path, look: Callable[[Connection], T]) -> T:
    """Write the database to `target` by pg_dump -Fc; return what `look` sees in the very snapshot that was written."""
    engine = create_engine(dialect.sync_url(url), isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection, connection.begin():
            program = tool("pg_dump", _server_major(connection))
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            seen = look(connection)
            _run([program, "-Fc", "-Z", "1", "--no-owner", "--no-privileges", "--snapshot", str(snapshot), "-f", str(target)], url)
            return seen
    except DBAPIError as error:
        raise explained(error) or error from error
    finally:
        engine.dispose()


def load(url: URL, source: Path) -> None:
    """Fill the empty database at `url` from a dump, all or nothing."""
    with _administering(url) as connection:
        program = tool("pg_restore", _server_major(connection))
    command = [program, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "-d", str(url.database), str(source)]
    _run(command, url)


@contextmanager
def created(url: URL, name: str) -> Generator[None]:
    """Make a database `name` beside that at `url`, and drop it at the end. Raises `Unavailable` (`db.rights`) where none may be made."""
    create(url, name)
    try:
        yield
    finally:
        with _administering(url) as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))


def create(url: URL, name: str) -> None:
    """Make an empty database. Raises `Unavailable` (`db.rights`)."""
    with _administering(url) as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))


def put(url: URL, source: Path, aside: str) -> str:
    """Replace the database at `url` by that in the dump; return the name of the replaced one.

    The new one is filled beside it; both are renamed in one transaction, which PostgreSQL refuses while anybody is connected.
    """
    new, kept = new_name(url, "restoring"), _kept(url, aside)
    create(url, new)
    try:
        load(url.set(database=new), source)
        _exchange(url, new, kept)
    except Failure:
        with _administering(url) as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{new}"'))
        raise
    return kept


def replaced(url: URL, aside: str) -> str:
    """Return the name of the database that a `put` with this `aside` has replaced; empty when none has."""
    with _administering(url) as connection:
        query = text("SELECT datname FROM pg_database WHERE datname IN (:kept, :aside)")
        found = connection.scalar(query, {"kept": _kept(url, aside), "aside": aside})
    return str(found or "")


def undo(url: URL, aside: str) -> str:
    """Put the database back that a `put` has replaced; return the name of the one that was there instead, empty when there is none."""
    kept = replaced(url, aside)
    if not kept:
        return ""
    undone = kept.replace("replaced", "undone")
    _exchange(url, kept, undone)
    return undone


def _kept(url: URL, aside: str) -> str:
    return f"{str(url.database)[: 60 - len(aside)]}-{aside}"


def _exchange(url: URL, new: str, kept: str) -> None:
    """Give the database at `url` the name `kept`, and `new` its name, in one transaction."""
    old = str(url.database)
    with _administering(url, isolation_level="READ COMMITTED") as connection, connection.begin():
        connection.execute(text(f'ALTER DATABASE "{old}" RENAME TO "{kept}"'))
        connection.execute(text(f'ALTER DATABASE "{new}" RENAME TO "{old}"'))


def new_name(url: URL, purpose: str) -> str:
    """Return a name for a database beside that at `url`."""
    return f"{str(url.database)[:40]}_{purpose}_{secrets.token_hex(4)}"


@contextmanager
def _administering(url: URL, isolation_level: str = "AUTOCOMMIT") -> Generator[Connection]:
    """Connect to the server's own database `postgres`: nobody can rename or drop the one that they are connected to."""
    engine = create_engine(dialect.sync_url(url).set(database="postgres"), isolation_level=isolation_level)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == "55006":
            raise in_use([*_connected(url)] or ["somebody is connected"]) from error
        if state == "42501":
            sentence = "This database user may not make databases, which restoring a backup needs."
            raise Unavailable("db.rights", sentence, hint=f'As its administrator: ALTER ROLE "{url.username}" CREATEDB;') from error
        raise explained(error) or error from error
    finally:
        engine.dispose()


def _connected(url: URL) -> list[str]:
    with _administering(url) as connection:
        query = text("SELECT pid, application_name, client_addr FROM pg_stat_activity WHERE datname = :name ORDER BY pid")
        found = connection.execute(query, {"name": url.database})
        return [f"connection {row.pid} {row.application_name or ''} from {row.client_addr or 'this machine'}" for row in found]


def _server_major(connection: Connection) -> int:
    return int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000


def _major(path: Path) -> int:
    done = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False)  # noqa: S603 -- a path we found
    found = re.search(r"\) (\d+)", done.stdout)
    return int(found[1]) if found else 0


def _major_of_folder(path: Path) -> int:
    name = path.parent.parent.name
    return int(name) if name.isdigit() else 0


def _run(command: list[str], url: URL) -> None:
    """Run a program of PostgreSQL; the password goes by its environment, never by an argument. Raises `Unavailable` (`db.tool`)."""
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    host, port = url.host or query.get("host"), url.port or query.get("port")
    env = {
        "PGHOST": host,
        "PGPORT": str(port) if port else None,
        "PGUSER": url.username or query.get("user"),
        "PGPASSWORD": url.password or query.get("password"),
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
        "LC_ALL": "C",
    }
    given = {name: value for name, value in env.items() if value}
    done = subprocess.run(command, env=os.environ | given, capture_output=True, text=True, check=False)  # noqa: S603 -- as above
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise Unavailable("db.tool", f"{Path(command[0]).name} failed: {why}", hint="Nothing was changed.", detail=done.stderr[-2000:])
