"""Content by its SHA-256: what a host has already is never sent again.

A blob is written to incoming/, hashed on the way, brought to the platter and then renamed to blobs/ab/<sha256>: what is there is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from . import disk
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context

CHUNK = 1 << 20


def want(context: Context, sha256: list[str] | None = None) -> dict[str, Any]:
    """Return which of the digests (given, or {"sha256": […]} on stdin) are not here."""
    if sha256 is None:
        sha256 = list(json.load(context.stdin)["sha256"])
    return {"missing": [digest for digest in sha256 if not os.path.exists(context.paths.blob(digest))]}


def receive(context: Context) -> dict[str, Any]:
    """Take the tar on stdin, whose members are named by their SHA-256; Failed `deploy.blob_damaged` names one that differs.

    All or nothing is not needed: what arrived whole before a connection broke need not come again.
    """
    import tarfile

    disk.make_folders(context.paths.incoming, context.paths.blobs)
    disk.need_room(context.paths.root)
    received, waiting = 0, []
    try:
        with tarfile.open(fileobj=context.stdin, mode="r|*") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is None:
                    raise Failed("deploy.bad_blobs", f"{member.name} is not a file.")
                target = context.paths.blob(member.name)
                waiting.append((_take(context, content, member.name), target))
                received += member.size
    except tarfile.TarError as error:
        raise Failed("deploy.cut_off", f"What was sent ended early: {error}.", "Send it again; what arrived is kept.") from None
    finally:
        _keep(waiting)
    return {"received_bytes": received, "blobs": len(waiting)}


def _take(context: Context, content: Any, digest: str) -> str:
    """Write one blob to incoming/ and return its path."""
    path = os.path.join(context.paths.incoming, f"{digest}.{int(os.getpid())}")
    found = hashlib.sha256()
    try:
        with open(path, "wb") as file:
            while True:
                chunk = content.read(CHUNK)
                if not chunk:
                    break
                found.update(chunk)
                file.write(chunk)
            os.fchmod(file.fileno(), 0o444)
            file.flush()
            os.fsync(file.fileno())
        if found.hexdigest() != digest:
            raise Failed("deploy.blob_damaged", f"{digest} arrived as {found.hexdigest()}.", "Send it again.", sha256=digest)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    return path


def _keep(waiting: list[tuple[str, str]]) -> None:
    folders = {os.path.dirname(target) for _, target in waiting}
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    for path, target in waiting:
        os.rename(path, target)
    for folder in folders | {os.path.dirname(folder) for folder in folders}:
        disk.sync_folder(folder)
