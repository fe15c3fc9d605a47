"""Changes on disk that are whole or not there, also when the power goes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

from .failures import Failed

if TYPE_CHECKING:
    from collections.abc import Generator

RESERVE_BYTES = 100 << 20
"""A deployment leaves this much to the release that serves and to the database."""


def read(path: str) -> bytes | None:
    """Return what is in the file; None when there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def read_json(path: str) -> Any:
    """Return the value in the file; None when there is none or when it is not JSON."""
    content = read(path)
    try:
        return None if content is None else json.loads(content)
    except ValueError:
        return None


def write(path: str, content: bytes, mode: int = 0o640, owner: tuple[int, int] | None = None) -> None:
    """Replace the file by `content`: written beside it, fsync, rename, fsync of the folder."""
    beside = f"{path}.{int(os.getpid())}.new"
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    sync_folder(os.path.dirname(path))


def write_json(path: str, value: Any, mode: int = 0o640, owner: tuple[int, int] | None = None) -> None:
    """Replace the file by `value` as JSON."""
    write(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode(), mode, owner)


def link(path: str, target: str) -> None:
    """Make `path` a symbolic link to `target`. rename(2) is atomic; `ln -sf`, which unlinks first, is not."""
    if os.path.islink(path) and os.readlink(path) == target:
        return
    beside = f"{path}.{int(os.getpid())}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(beside)
    os.symlink(target, beside)
    os.rename(beside, path)
    sync_folder(os.path.dirname(path))


def sync_folder(path: str) -> None:
    """Return when the names in the folder are on the platter."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def append_line(path: str, value: Any, mode: int = 0o640) -> None:
    """Add one JSON line and return when it is on the platter. A line that power loss cut short was never answered for: it goes."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            os.ftruncate(handle, (read(path) or b"").rfind(b"\n") + 1)
        os.write(handle, json.dumps(value, separators=(",", ":")).encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)


def lines(path: str, last: int | None = None) -> list[Any]:
    """Return the JSON lines of the file, oldest first, without a line that was cut short; only the `last` ones if asked."""
    content = read(path) or b""
    found = []
    rows = content.split(b"\n")
    for row in rows if last is None else rows[-(last + 1) :]:
        with contextlib.suppress(ValueError):
            if row:
                found.append(json.loads(row))
    return found


def tail(path: str) -> Any:
    """Return the last whole JSON line; None when there is none. Reads the end only: the files grow for years."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            reach = 4096
            while True:
                file.seek(max(0, size - reach))
                rows = file.read().split(b"\n")
                for row in reversed(rows if reach >= size else rows[1:]):
                    with contextlib.suppress(ValueError):
                        if row:
                            return json.loads(row)
                if reach >= size:
                    return None
                reach *= 8
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def held(path: str) -> Generator[None, None, None]:
    """Hold the file's flock: the kernel lets go when we die, however we die."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def make_folders(*paths: str) -> None:
    """Make each folder that is missing."""
    for path in paths:
        os.makedirs(path, exist_ok=True)


def need_room(path: str, more: int = 0) -> None:
    """Raise Failed `deploy.disk_full` when the disk has no room for `more` bytes and for what serves meanwhile."""
    there = os.statvfs(path)
    free, needs = there.f_bavail * there.f_frsize, RESERVE_BYTES + more
    if free < needs:
        sentence = f"The disk is full: {free >> 20} MiB are free in {path}; {needs >> 20} MiB are needed."
        raise Failed("deploy.disk_full", sentence, "Free some space, or keep fewer releases (`keep`).", path=path)


def remove_tree(path: str) -> None:
    """Remove a folder, sealed or not; nothing when there is none."""
    import shutil

    if not os.path.isdir(path):
        return
    if os.geteuid() != 0:  # Root may write into sealed folders; a test may not.
        for folder, _, _ in os.walk(path):
            os.chmod(folder, 0o755)
    shutil.rmtree(path)
