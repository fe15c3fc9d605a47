import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from comfytavern.boot.app import System, running
from comfytavern.settings.settings import read
from comfytavern.testing.accounts import quick_passwords
from comfytavern.testing.databases import new_database

ORIGIN = "http://tavern.test"
NAME, PASSWORD = "Olive", "correct horse battery"


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    """Everything, on a database of its own, without a socket."""
    data = tmp_path / "data"
    data.mkdir()
    await new_database("sqlite", tmp_path).close()
    shutil.move(tmp_path / "test.db", data / "comfytavern.db")
    async with running(read(data_dir=data, slow_client_s=0.3), passwords=quick_passwords()) as made:
        yield made


@pytest.fixture
async def stranger(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a session."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(system.app, raise_app_exceptions=False), base_url=ORIGIN) as client:
        yield client


@asynccontextmanager
async def owner_of(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """The owner of a product, in a browser: made by its setup link."""
    transport = httpx.ASGITransport(system.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as client:
        token = system.setup_link.partition("token=")[2]
        made = await client.post("/api/setup", json={"token": token, "name": NAME, "password": PASSWORD})
        assert made.status_code == 201, made.text
        yield client


@pytest.fixture
async def owner(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """The owner, in a browser."""
    async with owner_of(system) as client:
        yield client
