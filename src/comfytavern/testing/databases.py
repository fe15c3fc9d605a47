"""Databases for contract suites: every adapter is run on each of them."""

import functools
import shutil
import tempfile
from pathlib import Path

from comfytavern.store.database import Database
from comfytavern.store.migrate import prepare
from comfytavern.testing.postgres import shared_server

DATABASES = ("sqlite", "postgresql")
"""Add a word here and a branch in `new_url`, and every contract suite runs there too."""


def new_database(kind: str, folder: Path) -> Database:
    """Return an empty, migrated database of this kind; files go into `folder`."""
    return Database(new_url(kind, folder))


def new_url(kind: str, folder: Path, *, migrated: bool = True) -> str:
    """Return the address of a new database, with or without tables. Raises `unittest.SkipTest` where its server is not installed."""
    match kind:
        case "sqlite":
            file = folder / "test.db"
            if migrated:
                shutil.copyfile(_template_file(), file)
            return f"sqlite:///{file}"
        case "postgresql":
            server = shared_server()
            return server.url(server.create(template=_template_database()) if migrated else server.create())
        case _:
            raise ValueError(kind)


@functools.cache
def _template_file() -> Path:
    """Migrate once per process: a copy takes 1 ms, a migration 200."""
    file = Path(tempfile.mkdtemp(prefix="comfytavern-")) / "template.db"
    prepare(f"sqlite:///{file}")
    return file


@functools.cache
def _template_database() -> str:
    """As above: a copy takes 30 ms, a migration 300."""
    server = shared_server()
    name = server.create()
    prepare(server.url(name))
    return name
