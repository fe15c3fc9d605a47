"""The door: from a checkout to one artifact."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from comfytavern.deploy.agent.pack import pack as agent
from comfytavern.deploy.build import archive, bytecode, sbom, signature, web, wheelhouse
from comfytavern.deploy.build.source import Source, look, named
from comfytavern.deploy.build.wheel import wheel
from comfytavern.deploy.build.wheelhouse import Target
from comfytavern.deploy.errors import Refused
from comfytavern.deploy.release import (
    AGENT,
    MANIFEST,
    REQUIREMENTS,
    SBOM,
    SUMS,
    TEMPLATES,
    WEB,
    WHEELS,
    EnvName,
    Interpreter,
    Migration,
    Release,
    Schema,
    cache_folder,
    described,
    sums,
)

Told = Callable[[str], None]
"""Hears what begins now."""
EXTRAS = ("aws", "azure", "google")
"""What a release may bring along for settings in a cloud; each has a lock of its own beside requirements/run.txt."""
STEPS = 9
"""How often `told` is called at most."""


class App(msgspec.Struct, frozen=True, kw_only=True):
    """What only the application knows of itself; whoever calls looks it up."""

    schema: Schema = Schema()
    migrations: tuple[Migration, ...] = ()
    env: Mapping[str, EnvName] = {}
    templates: Mapping[str, str] = {}
    """Rendered default configuration by its path below templates/."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be built."""

    root: Path
    out: Path
    release: str = ""
    sign_key: Path | None = None
    web: Literal["build", "reuse"] = "build"
    target: Target = Target()
    cache: Path | None = None
    extras: tuple[str, ...] = ()
    """Clouds whose libraries come along: names of EXTRAS."""


class Built(msgspec.Struct, frozen=True):
    """What was built."""

    release: str
    artifact: str
    sha256: str
    bytes: int
    files: int
    signed: bool
    seconds: float


def build(wish: Wish, app: App, told: Told = lambda _: None) -> Built:
    """Build the artifact `<out>/comfytavern-<release>.tar.zst`; an older one of the same name is replaced at the very end.

    The same commit, target and tools give the same bytes, in whatever folder and at whatever time. Raises `Refused` or `DeployFailed`
    with a code `build.*`.
    """
    start = time.monotonic()
    if wrong := sorted(set(wish.extras) - set(EXTRAS)):
        raise Refused("build.extra", f"There is no extra {wrong[0]}.", hint=f"Use one of {', '.join(EXTRAS)}.")
    source = look(wish.root)
    release = named(wish.release or source.release)
    wish.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=wish.out) as made:
        folder = Path(made) / "release"
        folder.mkdir()
        _web(wish, source, release, folder / WEB, told)
        wheels = _wheels(wish, source, folder, told)
        told("Writing the bill of materials")
        _write(
            folder / SBOM,
            sbom.bill(release, source.version, seconds=source.seconds, wheels=wheels, npm_lock=source.root / "web" / "package-lock.json"),
        )
        for name, text in app.templates.items():
            _write(folder / TEMPLATES / name, text.encode())
        _write(folder / AGENT, agent(), 0o755)
        told("Writing manifest and checksums")
        seal(folder, _manifest(source, release, wish.target, app), wish.sign_key)
        told("Packing")
        artifact = wish.out.resolve() / f"comfytavern-{release}.tar.zst"
        archive.pack(folder, artifact, seconds=source.seconds)
        files = sum(path.is_file() for path in folder.rglob("*"))
    took = round(time.monotonic() - start, 2)
    return Built(release, str(artifact), archive.sha256(artifact), artifact.stat().st_size, files, wish.sign_key is not None, took)


def seal(folder: Path, about: Release, sign_key: Path | None = None) -> Release:
    """Write manifest, SHA256SUMS and, with a key, its signature for the files of `folder` as they are now; return the manifest."""
    release = msgspec.structs.replace(about, files=described(folder))
    manifest = release.encode()
    _write(folder / MANIFEST, manifest)
    _write(folder / SUMS, sums(release, manifest).encode())
    if sign_key is not None:
        signature.sign(folder / SUMS, sign_key).chmod(0o644)
    return release


def web_only(wish: Wish, told: Told = lambda _: None) -> Path:
    """Build the web app into web/dist of the checkout, where `comfytavern serve` finds it, and return that folder."""
    dist = look(wish.root).root / "web" / "dist"
    web.build(wish.root.resolve(), dist, told)
    return dist


def _web(wish: Wish, source: Source, release: str, out: Path, told: Told) -> None:
    if wish.web == "build":
        web.build(source.root, out, told)
    else:
        told("Taking the web app as it was built last")
        web.reuse(source.root, out)
    _write(out / "version.json", msgspec.json.encode({"release": release}) + b"\n")
    for folder in filter(Path.is_dir, (out, web.maps_of(out))):
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def _wheels(wish: Wish, source: Source, folder: Path, told: Told) -> list[Path]:
    """Fill wheels/ and write requirements.txt: the locked packages, the application, bytecode, and uv.

    uv installs the others and is not one of them. Return the wheels that others made, for the bill of materials.
    """
    told("Building the wheel")
    shelf = folder / WHEELS
    own = wheel(source.root, shelf, seconds=source.seconds)
    own.chmod(0o644)
    told("Gathering the wheels of what it needs")
    cache = wish.cache or cache_folder()
    wanted = _pins(source, wish.target, "run", *wish.extras)
    developers = _pins(source, wish.target, "dev")
    uv = [pin for pin in developers if pin.name == "uv"]
    if not uv:
        raise Refused("build.lock", "The lock requirements/dev.txt does not pin uv.", hint=wheelhouse.LOCK)
    found = wheelhouse.gather([*wanted, *uv], wish.target, cache)
    for path in found.values():
        shutil.copyfile(path, shelf / path.name)
    told("Compiling bytecode")
    compiled = bytecode.wheel([found[pin.name] for pin in wanted], wish.target.tag, cache)
    rows = [f"{pin.name}=={pin.version} --hash=sha256:{archive.sha256(found[pin.name])}\n" for pin in wanted]
    rows.append(f"comfytavern=={source.version} --hash=sha256:{archive.sha256(own)}\n")
    if compiled is not None:
        shutil.copyfile(compiled, shelf / compiled.name)
        rows.append(f"comfytavern-bytecode=={compiled.name.split('-')[1]} --hash=sha256:{archive.sha256(compiled)}\n")
    _write(folder / REQUIREMENTS, "".join(sorted(rows)).encode())
    return sorted(found.values())


def _pins(source: Source, there: Target, *locks: str) -> list[wheelhouse.Pin]:
    """Return what these locks pin, each package once. They were made together: a package has the same version in all of them."""
    texts = [(source.root / "requirements" / f"{lock}.txt").read_text(encoding="utf-8") for lock in locks]
    found = [pin for text in texts for pin in wheelhouse.pins(text, there)]
    return list({pin.name: pin for pin in found}.values())


def _manifest(source: Source, release: str, target: Target, app: App) -> Release:
    return Release(
        release=release,
        version=source.version,
        git=source.commit,
        created=datetime.fromtimestamp(source.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        python=Interpreter(tag=target.tag, platform=target.platform),
        schema=app.schema,
        migrations=app.migrations,
        env=dict(app.env),
    )


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
