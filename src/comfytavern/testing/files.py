"""A disk in memory, held to the same contract as the real one (tests/contracts/test_file_store.py)."""

from collections.abc import AsyncIterator

from comfytavern.files.disk import Stat
from comfytavern.files.media import HEAD_BYTES, media_type
from comfytavern.files.paths import Key
from comfytavern.kernel.errors import Conflict, NotFound, Unavailable

CHUNK_BYTES = 256 * 1024


class MemoryDisk:
    """Implements `Disk` and `Sweeper` on a dictionary; full beyond `capacity_bytes`."""

    def __init__(self, *, capacity_bytes: int | None = None) -> None:
        self.files: dict[Key, bytes] = {}
        self._times: dict[Key, float] = {}
        self._capacity_bytes = capacity_bytes
        self._now = 0.0

    async def stat(self, key: Key, /) -> Stat | None:
        """Return what is there, or None."""
        if key in self.files:
            data = self.files[key]
            name = key[-1]
            return Stat(
                name=name, folder=False, size_bytes=len(data), modified_at=self._times[key], media_type=media_type(data[:HEAD_BYTES], name)
            )
        inside = [self._times[file] for file in self.files if file[: len(key)] == key]
        return Stat(name=key[-1] if key else "", folder=True, modified_at=max(inside)) if inside else None

    async def list(self, key: Key, /) -> list[Stat]:
        """Return what a folder holds."""
        if key in self.files:
            raise Conflict("file.not_folder", "A file is where a folder should be.")
        names = dict.fromkeys(file[len(key)] for file in self.files if len(file) > len(key) and file[: len(key)] == key)
        return [found for name in names if (found := await self.stat((*key, name))) is not None]

    async def read(self, key: Key, /, *, start: int = 0) -> AsyncIterator[bytes]:
        """Yield the bytes from `start`."""
        if key not in self.files:
            raise NotFound("file.none", "There is no such file.")
        data = self.files[key][start:]
        for at in range(0, len(data), CHUNK_BYTES):
            yield data[at : at + CHUNK_BYTES]

    async def write(self, key: Key, chunks: AsyncIterator[bytes], /, *, overwrite: bool) -> Stat:
        """Write a file as a whole or not at all."""
        found = await self.stat(key)
        if found is not None and found.folder:
            raise Conflict("file.is_folder", "This is a folder, not a file.")
        if found is not None and not overwrite:
            raise Conflict("file.exists", "There is something of this name already.")
        if any(key[:depth] in self.files for depth in range(1, len(key))):
            raise Conflict("file.not_folder", "A file is where a folder should be.")
        data = b"".join([chunk async for chunk in chunks])
        others = sum(len(content) for file, content in self.files.items() if file != key)
        if self._capacity_bytes is not None and others + len(data) > self._capacity_bytes:
            raise Unavailable("file.disk_full", "The disk is full.")
        self._now += 1.0
        self.files[key], self._times[key] = data, self._now
        written = await self.stat(key)
        assert written is not None
        return written

    async def move(self, source: Key, target: Key, /) -> None:
        """Rename a file or folder."""
        moved = [file for file in self.files if file[: len(source)] == source]
        if not moved:
            raise NotFound("file.none", "There is no such file.")
        if await self.stat(target) is not None:
            raise Conflict("file.exists", "There is something of this name already.")
        if target[: len(source)] == source:
            raise Conflict("file.into_itself", "A folder cannot be moved into itself.")
        for file in moved:
            goal = (*target, *file[len(source) :])
            self.files[goal], self._times[goal] = self.files.pop(file), self._times.pop(file)

    async def remove(self, key: Key, /) -> None:
        """Delete for good."""
        for file in [file for file in self.files if file[: len(key)] == key]:
            del self.files[file], self._times[file]

    async def used_bytes(self, key: Key, /) -> int:
        """Return the size of all files under a key."""
        return sum(len(data) for file, data in self.files.items() if file[: len(key)] == key)
