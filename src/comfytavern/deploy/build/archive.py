"""The one file a release travels in: a tar of plain files, compressed by zstd. Same folder, same bytes."""

import hashlib
import shutil
import tarfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from comfytavern.deploy.errors import Refused

if TYPE_CHECKING:
    from types import ModuleType

LEVEL = 10
"""Wheels are compressed already; a higher level costs a minute and wins one percent."""
DAMAGED = "Copy or build the artifact again."


def pack(folder: Path, artifact: Path, *, seconds: int) -> None:
    """Write every file of `folder` into `artifact`, sorted by name, owned by root, dated `seconds`, with the mode 0644 or 0755."""
    zstandard = _zstandard()
    part = artifact.with_name(artifact.name + ".part")
    # One thread: with several, where one thread's part ends would depend on their number.
    squeeze = zstandard.ZstdCompressor(level=LEVEL, threads=0, write_checksum=True, write_content_size=False)
    with (
        part.open("wb") as raw,
        squeeze.stream_writer(raw) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()):
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            entry.mtime = seconds
            entry.mode = mode_of(path)
            with path.open("rb") as content:
                tar.addfile(entry, content)
    part.replace(artifact)


def unpack(artifact: Path, folder: Path) -> None:
    """Write the files of `artifact` below `folder`. Raises `Refused` (`release.archive`) for anything but plain files inside it."""
    with reading(artifact) as entries:
        for entry, content in entries:
            target = folder / entry.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
            target.chmod(0o755 if entry.mode & 0o100 else 0o644)


def member(artifact: Path, name: str) -> bytes | None:
    """Return the content of one file of the artifact; None when it has none of that name."""
    with reading(artifact) as entries:
        for entry, content in entries:
            if entry.name == name:
                return content.read()
    return None


@contextmanager
def reading(artifact: Path) -> Generator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    """Yield the entries of the artifact in their order. Raises `Refused` (`release.archive`) when it is not one."""
    zstandard = _zstandard()
    try:
        with (
            artifact.open("rb") as raw,
            zstandard.ZstdDecompressor().stream_reader(raw) as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            yield _entries(artifact, tar)
    except OSError as error:
        raise Refused("release.archive", f"{artifact} cannot be read: {error.strerror or error}.", hint=DAMAGED) from error
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise Refused("release.archive", f"{artifact} is not a whole release artifact: {error}.", hint=DAMAGED) from error


def _entries(artifact: Path, tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for entry in tar:
        path = PurePosixPath(entry.name)
        content = tar.extractfile(entry) if entry.isreg() else None
        if content is None or path.is_absolute() or ".." in path.parts or path.as_posix() != entry.name:
            raise Refused("release.archive", f"{artifact} holds {entry.name!r}, which is not a plain file inside it.", hint=DAMAGED)
        yield entry, content


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mode_of(path: Path) -> int:
    """Return 0755 for what its owner may execute, else 0644: the two modes a release knows."""
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def _zstandard() -> "ModuleType":
    try:
        import zstandard  # noqa: PLC0415 -- only builders and operators have it
    except ImportError as error:
        hint = "pip install 'comfytavern[deploy]'"
        raise Refused("deploy.extra", "Release artifacts need the package zstandard.", hint=hint) from error
    return zstandard
