"""What is sent to the hosts with some steps: the release, settings, secrets, the site. Kept apart from plans, which are shown."""

import hashlib
import io
import secrets
import tarfile
from pathlib import Path
from typing import Any

from comfytavern.deploy.release import MANIFEST, SIGNATURE, SUMS, Release
from comfytavern.deploy.stage import Step


class Supply:
    """Contents by name; see `Step.content`."""

    def __init__(self, release: Release | None = None, folder: Path | None = None) -> None:
        """Take the opened release that is to be sent, when there is one."""
        self._release = release
        self._folder = folder
        self.texts: dict[str, bytes] = {}
        """`base.env`, `secrets.env`, `signers`."""
        self.sites: dict[str, dict[str, Any]] = {}
        """Arguments of the agent's `site` by the step's content: files {path: {text, mode}} and the certificate's path."""
        self._blobs: dict[str, Path] = {}

    def args(self, step: Step) -> dict[str, Any]:
        """Return the step's arguments, with those that depend on its content."""
        match step.content:
            case "stage":
                return {**step.args, **self._staging()}
            case name if name in self.sites:
                return {**step.args, **self.sites[name]}
            case name if name in self.texts:
                return {**step.args, "sha256": hashlib.sha256(self.texts[name]).hexdigest()}
            case _:
                return step.args

    def digests(self) -> dict[str, str]:
        """Return, for each site, the digest that the agent gives once it is written (`digest` in agent/site.py)."""
        return {name: _digest(site["files"]) for name, site in self.sites.items()}

    def stdin(self, step: Step) -> bytes | None:
        """Return what is sent on the standard input of the step's call."""
        return self.texts.get(step.content)

    def blobs(self) -> dict[str, Path]:
        """Return every file of the release by its SHA-256."""
        if not self._blobs and self._release and self._folder:
            self._blobs = {file.sha256: self._folder / name for name, file in self._release.files.items()}
            for name in (MANIFEST, SUMS, SIGNATURE):
                path = self._folder / name
                if path.is_file():
                    self._blobs[_sha256(path)] = path
        return self._blobs

    def tar(self, digests: list[str]) -> bytes:
        """Return a tar of the files with these digests, named by them."""
        blobs, buffer = self.blobs(), io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for digest in digests:
                archive.add(blobs[digest], arcname=digest, filter=_plain)
        return buffer.getvalue()

    def _staging(self) -> dict[str, Any]:
        folder = self._folder
        if folder is None:
            return {}
        extra = {name: _sha256(folder / name) for name in (SUMS, SIGNATURE) if (folder / name).is_file()}
        return {"manifest": _sha256(folder / MANIFEST), "extra": extra}


def salted(text: str) -> bytes:
    """Return an environment file whose SHA-256, which is logged, lets nobody try out guesses at what is in it."""
    return f"# {secrets.token_hex(16)}\n{text}".encode()


def _digest(files: dict[str, dict[str, Any]]) -> str:
    rows = (f"{hashlib.sha256(files[name]['text'].encode()).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o644
    return entry
