"""The disk of this machine, inside one folder that nothing leaves."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from comfytavern.files.disk import Stat
from comfytavern.files.media import HEAD_BYTES, media_type
from comfytavern.files.paths import PART, Key
from comfytavern.kernel.errors import Conflict, Failure, Invalid, NotFound, Unavailable
from comfytavern.kernel.ids import new_id

T = TypeVar("T")

READ_BYTES = 256 * 1024


class LocalDisk:
    """Implements `Disk` and `Sweeper` on a folder. Everything that blocks runs in threads."""

    def __init__(self, root: Path) -> None:
        """Take the folder; it is made when the first file is written."""
        self._root = Path(os.path.realpath(root))

    async def stat(self, key: Key, /) -> Stat | None:
        """Return what is there, or None."""
        return await _in_thread(_stat, self._path(key))

    async def list(self, key: Key, /) -> list[Stat]:
        """Return what a folder holds."""
        return await _in_thread(_list, self._path(key))

    async def read(self, key: Key, /, *, start: int = 0) -> AsyncIterator[bytes]:
        """Yield the bytes from `start`."""
        file = await _in_thread(_open, self._path(key), start)
        try:
            while chunk := await _in_thread(file.read, READ_BYTES):
                yield chunk
        finally:
            file.close()

    async def write(self, key: Key, chunks: AsyncIterator[bytes], /, *, overwrite: bool) -> Stat:
        """Write beside the target, flush to the disk, then rename over it."""
        target = self._path(key)
        part = target.with_name(PART + new_id("w"))
        file = await _in_thread(_create, target, part, overwrite)
        try:
            with file:
                async for chunk in chunks:
                    await _in_thread(file.write, chunk)
                await _in_thread(_flush, file)
            await _in_thread(_publish, part, target, overwrite)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        found = await _in_thread(_stat, target)
        if found is None:
            raise Unavailable("file.disk", "The file vanished while it was written.")
        return found

    async def move(self, source: Key, target: Key, /) -> None:
        """Rename a file or folder."""
        await _in_thread(_move, self._path(source), self._path(target))

    async def remove(self, key: Key, /) -> None:
        """Delete for good."""
        await _in_thread(_remove, self._path(key))

    async def used_bytes(self, key: Key, /) -> int:
        """Return the size of all files under a key."""
        return await _in_thread(_size, self._path(key))

    def _path(self, key: Key) -> Path:
        """Return the path of a key. Raises `Invalid` when a part is no plain name, or is a link (whoever made it)."""
        path = self._root
        for name in key:
            if name in ("", ".", "..") or "/" in name or "\0" in name or os.sep in name:
                raise Invalid("file.path", f"{name!r} is no name of a file.")
            path /= name
            if path.is_symlink():
                raise Invalid("file.link", "A link is in the way; links are not followed.", name=name)
        return path


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that blocks, and turn what the system says into failures."""
    try:
        return await asyncio.to_thread(function, *arguments)
    except OSError as error:
        raise _failure(error) from error


def _failure(error: OSError) -> Failure:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return Unavailable("file.disk_full", "The disk is full.", hint="Free some space, or ask the owner of this server.")
        case errno.ENOENT:
            return NotFound("file.none", "There is no such file.")
        case errno.EISDIR:
            return Conflict("file.is_folder", "This is a folder, not a file.")
        case errno.ENOTDIR:
            return Conflict("file.not_folder", "A file is where a folder should be.")
        case errno.EEXIST | errno.ENOTEMPTY:
            return Conflict("file.exists", "There is something of this name already.", hint="Choose another name, or overwrite it.")
        case errno.ENAMETOOLONG:
            return Invalid("file.long", "The name is too long for this disk.")
        case _:
            return Unavailable("file.disk", f"The disk did not do it: {error.strerror or error}.")


def _stat(path: Path) -> Stat | None:
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    folder = path.is_dir()
    if folder or not path.is_file():
        return Stat(name=path.name, folder=True, modified_at=found.st_mtime) if folder else None
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return Stat(name=path.name, folder=False, size_bytes=found.st_size, modified_at=found.st_mtime, media_type=media_type(head, path.name))


def _list(path: Path) -> list[Stat]:
    try:
        names = [entry.name for entry in os.scandir(path) if not entry.is_symlink() and not entry.name.startswith(PART)]
    except FileNotFoundError:
        return []
    return [found for name in names if (found := _stat(path / name)) is not None]


def _open(path: Path, start: int) -> BinaryIO:
    file = path.open("rb")
    file.seek(start)
    return file


def _create(target: Path, part: Path, overwrite: bool) -> BinaryIO:  # noqa: FBT001 -- called through a thread, by position
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", target.name)
    if target.exists() and not overwrite:
        raise FileExistsError(errno.EEXIST, "exists", target.name)
    return part.open("xb")


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _publish(part: Path, target: Path, overwrite: bool) -> None:  # noqa: FBT001 -- as above
    if overwrite:
        part.replace(target)
        return
    try:
        os.link(part, target)  # unlike rename it refuses when somebody was faster
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP):
            raise
        if target.exists():
            raise FileExistsError(errno.EEXIST, "exists", target.name) from error
        part.rename(target)


def _move(source: Path, target: Path) -> None:
    if not source.exists():
        raise FileNotFoundError(errno.ENOENT, "not there", source.name)
    if target.exists():
        raise FileExistsError(errno.EEXIST, "exists", target.name)
    if target.is_relative_to(source):
        raise Conflict("file.into_itself", "A folder cannot be moved into itself.")
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with suppress(FileNotFoundError):
                total += (Path(folder) / name).lstat().st_size
    return total
