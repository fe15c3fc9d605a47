"""Assembling a release from blobs, and knowing which ones there are."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from . import disk
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context
    from .paths import Paths


def stage(context: Context, release: str, manifest: str, extra: dict[str, str] | None = None) -> dict[str, Any]:
    """Build releases/<id>.part out of hard links to blobs, as the manifest (a blob) says; `extra` adds SHA256SUMS and its signature.

    A release that is installed already is left alone if it is the same one, and refused if it is another of the same name: a running
    release is never edited. An earlier half-built one is thrown away; links cost nothing.
    """
    paths = context.paths
    described = _manifest(paths, release, manifest)
    with disk.held(paths.making):  # An installation whose controller was killed may still be at work in the same folder.
        context.check_fence()
        if os.path.isdir(paths.release(release)):
            return _already(paths, release, manifest)
        return _staged(paths, release, described, manifest, extra or {})


def _staged(paths: Paths, release: str, described: dict[str, Any], manifest: str, extra: dict[str, str]) -> dict[str, Any]:
    part = paths.part(release)
    disk.remove_tree(part)
    os.makedirs(part)
    entries = {name: (entry["sha256"], int(entry.get("mode", 0o644))) for name, entry in described["files"].items()}
    entries["manifest.json"] = (manifest, 0o644)
    entries.update({name: (digest, 0o644) for name, digest in extra.items()})
    for name, (digest, mode) in sorted(entries.items()):
        _place(paths, part, name, digest, mode)
    return {"release": release, "files": len(entries), "already": False}


def installed(paths: Paths) -> list[str]:
    """Return the ids of the releases that can be started, by name."""
    if not os.path.isdir(paths.releases):
        return []
    return sorted(name for name in os.listdir(paths.releases) if not name.endswith((".part", ".gone")) and name[:1] != ".")


def manifest_of(paths: Paths, release: str) -> dict[str, Any]:
    """Return the manifest of an installed release; Failed `deploy.no_release` when it is not here."""
    found = disk.read_json(os.path.join(paths.release(release), "manifest.json"))
    if not isinstance(found, dict):
        raise Failed("deploy.no_release", f"{release} is not on this host.", f"Deploy it again; kept releases: {_list(paths)}.")
    return found


def _list(paths: Paths) -> str:
    return ", ".join(installed(paths)) or "none"


def _manifest(paths: Paths, release: str, digest: str) -> dict[str, Any]:
    content = disk.read(paths.blob(digest))
    if content is None:
        raise Failed("deploy.blob_missing", f"The manifest of {release} has not arrived.", "Send it with `receive`.", sha256=digest)
    described = json.loads(content)
    if described.get("format") != 1:
        raise Failed("deploy.manifest_format", f"Manifest format {described.get('format')!r} is not known here.", "Use a newer agent.")
    if described.get("release") != release:
        raise Failed("deploy.other_release", f"This is the manifest of {described.get('release')}, not of {release}.")
    return described


def _already(paths: Paths, release: str, manifest: str) -> dict[str, Any]:
    there = disk.read(os.path.join(paths.release(release), "manifest.json"))
    if there is None or there != disk.read(paths.blob(manifest)):
        sentence = f"A different {release} is installed on this host."
        raise Failed("deploy.release_differs", sentence, "Build with another version or `--release-id`; releases are never edited.")
    return {"release": release, "files": 0, "already": True}


def _place(paths: Paths, part: str, name: str, digest: str, mode: int) -> None:
    """Put one file into the release. Links share their mode, so a program is copied."""
    pieces = name.split("/")
    if name.startswith("/") or "\0" in name or any(piece in ("", ".", "..") for piece in pieces):
        raise Failed("deploy.bad_manifest", f"The manifest names {name!r}, which is no path inside a release.", file=name)
    target = os.path.join(part, *pieces)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        if mode & 0o111:
            with open(paths.blob(digest), "rb") as blob:
                disk.write(target, blob.read(), 0o555)
        else:
            os.link(paths.blob(digest), target)
    except FileNotFoundError:
        raise Failed("deploy.blob_missing", f"{name} has not arrived.", "Send it with `receive`.", file=name, sha256=digest) from None
