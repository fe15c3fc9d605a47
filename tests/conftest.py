"""Fixtures that several folders of tests share."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import Server

HERE = Path(__file__).parent
SLOW_HALF = (HERE / "journeys", HERE / "rough_weather")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real server for everything that needs no settings of its own; its people share nothing."""
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def owner(server: Server) -> httpx.Client:
    """A client with the session of that server's owner."""
    return server.owner()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys and rough weather belong to the slow half: `make check` is the quick one, `make test` adds this."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SLOW_HALF):
            item.add_marker(pytest.mark.slow)
