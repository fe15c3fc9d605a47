"""A host in a folder: the agent's own functions, no machine, no SSH.

with host() as ground: ...
ground.installed("1.0.0+a")                                  # received, staged, verified; the environment is left out
ground.serving(blue="1.0.0+a")
lock.lock_acquire(ground.context("lock_acquire"), OWNER)
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from comfytavern.deploy.agent import blobs, disk, releases
from comfytavern.deploy.agent.context import Context, empty
from comfytavern.deploy.agent.paths import SLOTS, Paths
from comfytavern.deploy.agent.verify import tag_here

OWNER: Final = {"user": "olive", "host": "laptop", "pid": 7, "deploy": "dep_1"}
OTHER: Final = {"user": "noa", "host": "desk", "pid": 8, "deploy": "dep_2"}
WHEEL: Final = b"a wheel"


class Ground:
    """One host."""

    def __init__(self, folder: Path) -> None:
        """Make its folders, as `prepare` does."""
        self.folder = folder
        self.paths = Paths(str(folder / "srv"), str(folder))
        paths = self.paths
        disk.make_folders(
            paths.state, paths.steps, paths.blobs, paths.incoming, paths.releases, paths.data, paths.run, paths.env, paths.etc
        )

    def context(self, verb: str = "facts", *, fence: int | None = None, step: str | None = None, stdin: bytes = b"") -> Context:
        """Return a call of the agent."""
        found = Context(self.paths, verb, fence=fence, step=step)
        found.stdin = io.BytesIO(stdin)
        return found

    def state(self, **more: Any) -> dict[str, Any]:
        """Write what is known of the host, and return it."""
        found = {**empty(), **more}
        disk.write_json(f"{self.paths.state}/state.json", found)
        return found

    def serving(self, active: str = "blue", **slots: str) -> dict[str, Any]:
        """Say which releases are in the slots; the active one serves, the other is warm."""
        known = {slot: {"release": None, "state": "empty", "since": None} for slot in SLOTS}
        known |= {slot: {"release": name, "state": "active" if slot == active else "warm", "since": None} for slot, name in slots.items()}
        return self.state(active=active, slots=known, weights={slot: 100 if slot == active else 0 for slot in SLOTS})

    # releases

    def files(self, name: str) -> dict[str, bytes]:
        """Return the files of a release with that name."""
        requirements = f"comfytavern==1 --hash=sha256:{_digest(WHEEL)}\n".encode()
        page, script = f"<html>{name}</html>".encode(), f"// {name}".encode()
        return {
            "requirements.txt": requirements,
            "wheels/comfytavern-1-py3-none-any.whl": WHEEL,
            "web/index.html": page,
            f"web/assets/app-{_digest(script)[:8]}.js": script,
        }

    def sent(self, name: str, files: dict[str, bytes] | None = None, **manifest: Any) -> str:
        """Send the files of a release as blobs; return the digest of its manifest."""
        files = self.files(name) if files is None else files
        listed = {path: {"sha256": _digest(content), "size": len(content), "mode": 0o644} for path, content in files.items()}
        about = json.dumps({"format": 1, "release": name, "python": {"tag": tag_here()}, "files": listed, **manifest}).encode()
        blobs.receive(self.context("receive", stdin=packed(*files.values(), about)))
        return _digest(about)

    def staged(self, name: str, files: dict[str, bytes] | None = None, extra: dict[str, bytes] | None = None, **manifest: Any) -> Path:
        """Return the folder of a release that is assembled, and not installed yet."""
        digest = self.sent(name, files, **manifest)
        more = extra or {}
        blobs.receive(self.context("receive", stdin=packed(*more.values())))
        releases.stage(self.context("stage"), name, digest, {path: _digest(content) for path, content in more.items()})
        return Path(self.paths.part(name))

    def installed(self, name: str, at: str = "2026-11-24T12:00:00Z") -> Path:
        """Return the folder of a release that is installed."""
        part = self.staged(name)
        (part / "installed.json").write_text(json.dumps({"at": at, "format": 1}))
        part.rename(self.paths.release(name))
        return Path(self.paths.release(name))


@contextlib.contextmanager
def host() -> Iterator[Ground]:
    """Yield a host whose disk is memory where the box has that: a switch makes two hundred links."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    try:
        yield Ground(Path(folder))
    finally:
        for _ in range(100):  # Once a folder below it was "not empty" after it had been emptied: by whom is not known.
            shutil.rmtree(folder, ignore_errors=True)
            if not os.path.lexists(folder):
                break
            time.sleep(0.05)
        else:
            shutil.rmtree(folder)


def packed(*contents: bytes) -> bytes:
    """Return a tar of contents, each named by its SHA-256."""
    return tar({_digest(content): content for content in contents})


def tar(members: dict[str, bytes]) -> bytes:
    """Return a tar of these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
