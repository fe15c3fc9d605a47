"""The port to whatever keeps the bytes. Adapters: local_disk.py, and testing/files.py for tests."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from comfytavern.files.paths import Key


class Stat(msgspec.Struct, frozen=True, kw_only=True):
    """What is at a key."""

    name: str
    folder: bool
    size_bytes: int = 0
    modified_at: float = 0.0
    """Seconds since 1970."""
    media_type: str = ""
    """By content, for files."""


class Disk(Protocol):
    """Files and folders by key. Folders come into being with their first file."""

    async def stat(self, key: Key, /) -> Stat | None:
        """Return what is there, or None. Raises `Invalid` (`file.link`) when a link is on the way."""
        ...

    async def list(self, key: Key, /) -> list[Stat]:
        """Return what a folder holds, in no order; nothing when there is no such folder. Links and unfinished files are left out."""
        ...

    def read(self, key: Key, /, *, start: int = 0) -> AsyncIterator[bytes]:
        """Yield the bytes from `start`. Raises `NotFound` (`file.none`)."""
        ...

    async def write(self, key: Key, chunks: AsyncIterator[bytes], /, *, overwrite: bool) -> Stat:
        """Write a file as a whole or not at all: who reads meanwhile sees the old one.

        Raises `Conflict` (`file.exists`, `file.is_folder`, `file.not_folder`), `Unavailable` (`file.disk_full`,
        `file.disk`), and whatever `chunks` raises.
        """
        ...

    async def move(self, source: Key, target: Key, /) -> None:
        """Rename a file or folder. Raises `NotFound` (`file.none`) and `Conflict` (`file.exists`)."""
        ...


class Sweeper(Protocol):
    """What only the trash and the quota need."""

    async def remove(self, key: Key, /) -> None:
        """Delete a file or a folder with all that is in it, for good; nothing happens when it is not there."""
        ...

    async def used_bytes(self, key: Key, /) -> int:
        """Return the size of all files under a key."""
        ...
