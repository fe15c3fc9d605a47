"""Fixtures of the lab. Everything here is skipped, with the reason, on a box that cannot carry it.

`make test` runs the short form; LAB=long (`make lab`) all of it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from comfytavern.deploy.release import open_artifact
from comfytavern.testing.releases import packed, variant
from tests.lab import ground
from tests.lab.fleet import Fleet
from tests.lab.installation import newest_artifact

LONG = os.environ.get("LAB") == "long"
COUNT = 4


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes long, and give everything here the time that real machines need."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(600 if LONG else 300))
            if item.get_closest_marker("slow") and not LONG:
                item.add_marker(pytest.mark.skip(reason="takes minutes: `make lab` runs it"))


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


@pytest.fixture(scope="session")
def base(able: None) -> Path:
    """Return the opened release of `comfytavern build`."""
    artifact = newest_artifact()
    if artifact is None:
        pytest.skip("there is no artifact in dist/: run `comfytavern build`")
    return open_artifact(artifact)


@pytest.fixture(scope="session")
def artifacts(base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Some releases with one content and several names."""
    folder = tmp_path_factory.mktemp("artifacts")
    return [packed(variant(base, f"0.1.0+test{at}", out=folder / "releases"), folder) for at in range(COUNT)]
