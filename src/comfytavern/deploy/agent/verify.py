"""Whether a release is what was built, by whom we trust, and for this host."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

from . import disk, process
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context

NAMESPACE = "comfytavern-release"
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"


def verify(context: Context, release: str) -> dict[str, Any]:
    """Check every file of the release (being assembled, or installed) and return {files, signed_by}; Failed names the first that is wrong.

    The chain: a trusted key signs SHA256SUMS, which lists manifest.json and everything else; the manifest lists sizes and modes.
    """
    folder = _folder(context, release)
    manifest = _manifest(folder, release)
    signed_by = _signature(context, folder)
    _python(manifest)
    sums = _sums(folder)
    total = len(manifest["files"])
    for done, (name, entry) in enumerate(sorted(manifest["files"].items())):
        if done % 50 == 0:
            context.progress(done / max(1, total), f"Checking {name}")
        try:
            _file(folder, name, entry["sha256"], entry.get("size"))
        except Failed:
            _forget(context, entry["sha256"])
            raise
        if sums is not None and sums.get(name) != entry["sha256"]:
            raise Failed("deploy.sums_differ", f"SHA256SUMS does not list {name} as the manifest does.", _AGAIN, file=name)
    _wheels(folder, manifest)
    return {"files": total, "signed_by": signed_by}


_AGAIN = "Do not use this artifact; build or fetch it again."


def _folder(context: Context, release: str) -> str:
    for folder in (context.paths.part(release), context.paths.release(release)):
        if os.path.isdir(folder):
            return folder
    raise Failed("deploy.no_release", f"{release} is not on this host.", "Stage it first.")


def _manifest(folder: str, release: str) -> dict[str, Any]:
    found = disk.read_json(os.path.join(folder, "manifest.json"))
    if not isinstance(found, dict) or found.get("release") != release:
        raise Failed("deploy.damaged", f"manifest.json of {release} cannot be read.", _AGAIN, file="manifest.json")
    return found


def _file(folder: str, name: str, sha256: str, size: int | None) -> None:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            found = hashlib.sha256()
            while True:
                chunk = file.read(1 << 20)
                if not chunk:
                    break
                found.update(chunk)
            length = file.tell()
    except FileNotFoundError:
        raise Failed("deploy.missing_file", f"{name} is missing.", _AGAIN, file=name) from None
    if found.hexdigest() != sha256 or (size is not None and length != size):
        raise Failed("deploy.tampered", f"{name} is not what was built.", _AGAIN, file=name)


def _forget(context: Context, sha256: str) -> None:
    """Remove the content that is not what its name says: the next attempt sends it again, instead of meeting it for ever."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(context.paths.blob(sha256))


def _sums(folder: str) -> dict[str, str] | None:
    """Return what SHA256SUMS says, its line about the manifest checked; None when the release has none (and nobody asks for one)."""
    content = disk.read(os.path.join(folder, SUMS))
    if content is None:
        return None
    listed = {}
    for row in content.decode().splitlines():
        digest, _, name = row.partition(" ")
        listed[name.lstrip(" *")] = digest
    if "manifest.json" not in listed:
        raise Failed("deploy.sums_differ", "SHA256SUMS does not list manifest.json.", _AGAIN, file="manifest.json")
    _file(folder, "manifest.json", listed["manifest.json"], None)
    return listed


def _signature(context: Context, folder: str) -> str | None:
    """Return who signed; None when this host trusts nobody in particular (it has no allowed_signers)."""
    trusted = os.path.join(context.paths.etc, "allowed_signers")
    if not os.path.exists(trusted):
        return None
    sums, signature = disk.read(os.path.join(folder, SUMS)), os.path.join(folder, SIGNATURE)
    if sums is None or not os.path.exists(signature):
        raise Failed("deploy.unsigned", "The release is not signed, and this host takes only signed ones.", "Build it with a signing key.")
    found = process.run(["ssh-keygen", "-Y", "find-principals", "-s", signature, "-f", trusted])
    signer = found.stdout.decode().strip().splitlines()[:1] if found.returncode == 0 else []
    if signer:
        argv = ["ssh-keygen", "-Y", "verify", "-f", trusted, "-I", signer[0], "-n", NAMESPACE, "-s", signature]
        if process.run(argv, stdin=sums).returncode == 0:
            return signer[0]
    why = "SHA256SUMS.sig was made for another SHA256SUMS" if signer else "SHA256SUMS.sig is by a key this host does not know"
    raise Failed("deploy.bad_signature", f"{why}.", "Trusted keys: /etc/comfytavern/allowed_signers.", file=SIGNATURE)


def _python(manifest: dict[str, Any]) -> None:
    tag = str(manifest.get("python", {}).get("tag", ""))
    if tag and tag != tag_here():
        sentence = f"The release is for Python {tag}, this host has {tag_here()}."
        raise Failed("deploy.wrong_python", sentence, f"Build it with `--python {tag_here()[2:]}`.", wanted=tag, found=tag_here())


def tag_here() -> str:
    """Return the tag of this host's Python, such as cp311."""
    return "cp" + "".join(map(str, sys.version_info[:2]))


def _wheels(folder: str, manifest: dict[str, Any]) -> None:
    """Check that every requirement has its wheel, by hash: else the installation would stop half-way."""
    there = {entry["sha256"] for name, entry in manifest["files"].items() if name.startswith("wheels/")}
    content = disk.read(os.path.join(folder, "requirements.txt"))
    if content is None:
        raise Failed("deploy.missing_file", "requirements.txt is missing.", _AGAIN, file="requirements.txt")
    for row in content.decode().replace("\\\n", " ").splitlines():
        name, _, hashes = row.partition("--hash=sha256:")
        wanted = {part.split()[0] for part in hashes.split("--hash=sha256:") if part.strip()}
        if wanted and not wanted & there:
            wheel = name.split(";")[0].strip()
            raise Failed("deploy.missing_wheel", f"The wheel of {wheel} is not in the release.", _AGAIN, wheel=wheel)
