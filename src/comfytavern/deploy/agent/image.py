"""The image of a release: fetched from a registry, or made here out of the installed release. Either way the host knows it by
localhost/comfytavern:<release>, so that going back is a matter of a tag, with or without a registry.

Made here, it is two layers on the base: the packages, shared by all releases that have the same ones, and the application. Both are the
files that `install` has verified and compiled; nothing is fetched, and no secret is anywhere near.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from . import disk, process, releases
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context
    from .paths import Paths

NAME, PACKAGES = "localhost/comfytavern", "localhost/comfytavern-packages"
RELEASE, BUILT_ON = "org.opencontainers.image.version", "comfytavern.packages"
ENGINES = ("podman", "docker")
HOME = "/opt/comfytavern"
PATH = f"{HOME}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STORES = ("/var/lib/containers/storage", "/var/lib/docker")
LONG_S = 900.0
ROOM_BYTES = 600 << 20
"""An engine writes a layer of packages more than once while it makes it."""
DEFAULTS: dict[str, Any] = {
    "image": "",
    "base": "python:3.11-slim-bookworm",
    "base_archive": "",
    "network": "host",
    "memory_mib": 0,
    "cpus": 0,
    "pids": 4096,
    "files": 65536,
    "log_mib": 50,
    "log_files": 5,
    "stop_s": 150,
}


def image(context: Context, release: str, driver: str) -> dict[str, Any]:
    """Fetch or make the image of an installed `release` and return {image, image_ms}; nothing is done for one that is there."""
    began = time.monotonic()
    context.check_fence()
    tag = ensure(context.paths, driver, release, context.progress)
    return {"image": tag, "image_ms": round((time.monotonic() - began) * 1000)}


def options(paths: Paths) -> dict[str, Any]:
    """Return what [container] of deploy.toml says, as `site` has written it."""
    found = disk.read_json(os.path.join(paths.etc, "container.json"))
    return {**DEFAULTS, **(found if isinstance(found, dict) else {})}


def tag_of(release: str) -> str:
    """Return the name of a release's image. A tag has no plus, and a release no underscore: so no two releases share one."""
    return "{}:{}".format(NAME, release.replace("+", "_"))


def ensure(paths: Paths, engine: str, release: str, told: Any = None) -> str:
    """Return the tag of the release's image, which is there when this returns."""
    tell, tag = told or (lambda _part, _text: None), tag_of(release)
    manifest = releases.manifest_of(paths, release)
    with disk.held(os.path.join(paths.state, "image.lock")):
        if _id(engine, tag):
            return tag
        given = options(paths)
        if given["image"]:
            tell(0.1, "Fetching the image")
            _fetch(engine, str(given["image"]), release, tag)
        else:
            for place in (paths.root, *filter(os.path.isdir, STORES)):
                disk.need_room(place, ROOM_BYTES)
            _make(paths, engine, manifest, tag, given, tell)
        for store in STORES:  # An image that power loss could empty must not be known by its tag.
            if os.path.isdir(store):
                process.run(["sync", "-f", store], timeout_s=120)
    return tag


def prune(paths: Paths, engine: str, kept: set[str]) -> list[str]:
    """Remove the images of releases that are not `kept`, and packages no image is built on; return their tags. What is in use stays."""
    wanted = {tag_of(release) for release in kept}
    for slot in ("blue", "green"):
        about = _inspect(engine, "container", "comfytavern-" + slot)
        if about and not about["State"].get("Running") and _tag(about) not in wanted:
            process.run([engine, "rm", "-v", "comfytavern-" + slot])
    removed = [tag for tag in _tags(engine, NAME) if tag not in wanted and process.run([engine, "rmi", tag]).returncode == 0]
    used = {_label(engine, tag, BUILT_ON) for tag in _tags(engine, NAME)}
    removed += [tag for tag in _tags(engine, PACKAGES) if tag not in used and process.run([engine, "rmi", tag]).returncode == 0]
    return removed


def _fetch(engine: str, name: str, release: str, tag: str) -> None:
    """Pull the release's image and make sure that it is this release's: a tag can be moved."""
    there = name if "@" in name else "{}:{}".format(name, release.replace("+", "_"))
    hint = f"Push it there, and log the host in (`{engine!s} login`) if the registry asks for it."
    process.must([engine, "pull", "--quiet", there], "deploy.no_image", f"The image {there} cannot be fetched", hint, timeout_s=LONG_S)
    said = _label(engine, there, RELEASE)
    if said != release:
        raise Failed("deploy.wrong_image", f"{there} is the image of {said or 'nobody knows which release'}, not of {release}.", hint)
    process.must([engine, "tag", there, tag], "deploy.no_image", f"{engine} does not take the tag {tag}")


def _make(paths: Paths, engine: str, manifest: dict[str, Any], tag: str, given: dict[str, Any], tell: Any) -> None:
    base, release = str(given["base"]), str(manifest["release"])
    tell(0.1, f"Looking for {base}")
    packages = _packages(_base(engine, base, str(given["base_archive"])), manifest)
    venv = os.path.join(paths.release(release), ".venv")
    python = next(name for name in sorted(os.listdir(os.path.join(venv, "lib"))) if name.startswith("python3"))
    source, target = os.path.join(venv, "lib", python, "site-packages"), f"{HOME}/lib/{python}/site-packages/"
    names = sorted(os.listdir(source))
    ours = [name for name in names if name == "comfytavern" or name.startswith("comfytavern-")]
    if not _id(engine, packages):
        tell(0.2, "Making the layer of packages")
        fits = f"import sys, venv; have = 'python%d.%d' % sys.version_info[:2]; have == '{python}' or sys.exit('{base} has ' + have)"
        rows = [f"FROM {base}", "RUN " + json.dumps(["python3", "-c", f"{fits}; venv.create('{HOME}', symlinks=True)"])]
        rows += [f"COPY files/ {target}"]
        _build(paths, engine, packages, rows, [os.path.join(source, name) for name in names if name not in ours])
    tell(0.8, "Making the layer of the application")
    rows = [f"FROM {packages}", f"COPY files/ {target}", f"COPY script/ {HOME}/bin/", f"ENV PATH={PATH} PYTHONDONTWRITEBYTECODE=1"]
    rows += [f'LABEL {RELEASE}="{release}" {BUILT_ON}="{packages}"', 'ENTRYPOINT ["comfytavern"]', 'CMD ["serve"]', "STOPSIGNAL SIGTERM"]
    _build(paths, engine, tag, rows, [os.path.join(source, name) for name in ours], [os.path.join(venv, "bin", "comfytavern")])


def _build(paths: Paths, engine: str, tag: str, rows: list[str], files: list[str], scripts: list[str] | None = None) -> None:
    """Build `rows` with `files` (and `scripts`) as links beside them: nothing is copied twice, and nothing else is seen."""
    folder = os.path.join(paths.tools, "image.part")
    disk.remove_tree(folder)
    try:
        for name, found in (("files", files), ("script", scripts or [])):
            os.makedirs(os.path.join(folder, name))
            for path in found:
                _linked(path, os.path.join(folder, name, os.path.basename(path)))
        recipe = os.path.join(folder, "Dockerfile")
        disk.write(recipe, "\n".join(rows).encode() + b"\n", 0o644)
        argv = [engine, "build", "--quiet", "--pull=false", "--network", "none", "--tag", tag, "--file", recipe, folder]
        argv[2:2] = ["--layers=false"] if engine == "podman" else []  # One layer, written once; docker knows nothing else than several.
        hint = "[container] of deploy.toml says on which base; its Python must be the release's."
        process.must(argv, "deploy.image_failed", f"{engine} cannot make {tag}", hint, timeout_s=LONG_S)
    finally:
        disk.remove_tree(folder)


def _linked(source: str, target: str) -> None:
    """Show a file or a folder of the sealed release at another place, by links to its files."""
    if not os.path.isdir(source):
        os.link(source, target, follow_symlinks=False)
        return
    for folder, _, names in os.walk(source):
        place = os.path.join(target, os.path.relpath(folder, source)) if folder != source else target
        os.makedirs(place)
        for name in names:
            os.link(os.path.join(folder, name), os.path.join(place, name), follow_symlinks=False)


def _base(engine: str, base: str, archive: str) -> str:
    """Return the id of the base: it is here, or in a file on the host, or can be pulled."""
    if not _id(engine, base) and archive:
        process.must([engine, "load", "--input", archive], "deploy.no_image", f"{archive} cannot be loaded", timeout_s=LONG_S)
    if not _id(engine, base):
        hint = "Give [container] a base that the host can reach, or base_archive, a file on the host made by `docker save`."
        process.must([engine, "pull", "--quiet", base], "deploy.no_image", f"The base {base} cannot be fetched", hint, timeout_s=LONG_S)
    return _id(engine, base)


def _packages(base: str, manifest: dict[str, Any]) -> str:
    """Return the name of the layer of packages: of the same base and the same wheels, the same name."""
    wheels = {name: about["sha256"] for name, about in manifest["files"].items() if name.startswith("wheels/")}
    own = ("wheels/comfytavern-", "wheels/uv-")
    said = json.dumps([base, sorted(item for item in wheels.items() if not item[0].startswith(own))])
    return f"{PACKAGES}:{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def _inspect(engine: str, kind: str, name: str) -> dict[str, Any]:
    done = process.run([engine, "inspect", "--type", kind, name])
    with contextlib.suppress(ValueError, IndexError):
        return dict(json.loads(done.stdout)[0])
    return {}


def _id(engine: str, name: str) -> str:
    return str(_inspect(engine, "image", name).get("Id") or "")


def _label(engine: str, name: str, label: str) -> str:
    return str(((_inspect(engine, "image", name).get("Config") or {}).get("Labels") or {}).get(label) or "")


def _tag(about: dict[str, Any]) -> str:
    """Return the tag a container was made of."""
    return str(about.get("ImageName") or (about.get("Config") or {}).get("Image") or "")


def _tags(engine: str, name: str) -> list[str]:
    done = process.run([engine, "images", "--format", "{{.Repository}}:{{.Tag}}", name])
    return sorted({row for row in done.stdout.decode().split() if row.startswith(name + ":") and not row.endswith(":<none>")})
