"""More releases out of one that is built: the same wheels under another name, and bad ones, each broken in one way.

folder = variant(open_artifact(artifact), "0.1.0+two", out=tmp_path)
folder = variant(open_artifact(artifact), "0.1.0+bad", BROKEN["import_error"], out=tmp_path)
"""

import os
import re
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path

import msgspec

from comfytavern.deploy.build import archive
from comfytavern.deploy.build.service import seal
from comfytavern.deploy.build.wheel import changed
from comfytavern.deploy.release import MANIFEST, REQUIREMENTS, SIGNATURE, SUMS, WEB, WHEELS, File, Migration, Release, Schema

Change = Callable[[Path], None]
"""Edits the unpacked wheel of the application: the folder that has `comfytavern/` inside."""


def variant(
    artifact_folder: Path,
    release_id: str,
    change: Change | None = None,
    *,
    out: Path | None = None,
    schema: Schema | None = None,
    migrations: tuple[Migration, ...] | None = None,
    sign_key: Path | None = None,
) -> Path:
    """Return the folder `<out>/<release_id>` of another release with right checksums, made in under two seconds.

    What does not differ is hard-linked, so nothing in either folder may be edited in place. `out` is by default beside the first.
    """
    target = (out or artifact_folder.parent) / release_id
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(artifact_folder, target, copy_function=_link)
    for name in (MANIFEST, SUMS, SIGNATURE):
        (target / name).unlink(missing_ok=True)
    if change is not None:
        _patch(target, change)
    _write(target / WEB / "version.json", msgspec.json.encode({"release": release_id}) + b"\n")
    about = Release.read(artifact_folder)
    seal(
        target,
        msgspec.structs.replace(
            about,
            release=release_id,
            schema=about.schema if schema is None else schema,
            migrations=about.migrations if migrations is None else migrations,
        ),
        sign_key,
    )
    return target


def packed(folder: Path, out: Path) -> Path:
    """Return the artifact `<out>/comfytavern-<release>.tar.zst` of a release's folder."""
    artifact = out / f"comfytavern-{Release.read(folder).release}.tar.zst"
    archive.pack(folder, artifact, seconds=0)
    return artifact


def new_bytes(folder: Path, after: Path) -> int:
    """Return how many bytes of `folder` a host lacks that has the release `after`."""
    there = {file.sha256 for file in _all(after)}
    return sum(file.size for file in {file.sha256: file for file in _all(folder)}.values() if file.sha256 not in there)


def ending(module: str, code: str) -> Change:
    """Return a change that runs `code` at the end of the import of `module`, such as `comfytavern/boot/server.py`."""

    def change(folder: Path) -> None:
        path = folder / module
        path.write_text(path.read_text(encoding="utf-8") + "\n\n" + code, encoding="utf-8")

    return change


SERVER = "comfytavern/boot/server.py"
"""Only a server imports it: other verbs, such as migrations, work."""
BROKEN: dict[str, Change] = {
    "import_error": ending(SERVER, 'raise ImportError("this release is broken")\n'),
    "slow_start": ending(SERVER, "import time\ntime.sleep(float(__import__('os').environ.get('SLOW_START_S', '25')))\n"),
    "never_ready": ending(
        "comfytavern/api/readiness.py",
        'async def _outcome(check):\n    return "this release never gets ready"\n',
    ),
    "crash_loop": ending(SERVER, "import os, threading\n_end = threading.Timer(3.0, os._exit, (70,))\n_end.daemon = True\n_end.start()\n"),
    "memory_leak": ending(
        SERVER,
        "import threading, time\n\n\ndef _leak():\n    kept = []\n    while True:\n        kept.append(bytearray(4 << 20))\n"
        "        time.sleep(0.05)\n\n\nthreading.Thread(target=_leak, daemon=True).start()\n",
    ),
    "failing_requests": ending(
        "comfytavern/api/routes/health.py",
        'async def _broken():\n    raise RuntimeError("this release fails")\n\n\n'
        'router.routes[:] = [route for route in router.routes if route.path != "/health"]\nrouter.get("/health")(_broken)\n',
    ),
}
"""A release that is broken in one way, by the name of the way."""


_EDGE = """
import asyncio
import random
import socket as _socket

_init = Edge.__init__


def _changed(self, app, *given, **named):
    async def changed(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith("/api/") and scope["path"] != "/api/setup":
%s
            if scope["path"] == "/api/ping":
                json = [(b"content-type", b"application/json"), (b"content-length", b"2")]
                await send({"type": "http.response.start", "status": 200, "headers": json})
                await send({"type": "http.response.body", "body": b"{}"})
                return
        if scope["type"] == "websocket":
%s
        await app(scope, receive, send)

    _init(self, changed, *given, **named)


Edge.__init__ = _changed
"""
_DROP = """
cells = [cell.cell_contents for cell in send.__closure__]
server = next(each.__self__ for each in cells if hasattr(getattr(each, "__self__", None), "transport"))
asyncio.get_running_loop().call_later(1.0, lambda: server.transport.abort())
"""
"""The server's own protocol object is behind `send`: what the app does can only end a socket politely."""
_RAISE = """
try:
    await asyncio.wait_for(app(scope, receive, send), 1.0)
except TimeoutError:
    raise RuntimeError("injected") from None
return
"""


def faulty(requests: str = "pass", sockets: str = "pass") -> Change:
    """Return a change that runs code inside the layer that counts, for each request to the API and for each socket.

    What it does counts as the app's own doing. `/api/setup`, which every release is tried with before anybody is sent to it, stays as it
    is: a canary has to find the harm. `/api/ping` is answered there too: a small box can offer many requests of that kind.
    """
    code = _EDGE % (textwrap.indent(requests.strip(), " " * 12), textwrap.indent(sockets.strip(), " " * 12))
    return ending("comfytavern/api/edge.py", code)


_HALF, _FEW = "if random.random() < 0.5: raise RuntimeError('injected')", "if random.random() < 0.05: raise RuntimeError('injected')"
HARMS: dict[str, Change] = {
    "half_fail": faulty(_HALF),
    "few_fail": faulty(_FEW),
    "slow": faulty("await asyncio.sleep(0.3)"),
    "sockets_drop": faulty(sockets=_DROP),
    "exceptions": faulty(sockets=_RAISE),
    "one_host": faulty("if _socket.gethostname() == 'h2' and random.random() < 0.5: raise RuntimeError('injected')"),
}
"""A release that starts well and is bad for its users in one way: for a canary to find. `one_host` is bad on `h2` only."""


def failing_migration(folder: Path) -> None:
    """Add a migration after the last one that fails: a change for `variant`, to be used with a higher `schema` level."""
    versions = folder / "comfytavern" / "store" / "migrations" / "versions"
    found = {
        path: re.findall(r'^(revision|down_revision)\b[^=]*= "([^"]+)"', path.read_text(), re.MULTILINE) for path in versions.glob("*.py")
    }
    revisions = {value for pairs in found.values() for name, value in pairs if name == "revision"}
    parents = {value for pairs in found.values() for name, value in pairs if name == "down_revision"}
    last = next(path for path, pairs in found.items() if dict(pairs).get("revision") in revisions - parents)
    text = last.read_text(encoding="utf-8")
    head = dict(found[last])["revision"]
    text = re.sub(r'^(revision\b[^=]*= )"[^"]+"', r'\1"9999"', text, flags=re.MULTILINE)
    text = re.sub(r"^(down_revision\b[^=]*= ).*$", rf'\1"{head}"', text, flags=re.MULTILINE)
    text = re.sub(r"^(level\b[^=]*= )(\d+)", lambda match: f"{match[1]}{int(match[2]) + 1}", text, flags=re.MULTILINE)
    body = 'def upgrade() -> None:\n    """Fail."""\n    raise RuntimeError("this migration is broken")\n'
    (versions / "9999_broken.py").write_text(re.sub(r"^def upgrade\(.*", body, text, flags=re.MULTILINE | re.DOTALL), encoding="utf-8")


def _patch(target: Path, change: Change) -> None:
    wheel = next((target / WHEELS).glob("comfytavern-*.whl"))
    before = archive.sha256(wheel)
    _write(wheel, wheel.read_bytes())
    changed(wheel, change)
    rows = (target / REQUIREMENTS).read_text(encoding="utf-8").replace(before, archive.sha256(wheel))
    _write(target / REQUIREMENTS, rows.encode())


def _write(path: Path, content: bytes) -> None:
    """Write a new file there: the old one is shared with another release."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _all(folder: Path) -> list[File]:
    own = [File(archive.sha256(folder / name), (folder / name).stat().st_size) for name in (MANIFEST, SUMS)]
    return [*Release.read(folder).files.values(), *own]
