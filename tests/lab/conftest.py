"""Fixtures of the lab. Everything here is skipped, with the reason, on a box that cannot carry it."""

from collections.abc import Iterator

import pytest

from tests.lab import ground
from tests.lab.fleet import Fleet


@pytest.fixture(scope="session")
def able() -> None:
    """Skip where there can be no fleet."""
    if reason := ground.why_not():
        pytest.skip(reason)


@pytest.fixture(scope="module")
def fleet(able: None) -> Iterator[Fleet]:
    """Three machines and a controller, fresh for each file of tests."""
    with Fleet(3) as fleet:
        yield fleet
