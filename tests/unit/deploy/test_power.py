"""The power goes before any one of the changes that a deployment makes on a disk: the host serves by itself, and a re-run converges."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fleet import release as described
from fleet import spec, wish
from power import LocalHost, until_the_power_goes

from comfytavern.deploy.build.service import seal
from comfytavern.deploy.release import Release
from comfytavern.deploy.service import Deployments
from comfytavern.deploy.supply import Supply

pytestmark = pytest.mark.slow

NAMES = ("1.0.0+one", "1.1.0+two")
LONG = os.environ.get("LAB") == "long"
PARTS = 8
"""The points are shared out among so many tests; the short form takes every eighth of each."""


def made(folder: Path, name: str) -> Path:
    place = folder / name
    (place / "web" / "assets").mkdir(parents=True)
    (place / "requirements.txt").write_text("")
    (place / "web" / "index.html").write_text('<script src="/assets/a.js"></script>')
    (place / "web" / "assets" / "a.js").write_text(name)
    (place / "web" / "version.json").write_text(f'{{"release": "{name}"}}')
    seal(place, described(name))
    return place


async def deploy(host: LocalHost, folder: Path) -> None:
    supply = Supply(Release.read(folder), folder)
    supply.texts = {"base.env": f"NAME={folder.name}\n".encode(), "secrets.env": b"JWT_SECRET=x\n"}
    door = Deployments(spec(1), {"h1": host}, supply, clock=lambda: datetime.now(UTC))
    await door.carry_out(wish(release=Release.read(folder)))


async def at(host: LocalHost, folders: tuple[Path, Path], changes: int | None) -> None:
    """Deploy the second release on a host where the first one serves, but for the power."""
    await deploy(host, folders[0])
    assert {name for _, name in host.served()} == {folders[0].name}
    host.changes = 0
    with until_the_power_goes(host, changes):
        await deploy(host, folders[1])


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return made(tmp_path, NAMES[0]), made(tmp_path, NAMES[1])


@pytest.fixture
async def count(tmp_path: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many changes a deployment makes."""
    with monkeypatch.context() as patch:
        host = LocalHost(tmp_path / "whole", patch)
        await at(host, folders, None)
        assert {name for _, name in host.served()} == {NAMES[1]}
        return host.changes


@pytest.mark.parametrize("part", range(PARTS))
async def test_the_power_goes_at_any_change_of_the_disk(
    tmp_path: Path, folders: tuple[Path, Path], count: int, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count >= 25 * 2
    for changes in range(part, count, PARTS if LONG else PARTS * 8):
        with monkeypatch.context() as patch:
            host = LocalHost(tmp_path / f"at{changes}", patch)
            await at(host, folders, changes)
            host.back()
            served = {name for _, name in host.served()}
            assert len(host.served()) == 1, changes
            assert served <= set(NAMES), changes
            await host.call("lock_break", {"reason": "its holder is gone"})
            await deploy(host, folders[1])
            assert {name for _, name in host.served()} == {NAMES[1]}, changes
            known = await host.call("facts")
            assert known["state"]["current"] == NAMES[1], changes
            assert [slot["state"] for slot in known["state"]["slots"].values()].count("active") == 1, changes
            assert known["lock"] is None, changes
            assert (await host.call("audit_verify"))["ok"], changes
            assert host.half_there() == [], changes
