"""A release: what its manifest says, and whether a folder or an artifact is what it says it is.

    release = Release.read(artifact)
    folder = open_artifact(artifact)
    problems = verify(folder, signers=Path("allowed_signers"), python_tag="cp311")

The chain of trust: a signature covers SHA256SUMS, which names every file, manifest.json among them; the manifest says what the files
are for.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Literal

import msgspec

from comfytavern.deploy.build import archive, signature
from comfytavern.deploy.errors import Refused
from comfytavern.kernel.errors import Problem

FORMAT = 1
MANIFEST, SUMS, SIGNATURE = "manifest.json", "SHA256SUMS", "SHA256SUMS.sig"
REQUIREMENTS, WHEELS, WEB, TEMPLATES = "requirements.txt", "wheels", "web", "templates"
SBOM, AGENT = "sbom.cdx.json", "agent/ctd.pyz"
OUTSIDE = frozenset({MANIFEST, SUMS, SIGNATURE})
"""Files the manifest does not list: itself, and what is made after it."""
AGAIN = "Copy or build the artifact again."
NEVER = "Do not install it; copy or build the artifact again."


class File(msgspec.Struct, frozen=True):
    """One file of a release."""

    sha256: str
    size: int
    mode: int = 0o644


class Schema(msgspec.Struct, frozen=True):
    """Databases the release can work on: level from `min` to `max` (None: no end is known); it brings them to `level` itself."""

    level: int = 0
    min: int = 0
    max: int | None = None


class Migration(msgspec.Struct, frozen=True):
    """One step of the database."""

    revision: str
    level: int
    phase: Literal["expand", "migrate", "contract"]


class EnvName(msgspec.Struct, frozen=True, omit_defaults=True):
    """One variable the release reads."""

    type: Literal["string", "integer", "number", "boolean"] = "string"
    required_in_production: bool = False
    secret: bool = False
    default: str | None = None
    by_deploy: bool = False
    """Set by the deployment itself; nobody writes it into a file."""
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


class Interpreter(msgspec.Struct, frozen=True):
    """The Python that the wheels are for."""

    tag: str = "cp311"
    requires: str = ">=3.11"
    platform: str = "linux_x86_64"


class Ports(msgspec.Struct, frozen=True):
    """Where the two halves listen when nothing else is said."""

    backend: int = 3233
    frontend: int = 5573


class Health(msgspec.Struct, frozen=True):
    """Paths to ask a running server."""

    alive: str = "/health"
    ready: str = "/ready"
    version: str = "/version"
    metrics: str = "/metrics"


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What manifest.json says."""

    format: int = FORMAT
    release: str
    version: str
    git: str
    created: str
    python: Interpreter
    schema: Schema = Schema()
    migrations: tuple[Migration, ...] = ()
    env: dict[str, EnvName] = {}
    ports: Ports = Ports()
    health: Health = Health()
    files: dict[str, File] = {}

    @classmethod
    def read(cls, path: Path) -> "Release":
        """Return the manifest of a release's folder, of an artifact, or of the file manifest.json itself.

        Raises `Refused`: `release.manifest` when there is none or it is not one, `release.format` for a format from the future.
        """
        return decode(_manifest(path), str(path))

    def encode(self) -> bytes:
        """Return the bytes of manifest.json: same values, same bytes."""
        return msgspec.json.format(msgspec.json.encode(self, order="deterministic"), indent=1) + b"\n"

    @property
    def wheels(self) -> list[str]:
        """Paths of the wheels."""
        return [name for name in self.files if name.startswith(WHEELS + "/")]


def decode(content: bytes, name: str) -> Release:
    """Return the release that the bytes of a manifest describe; `name` is for the sentence when they do not."""
    try:
        form = msgspec.json.decode(content, type=_Form).format
        if form != FORMAT:
            sentence = f"The manifest of {name} has format {form}; this program knows {FORMAT}."
            raise Refused("release.format", sentence, hint="Deploy with the comfytavern that built it, or a newer one.")
        return msgspec.json.decode(content, type=Release)
    except msgspec.MsgspecError as error:
        raise Refused("release.manifest", f"The manifest of {name} is not one: {error}.", hint=AGAIN) from error


class _Form(msgspec.Struct):
    format: int = 0


def _manifest(path: Path) -> bytes:
    try:
        if path.is_dir():
            return (path / MANIFEST).read_bytes()
        if path.name == MANIFEST:
            return path.read_bytes()
    except OSError as error:
        raise Refused("release.manifest", f"{path} has no {MANIFEST}: it is not a release.", hint=AGAIN) from error
    content = archive.member(path, MANIFEST)
    if content is None:
        raise Refused("release.manifest", f"{path} has no {MANIFEST}: it is not a release.", hint=AGAIN)
    return content


def open_artifact(path: Path, cache: Path | None = None) -> Path:
    """Return a folder with the files of an artifact; a folder is returned as it is.

    It is kept under the artifact's SHA-256 in `cache` (default: the user's cache folder), so that a second call costs a hash.
    Raises `Refused` (`release.archive`).
    """
    if path.is_dir():
        return path
    try:
        digest = archive.sha256(path)
    except OSError as error:
        raise Refused("release.archive", f"{path} cannot be read: {error.strerror}.", hint="Give the path of a .tar.zst.") from error
    folder = (cache or cache_folder() / "releases") / digest
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
    try:
        archive.unpack(path, part)
        part.chmod(0o755)
        part.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was quicker
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def cache_folder() -> Path:
    """Return where wheels and opened artifacts are kept between two calls: COMFYTAVERN_CACHE, else the user's cache folder."""
    chosen = os.environ.get("COMFYTAVERN_CACHE")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "comfytavern"


def verify(folder: Path, signers: Path | None = None, python_tag: str | None = None) -> list[Problem]:
    """Return everything that is wrong with an opened release, each with the name of the file and what to do; empty when it is sound.

    With `signers` (ssh-keygen's ALLOWED SIGNERS) it has to be signed by one of them; without, a signature only has to fit. With
    `python_tag` (such as `cp311`) its wheels have to be for that Python.
    """
    try:
        release = Release.read(folder)
    except Refused as refusal:
        return [_wrong(refusal.code, refusal.sentence, refusal.hint, file=MANIFEST)]
    problems = [*_files(folder, release), *_sums(folder, release), *_wheels(folder, release)]
    if python_tag and python_tag != release.python.tag:
        what = f"{release.release} is for the Python {release.python.tag}, and this is {python_tag}."
        problems.append(_wrong("release.python", what, f"Build it with --python-tag {python_tag}.", wanted=release.python.tag))
    return [*problems, *_signature(folder, release, signers)]


def checked(path: Path, signers: Path | None = None, python_tag: str | None = None) -> tuple[Release, Path]:
    """Open an artifact (or take a folder) and return it with its manifest. Raises `Refused` (`release.refused`) with every problem."""
    folder = open_artifact(path)
    if problems := verify(folder, signers, python_tag):
        raise Refused("release.refused", f"{path.name} is not taken: {problems[0].message}").with_problems(problems)
    return Release.read(folder), folder


def sums(release: Release, manifest: bytes) -> str:
    """Return the text of SHA256SUMS, which `sha256sum -c` reads: every file the manifest lists, and the manifest."""
    import hashlib  # noqa: PLC0415 -- only builders write it

    listed = {name: file.sha256 for name, file in release.files.items()} | {MANIFEST: hashlib.sha256(manifest).hexdigest()}
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(listed.items()))


def described(folder: Path) -> dict[str, File]:
    """Return what the manifest has to say about the files of a folder, sorted by name."""
    found = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return {name: File(archive.sha256(path), path.stat().st_size, archive.mode_of(path)) for name, path in found if name not in OUTSIDE}


def _signature(folder: Path, release: Release, signers: Path | None) -> list[Problem]:
    if (folder / SIGNATURE).is_file():
        return signature.doubts(folder / SUMS, folder / SIGNATURE, signers) if (folder / SUMS).is_file() else []
    if signers is None:
        return []
    return [
        _wrong("release.unsigned", f"{release.release} is not signed: it has no {SIGNATURE}.", "Build it with --sign-key.", file=SIGNATURE)
    ]


def _files(folder: Path, release: Release) -> list[Problem]:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()} - OUTSIDE
    problems = [_wrong("release.missing", f"{name} is missing.", AGAIN, file=name) for name in sorted(release.files.keys() - there)]
    problems += [
        _wrong("release.extra", f"{name} does not belong to the release.", "Remove it, or open the artifact again.", file=name)
        for name in sorted(there - release.files.keys())
    ]
    for name in sorted(there & release.files.keys()):
        path, listed = folder / name, release.files[name]
        if path.is_symlink() or path.stat().st_size != listed.size or archive.sha256(path) != listed.sha256:
            problems.append(_wrong("release.tampered", f"{name} is not the file that was built.", NEVER, file=name))
    return problems


def _sums(folder: Path, release: Release) -> list[Problem]:
    try:
        found = (folder / SUMS).read_text(encoding="utf-8")
        wanted = sums(release, (folder / MANIFEST).read_bytes())
    except (OSError, UnicodeDecodeError):
        return [_wrong("release.missing", f"{SUMS} is missing.", AGAIN, file=SUMS)]
    if found == wanted:
        return []
    differing = sorted(line.partition("  ")[2] for line in set(found.splitlines()) ^ set(wanted.splitlines()))
    name = MANIFEST if MANIFEST in differing else (differing or [SUMS])[0]
    return [_wrong("release.sums", f"{SUMS} and the release disagree about {name}.", NEVER, file=name)]


def _wheels(folder: Path, release: Release) -> list[Problem]:
    """Every requirement needs a wheel of its hash, for this Python: else the installation would stop half-way."""
    problems = [
        _wrong("release.python", f"{name} is not for {release.python.tag}.", "Build the release again for one Python.", file=name)
        for name in release.wheels
        if not fits(name, release.python.tag)
    ]
    there = {release.files[name].sha256 for name in release.wheels}
    try:
        rows = (folder / REQUIREMENTS).read_text(encoding="utf-8").splitlines()
    except OSError:
        rows = []  # reported as missing
    for row in rows:
        hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", row))
        if row.strip() and not hashes & there:
            name = row.split()[0]
            problems.append(_wrong("release.wheel", f"The wheel of {name} is not in the release.", AGAIN, requirement=name))
    return problems


def fits(wheel: str, tag: str) -> bool:
    """Tell whether the name of a wheel says that the Python with this tag can import it."""
    interpreters, abi = wheel.removesuffix(".whl").split("-")[-3:-1]
    newest = int(tag[3:])
    for each in interpreters.split("."):
        minor = each[3:]
        if each in {tag, "py3"} or (abi in {"abi3", "none"} and each[:3] in {"cp3", "py3"} and minor.isdigit() and int(minor) <= newest):
            return True
    return False


def _wrong(code: str, sentence: str, fix: str, **params: str) -> Problem:
    return Problem(code=code, message=f"{sentence} {fix}".strip(), params={**params, "fix": fix})
