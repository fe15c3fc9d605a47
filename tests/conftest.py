"""Fixtures that several folders of tests share."""

import gc
import os
import signal
from collections.abc import Generator, Iterator

import httpx
import pytest

from tests.server import Server

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # So a shell starts what it runs in the background, and so would our children start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage, and never look through what was collected: it stays to the end, in every worker."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the long ones to `make lab`."""
    for item in items:
        if item.get_closest_marker("long") and os.environ.get("LAB") != "long":
            item.add_marker(pytest.mark.skip(reason="takes long: `make lab` runs it"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real server for everything that needs no settings of its own; its people share nothing."""
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def owner(server: Server) -> httpx.Client:
    """A client with the session of that server's owner."""
    return server.owner()
