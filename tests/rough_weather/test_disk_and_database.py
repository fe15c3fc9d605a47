"""A full disk and a damaged database: a code, a hint, and nothing that was saved is lost."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.journeys.graphs import graph
from tests.rough_weather.steady import refusal, save
from tests.server import Server

MIB = 1024 * 1024
DISK = 64 * MIB
BULKY = graph([("t", "text.constant", {"text": "x" * 2 * MIB})], [])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MiB."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk to fill")
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Fill the disk to its last byte; return the file to remove."""
    ballast = disk / "ballast"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(descriptor, b"\0" * 4096):
            pass
    os.close(descriptor)
    return ballast


@pytest.mark.slow
def test_a_full_disk_refuses_to_save_and_loses_nothing(small_disk: Path) -> None:
    with Server(small_disk) as server:
        owner = server.owner()
        before, saved = server.pid, save(owner)
        ballast = fill(small_disk)
        project = saved["project_id"]
        answers = [owner.post(f"/api/projects/{project}/workflows", json={"name": f"N{at}", "graph": BULKY}) for at in range(5)]
        assert {refusal(answer) for answer in answers} == {(503, "store.disk_full")}
        assert all(answer.json()["hint"] for answer in answers)
        assert owner.put("/api/files/content?uri=user://a.bin", content=b"x" * MIB).status_code == 503
        assert httpx.get(f"{server.url}/health").status_code == 200
        assert refusal_of_ready(server) == 503
        assert owner.get(f"/api/workflows/{saved['id']}").json() == saved
        ballast.unlink()
        assert httpx.get(f"{server.url}/ready").status_code == 200
        later = save(owner, BULKY)
        assert server.pid == before
        server.kill()
        server.start()
        owner = server.owner()
        for kept in (saved, later):
            assert owner.get(f"/api/workflows/{kept['id']}").json() == kept


def refusal_of_ready(server: Server) -> int:
    return httpx.get(f"{server.url}/ready").status_code


def _no_database(file: Path) -> None:
    file.write_bytes(b"This is no database. " * 500)


def _broken_pages(file: Path) -> None:
    whole = bytearray(file.read_bytes())
    whole[4096 : len(whole) // 2] = os.urandom(len(whole) // 2 - 4096)
    file.write_bytes(whole)


def _cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.slow
def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        saved = save(server.owner())
        server.stop()
        [file] = server.data.glob("*.db")
        whole = file.read_bytes()
        for damage in (_no_database, _broken_pages, _cut_short):
            file.write_bytes(whole)
            _holds_after(damage, server, file)
        file.write_bytes(whole)
        server.start()
        assert server.owner().get(f"/api/workflows/{saved['id']}").json() == saved


def _holds_after(damage: Callable[[Path], None], server: Server, file: Path) -> None:
    damage(file)
    broken, before = file.read_bytes(), len(server.printed())
    with pytest.raises(AssertionError, match=r"the server ended with 1"):
        server.start()
    told = server.printed()[before:]
    assert "The database file is damaged. (store.corrupt)" in told
    assert "Restore a backup" in told
    assert "Traceback" not in told
    assert file.read_bytes() == broken
