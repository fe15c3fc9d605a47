"""The real agent, in this process, on a disk whose power can go before any change; its process manager and its app are played."""

import contextlib
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from comfytavern.deploy.agent import bake, boot, database, disk, drivers, facts, http, install, main, probe, site, steady
from comfytavern.deploy.agent.context import Context
from comfytavern.deploy.agent.paths import BUCKETS, Paths
from comfytavern.deploy.agent.verbs import LOCKS, READS, VERBS
from comfytavern.deploy.errors import DeployFailed

CHANGES: Final = ("rename", "symlink", "unlink", "link", "mkdir", "ftruncate", "write", "rmdir")
"""What changes a disk, as the agent calls it."""


class PowerLoss(BaseException):
    """Nothing runs any more."""


class LocalHost:
    """A machine: `left` is how many changes of its disk happen before the power goes; without it, it stays."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name = "h1"
        self.paths = Paths(str(folder / "srv"), str(folder))
        self.left: int | None = None
        self.changes = 0
        self.running: dict[str, str] = {}
        disk.make_folders(self.paths.steps, self.paths.env, self.paths.releases, self.paths.data, self.paths.run)
        for name in CHANGES:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))
        monkeypatch.setattr(os, "fsync", lambda _handle: None)
        self._play(monkeypatch)

    def _counted(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **more: Any) -> Any:
            self.changes += 1
            if self.left is not None:
                self.left -= 1
                if self.left < 0:
                    raise PowerLoss
            return change(*given, **more)

        return counted

    def _play(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for room in (drivers, probe):
            monkeypatch.setattr(room, "driver", lambda _name, _paths: self)
        monkeypatch.setattr(probe, "PAUSE_S", 0.0)
        monkeypatch.setattr(http, "get", self._get)
        monkeypatch.setattr(bake, "bake", lambda _context, slot, after_s, deadline_s: {"baking": bool(slot and after_s and deadline_s)})
        monkeypatch.setattr(bake.bake, "__defaults__", ())
        monkeypatch.setattr(steady, "steady", lambda _context, slot, for_s: {"steady_ms": for_s, "slot": slot})
        monkeypatch.setattr(install, "_install", self._install)
        monkeypatch.setattr(database, "migrate", lambda _context, release, phase, lock_timeout_ms, retries: {"level": 2})
        monkeypatch.setattr(site, "_ids", lambda _owner: None)
        monkeypatch.setattr(facts, "_systemd", lambda _paths: "252")
        monkeypatch.setattr(facts, "_nginx", lambda _paths: "/usr/sbin/nginx")

    async def call(self, verb: str, args: dict[str, Any] | None = None, *, fence: int | None = None, **more: Any) -> dict[str, Any]:
        """Have the agent do `verb`."""
        context = Context(self.paths, verb, fence=fence)
        context.stdin = io.BytesIO(more.get("stdin") or b"")
        answer = (main.answer_of if VERBS[verb][1] in {READS, LOCKS} else main.recorded)(context, args or {})
        if answer["ok"]:
            return answer["value"]
        raise DeployFailed(answer["code"], f"h1: {answer['sentence']}", hint=answer["hint"], **{**answer["params"], "host": "h1"})

    async def reach(self) -> None:
        """Be here."""

    async def close(self) -> None:
        """End nothing."""

    def back(self) -> None:
        """Switch it on again: /run is empty, and what served before is started by what is on the disk."""
        self.left, self.running = None, {}
        shutil.rmtree(self.paths.run)
        boot.boot(Context(self.paths, "boot"))

    def served(self) -> set[tuple[str, str]]:
        """Return where clients are sent: (slot, release of its web app), which has to be the release that runs in the slot."""
        run, found = Path(self.paths.run), set[tuple[str, str]]()
        for bucket in BUCKETS if (run / "live").exists() else ():
            slot = (run / "b" / f"{bucket}.sock").readlink().stem
            web = (run / "r" / bucket).resolve().parent
            assert (web / "installed.json").exists()
            assert self.running.get(slot) == web.name
            found.add((slot, web.name))
        return found

    def half_there(self) -> list[str]:
        """Return what is left of releases that were being made or removed."""
        return [each.name for each in Path(self.paths.releases).iterdir() if each.suffix in {".part", ".gone"}]

    # What is played: the process manager (a driver), the app, and uv.

    def start(self, slot: str) -> None:
        self.running[slot] = Path(self.paths.slot(slot)).resolve().name

    def stop(self, slot: str, _deadline_s: float) -> None:
        self.running.pop(slot, None)

    def signal(self, slot: str, _name: str) -> None:
        assert slot in self.running

    def status(self, slot: str) -> dict[str, Any]:
        return {"running": slot in self.running, "pid": 1 if slot in self.running else None, "restarts": 0, "since": None, "failed": False}

    def logs(self, _slot: str, _lines: int, _since: str = "") -> list[str]:
        return []

    def _get(self, path: str, target: str, **_more: Any) -> http.Reply:
        if (release := self.running.get(Path(path).stem)) is None:
            raise ConnectionRefusedError
        said = f'{{"status": "ready", "open": {{}}, "release": "{release}", "schema": {{"level": 2}}}}'
        return http.Reply(200, {}, said.encode() if target != "/metrics" else b"")

    def _install(self, context: Context, release: str) -> dict[str, Any]:
        if not Path(self.paths.release(release)).exists():
            disk.write_json(f"{self.paths.part(release)}/installed.json", {"at": release})
            context.check_fence()
            Path(self.paths.part(release)).rename(self.paths.release(release))
        return {}


@contextlib.contextmanager
def until_the_power_goes(host: LocalHost, changes: int | None) -> Any:
    """Let the power go after so many changes of the disk."""
    host.left = changes
    with contextlib.suppress(PowerLoss, BaseExceptionGroup):
        yield
    host.left = None
