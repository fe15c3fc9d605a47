"""A host in a folder for each test."""

import os
from collections.abc import Iterator

import pytest

from tests.unit.agent.ground import Ground, host


@pytest.fixture(scope="module", autouse=True)
def no_platter() -> Iterator[None]:
    """Let nobody wait for the disk: no power goes here (it does in tests/lab)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture
def ground() -> Iterator[Ground]:
    with host() as ground:
        yield ground
