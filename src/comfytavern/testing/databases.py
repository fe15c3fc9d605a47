"""Databases for contract suites: every adapter is run on each of them."""

import functools
import shutil
import tempfile
from pathlib import Path

from comfytavern.store.database import Database
from comfytavern.store.migrate import prepare

DATABASES = ("sqlite",)
"""Add a word here and a branch in `new_database`, and every contract suite runs there too."""


def new_database(kind: str, folder: Path) -> Database:
    """Return an empty, migrated database of this kind; files go into `folder`."""
    if kind != "sqlite":
        raise ValueError(kind)
    file = folder / "test.db"
    shutil.copyfile(_template(), file)
    return Database(f"sqlite:///{file}")


@functools.cache
def _template() -> Path:
    """Migrate once per process: a copy takes 1 ms, a migration 200."""
    file = Path(tempfile.mkdtemp(prefix="comfytavern-")) / "template.db"
    prepare(f"sqlite:///{file}")
    return file
