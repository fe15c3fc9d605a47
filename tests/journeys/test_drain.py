"""One server takes over from another, again and again, and nobody who uses it notices: real processes behind a real nginx."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.load import Load, writer
from tests.server import COOKIE, Server, free_port
from tests.slots import NGINX, Slots

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
behind_nginx = pytest.mark.skipif(not shutil.which(NGINX), reason="nginx is not installed")
SWITCHES = 20


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[Slots]:
    with Slots(tmp_path, LOG_LEVEL="info", RUNS_PER_USER="50") as slots:
        yield slots


def load(slots: Slots) -> Load:
    with contextlib.closing(slots.owner()) as owner:
        return Load(slots.url, owner.cookies[COOKIE])


def report(load: Load) -> str:
    return json.dumps({"done": load.done, "moves": load.moves, "failed": len(load.failures), "open_ms_max": max(load.gaps_ms, default=0)})


@behind_nginx
async def test_twenty_switches_under_load_fail_nobody(slots: Slots) -> None:
    people = load(slots)
    await asyncio.to_thread(slots.start, "green")
    async with people.running(watchers=2):
        for at in range(SWITCHES):
            await asyncio.to_thread(slots.switch, ("green", "blue")[at % 2])
            await asyncio.sleep(0.8)
    print(report(people))
    assert people.failures == []
    assert people.moves["sse"] >= SWITCHES // 2
    assert people.moves["ws"] >= SWITCHES // 2
    assert max(people.gaps_ms) < 1000


@behind_nginx
async def test_a_server_that_is_told_to_stop_under_load_fails_nobody(slots: Slots) -> None:
    people = load(slots)
    async with people.running(watchers=2):
        for to in ("green", "blue", "green"):
            before = await asyncio.to_thread(slots.switch, to)
            await asyncio.sleep(1)
            slots.signal(before, signal.SIGTERM)
            assert await asyncio.to_thread(slots.stopped, before) == 0
            assert not slots.socket(before).exists()
    print(report(people))
    assert people.failures == []
    assert people.moves["ws"] >= 2
