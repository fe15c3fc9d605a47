"""The door: files by logical address, for an owner."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Protocol

import msgspec

from comfytavern.files.disk import Disk, Stat, Sweeper
from comfytavern.files.paths import TRASH, Key, Place, checked, parse
from comfytavern.kernel.errors import Conflict, Denied, Invalid, NotFound, TooLarge
from comfytavern.kernel.ids import new_id


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A file or a folder."""

    uri: str
    name: str
    kind: str
    """file or folder."""
    size_bytes: int | None = None
    media_type: str | None = None
    modified_at: float | None = None
    """Seconds since 1970."""


class Trashed(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the trash."""

    id: str
    uri: str
    """Where it was, and where `restore` puts it."""
    name: str
    kind: str
    size_bytes: int
    trashed_at: float


class Rights(Protocol):
    """Who may use an area: the port to people and projects."""

    async def may(self, owner: str, place: Place, /, *, write: bool) -> bool:
        """Return whether `owner` may read (or write) there."""
        ...


class OwnAreas:
    """The simplest rights: one's own files, and everybody's shared ones. No projects."""

    async def may(self, owner: str, place: Place, /, *, write: bool) -> bool:  # noqa: ARG002 -- the port's form
        """Return whether it is no project."""
        return place.scheme != "project"


class Library:
    """Lists, reads, writes, moves, copies and trashes. One per process; nodes ask `ctx.use(Library)`.

    All methods raise what `paths.parse` raises, `NotFound` (`file.none`) and `Denied` (`file.denied`).
    """

    def __init__(
        self,
        disk: Disk,
        sweeper: Sweeper,
        *,
        rights: Rights | None = None,
        file_bytes_max: int = 512 * 1024 * 1024,
        area_bytes_max: int | None = None,
    ) -> None:
        """Take the disk (twice: by what it is used for), who may do what, and the limits of a file and of an area."""
        self._disk = disk
        self._sweeper = sweeper
        self._rights: Rights = rights or OwnAreas()
        self._file_bytes_max = file_bytes_max
        self._area_bytes_max = area_bytes_max
        self._used: dict[Key, int] = {}
        """Bytes in an area, counted once and then kept up."""

    async def info(self, uri: str, *, owner: str) -> Entry:
        """Return what is known about a file or folder."""
        place = await self._allowed(uri, owner)
        return _entry(place, await self._stat(place, owner))

    async def open(self, uri: str, *, owner: str, start: int = 0) -> tuple[Entry, AsyncIterator[bytes]]:
        """Return a file's entry and its bytes from `start`, piece by piece."""
        place = await self._allowed(uri, owner)
        stat = await self._stat(place, owner)
        if stat.folder:
            raise Conflict("file.is_folder", "This is a folder, not a file.", uri=place.uri)
        return _entry(place, stat), self._disk.read(place.key(owner), start=start)

    async def read(self, uri: str, *, owner: str, bytes_max: int = 64 * 1024 * 1024) -> bytes:
        """Return all bytes of a file. Raises `TooLarge` (`file.too_large`) when it has more than `bytes_max`."""
        entry, chunks = await self.open(uri, owner=owner)
        if (entry.size_bytes or 0) > bytes_max:
            raise TooLarge("file.too_large", f"The file has {entry.size_bytes:,} bytes; {bytes_max:,} are allowed here.", uri=entry.uri)
        return b"".join([chunk async for chunk in chunks])

    async def write(self, uri: str, data: bytes | AsyncIterable[bytes], *, owner: str, overwrite: bool = False) -> Entry:
        """Store a file, whole or not at all. Folders on the way are made.

        Raises `Conflict` (`file.exists`) unless `overwrite`, `TooLarge` (`file.too_large`, `file.quota`) and
        `Unavailable` (`file.disk_full`).
        """
        place = await self._allowed(uri, owner, write=True)
        if not place.parts:
            raise Invalid("file.path", "A file needs a name.", uri=place.uri)
        area, key = place.area(owner), place.key(owner)
        before = await self._disk.stat(key)
        old = before.size_bytes if before and not before.folder else 0
        counted = _Counted(_pieces(data), place.uri, self._file_bytes_max, await self._room(area, old))
        stat = await self._disk.write(key, counted, overwrite=overwrite)
        self._add(area, stat.size_bytes - old)
        return _entry(place, stat)

    async def move(self, source: str, target: str, *, owner: str) -> Entry:
        """Rename or move a file or folder. Raises `Conflict` (`file.exists`)."""
        origin = await self._allowed(source, owner, write=True)
        goal = await self._allowed(target, owner, write=True)
        if not origin.parts or not goal.parts:
            raise Invalid("file.path", "The top folder cannot be moved.")
        await self._stat(origin, owner)
        if goal.parts[: len(origin.parts)] == origin.parts and goal.area(owner) == origin.area(owner) and goal != origin:
            raise Conflict("file.into_itself", "A folder cannot be moved into itself.", uri=origin.uri)
        await self._disk.move(origin.key(owner), goal.key(owner))
        if origin.area(owner) != goal.area(owner):
            self._used.clear()
        return _entry(goal, await self._stat(goal, owner))

    async def copy(self, source: str, target: str, *, owner: str, overwrite: bool = False) -> Entry:
        """Copy a file, or a folder with all that is in it; returns the entry of the copy."""
        entry = await self.info(source, owner=owner)
        if entry.kind == "file":
            _, chunks = await self.open(source, owner=owner)
            return await self.write(target, chunks, owner=owner, overwrite=overwrite)
        if parse(target).uri.startswith(entry.uri.rstrip("/") + "/"):
            raise Conflict("file.into_itself", "A folder cannot be copied into itself.", uri=entry.uri)
        for child in await self.list(source, owner=owner):
            await self.copy(child.uri, f"{target.rstrip('/')}/{child.name}", owner=owner, overwrite=overwrite)
        return await self.info(target, owner=owner)

    async def delete(self, uri: str, *, owner: str) -> Trashed:
        """Put a file or folder into the trash of its area."""
        place = await self._allowed(uri, owner, write=True)
        if not place.parts:
            raise Invalid("file.path", "The top folder cannot be deleted.", uri=place.uri)
        await self._stat(place, owner)
        id = f"{new_id('fil')}.{len(place.parts)}"
        await self._disk.move(place.key(owner), (*place.area(owner), TRASH, id, *place.parts))
        return await self._trashed(place, owner, id)

    async def trash(self, uri: str, *, owner: str) -> list[Trashed]:
        """Return what is in the trash of an area (`user://`), the newest first."""
        place = await self._allowed(uri, owner)
        stats = await self._disk.list((*place.area(owner), TRASH))
        found = await asyncio.gather(*(self._trashed(place, owner, stat.name) for stat in stats))
        return sorted(found, key=lambda trashed: trashed.id, reverse=True)

    async def restore(self, uri: str, id: str, *, owner: str) -> Entry:
        """Put something back where it was. Raises `Conflict` (`file.exists`) when something else is there now."""
        area = await self._allowed(uri, owner, write=True)
        place = await self._original(area, owner, id)
        await self._disk.move((*place.area(owner), TRASH, id, *place.parts), place.key(owner))
        await self._sweeper.remove((*place.area(owner), TRASH, id))
        return _entry(place, await self._stat(place, owner))

    async def purge(self, uri: str, id: str = "", *, owner: str) -> None:
        """Delete something in the trash (or all of it) for good."""
        place = await self._allowed(uri, owner, write=True)
        await self._sweeper.remove((*place.area(owner), TRASH, *checked([id], uri)) if id else (*place.area(owner), TRASH))
        self._used.pop(place.area(owner), None)

    async def list(self, uri: str, *, owner: str) -> list[Entry]:
        """Return what a folder holds: folders first, each group by name. An area's top folder always exists."""
        place = await self._allowed(uri, owner)
        if place.parts:
            found = await self._stat(place, owner)
            if not found.folder:
                raise Conflict("file.not_folder", "This is a file, not a folder.", uri=place.uri)
        stats = await self._disk.list(place.key(owner))
        entries = [_entry(place.child(stat.name), stat) for stat in stats if place.parts or stat.name != TRASH]
        return sorted(entries, key=lambda entry: (entry.kind != "folder", entry.name.casefold(), entry.name))

    async def _allowed(self, uri: str, owner: str, *, write: bool = False) -> Place:
        place = parse(uri)
        if not await self._rights.may(owner, place, write=write):
            raise Denied("file.denied", f"You may not {'change' if write else 'see'} what is there.", uri=place.uri)
        return place

    async def _stat(self, place: Place, owner: str) -> Stat:
        found = await self._disk.stat(place.key(owner))
        if found is None:
            raise NotFound("file.none", f"There is nothing at {place.uri}.", uri=place.uri)
        return found

    async def _trashed(self, place: Place, owner: str, id: str) -> Trashed:
        origin = await self._original(place, owner, id)
        key = (*place.area(owner), TRASH, id)
        stat = await self._disk.stat((*key, *origin.parts))
        holder = await self._disk.stat(key)
        return Trashed(
            id=id,
            uri=origin.uri,
            name=origin.name,
            kind="folder" if stat and stat.folder else "file",
            size_bytes=await self._sweeper.used_bytes((*key, *origin.parts)) if stat and stat.folder else stat.size_bytes if stat else 0,
            trashed_at=holder.modified_at if holder else 0.0,
        )

    async def _original(self, area: Place, owner: str, id: str) -> Place:
        """Return where something in the trash came from: the trash keeps its path, and the id how long it is."""
        (name,) = checked([id], area.uri)
        depth = name.rpartition(".")[2]
        parts: Key = ()
        for _ in range(int(depth) if depth.isdecimal() else 0):
            inside = await self._disk.list((*area.area(owner), TRASH, name, *parts))
            if len(inside) != 1:
                break
            parts = (*parts, inside[0].name)
        if not parts or str(len(parts)) != depth:
            raise NotFound("file.none", "This is not in the trash.", id=id)
        return Place(area.scheme, area.project, parts)

    async def _room(self, area: Key, old: int) -> int | None:
        """Return how many bytes may still be written in an area, or None when there is no limit."""
        if self._area_bytes_max is None:
            return None
        if area not in self._used:
            self._used[area] = await self._sweeper.used_bytes(area)
        return self._area_bytes_max - self._used[area] + old

    def _add(self, area: Key, size_bytes: int) -> None:
        if area in self._used:
            self._used[area] += size_bytes


class _Counted:
    """Passes bytes on until a limit is reached."""

    def __init__(self, chunks: AsyncIterator[bytes], uri: str, file_bytes_max: int, room: int | None) -> None:
        self._chunks = chunks
        self._uri = uri
        self._file_bytes_max = file_bytes_max
        self._room = room
        self._size = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._chunks)
        self._size += len(chunk)
        if self._size > self._file_bytes_max:
            raise TooLarge(
                "file.too_large", f"A file may have {self._file_bytes_max:,} bytes.", uri=self._uri, limit_bytes=self._file_bytes_max
            )
        if self._room is not None and self._size > self._room:
            raise TooLarge(
                "file.quota", "There is no room left for this file.", hint="Delete something and empty the trash.", uri=self._uri
            )
        return chunk


async def _pieces(data: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(data, bytes):
        yield data
    else:
        async for chunk in data:
            yield chunk


def _entry(place: Place, stat: Stat) -> Entry:
    if stat.folder:
        return Entry(uri=place.uri, name=place.name, kind="folder", modified_at=stat.modified_at)
    return Entry(
        uri=place.uri,
        name=place.name,
        kind="file",
        size_bytes=stat.size_bytes,
        media_type=stat.media_type,
        modified_at=stat.modified_at,
    )
