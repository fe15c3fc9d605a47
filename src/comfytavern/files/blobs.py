"""Large values of runs, by the digest of their content: stored once, never changed."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from comfytavern.kernel.errors import Invalid, NotFound, Unavailable
from comfytavern.kernel.ids import new_id

HEX_DIGITS = 64


class Blobs:
    """A folder of blobs."""

    def __init__(self, root: Path) -> None:
        """Take the folder; it is made when the first blob is stored."""
        self._root = root

    async def put(self, data: bytes) -> str:
        """Store `data` and return its digest (BLAKE3, hexadecimal). Storing the same again costs one look."""
        return await asyncio.to_thread(self._put, data)

    async def get(self, digest: str) -> bytes:
        """Return the blob. Raises `NotFound` (`file.blob`), also when what is stored is damaged."""
        path = self._path(digest)
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise NotFound("file.blob", "This value is no longer stored.", digest=digest) from error
        if blake3(data).hexdigest() != digest:
            raise NotFound("file.blob", "This value was damaged on the disk.", digest=digest)
        return data

    async def keep_only(self, digests: set[str]) -> int:
        """Delete every other blob and return how many bytes that freed."""
        return await asyncio.to_thread(self._keep_only, digests)

    def _put(self, data: bytes) -> str:
        digest = blake3(data).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        part = path.with_name(f"{new_id('w')}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            raise Unavailable("file.disk_full", f"A value could not be stored: {error.strerror}.") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return digest

    def _keep_only(self, digests: set[str]) -> int:
        freed = 0
        for folder, _, names in os.walk(self._root):
            for name in names:
                if len(name) == HEX_DIGITS and name not in digests:
                    path = Path(folder) / name
                    freed += path.stat().st_size
                    path.unlink()
        return freed

    def _path(self, digest: str) -> Path:
        if len(digest) != HEX_DIGITS or not all(char in "0123456789abcdef" for char in digest):
            raise Invalid("file.blob", "This is not a digest.", digest=digest)
        return self._root / digest[:2] / digest
