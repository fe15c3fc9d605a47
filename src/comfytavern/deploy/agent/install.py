"""From files to something that starts: a venv from the release's own wheels, offline, sealed.

uv comes in the release as a wheel, is unpacked once per version, and keeps its cache beside it: the packages of the next release that
did not change are linked, not written. Their bytecode comes as a wheel too (compiling takes three times as long as installing); only
the application is compiled here. Order: venv and bytecode in <id>.part, the platter (syncfs), rename to <id>. Power loss before
the rename leaves a .part, which the next `stage` or `install` starts over.
"""

from __future__ import annotations

import filecmp
import glob
import os
import shutil
import time
import zipfile
from typing import TYPE_CHECKING, Any

from . import disk, process
from .context import Context, now
from .failures import Failed

if TYPE_CHECKING:
    from collections.abc import Callable

SEALED = 0o555
HINT = "The artifact is not for this host, or not whole; see `comfytavern deploy logs`."


def install(context: Context, release: str) -> dict[str, Any]:
    """Install the staged release and return {install_ms, already}; the release folder appears whole or not at all."""
    with disk.held(context.paths.making):
        context.check_fence()
        return _install(context, release)


def _install(context: Context, release: str) -> dict[str, Any]:
    paths, began = context.paths, time.monotonic()
    if os.path.isdir(paths.release(release)):
        return {"already": True, "install_ms": 0}
    part = paths.part(release)
    if not os.path.isfile(os.path.join(part, "requirements.txt")):
        raise Failed("deploy.not_staged", f"{release} is not staged on this host.", "Stage it first.")
    disk.make_folders(paths.tools)
    disk.need_room(paths.root)
    _fill(context, paths.tools, part)
    context.progress(0.9, "Sealing")
    schema = (disk.read_json(os.path.join(part, "manifest.json")) or {}).get("schema")
    disk.write_json(os.path.join(part, "installed.json"), {"at": now(), "python": _system_python(), "schema": schema, "format": 1}, 0o444)
    _seal(part)
    _write_out(part)()
    context.check_fence()
    os.rename(part, paths.release(release))
    disk.sync_folder(paths.releases)
    return {"already": False, "install_ms": round((time.monotonic() - began) * 1000)}


def _fill(context: Context, tools: str, part: str) -> None:
    """Make the environment, with everything in it compiled; what is done is brought to the platter while the rest is being done."""
    shelf = process.aside(lambda: _shelf(tools, part))
    uv = _uv(tools, part)
    context.progress(0.1, "Making the environment")
    venv = os.path.join(part, ".venv")
    disk.remove_tree(venv)
    cache = os.path.join(tools, "cache")
    common = ["--offline", "--no-config", "--cache-dir", cache, "--quiet"]
    python = os.path.join(venv, "bin", "python")
    argv = [uv, "venv", *common, "--relocatable", "--no-project", "--no-python-downloads", "--python", _system_python(), venv]
    process.must(argv, "deploy.install_failed", "The environment cannot be made", HINT, cwd=part)
    context.progress(0.3, "Installing the packages")
    argv = [uv, "pip", "install", *common, "--no-index", "--find-links", shelf(), "--no-deps"]
    compiled = any(name.startswith("comfytavern_bytecode-") for name in os.listdir(os.path.join(part, "wheels")))
    argv += ["--require-hashes", "--python", python, "-r", os.path.join(part, "requirements.txt")]
    argv += [] if compiled else ["--compile-bytecode"]
    writing = [_write_out(part)]
    process.must(argv, "deploy.install_failed", "The packages cannot be installed", HINT, cwd=part, timeout_s=300)
    writing.append(_write_out(part))
    if compiled:
        _compile(python, glob.glob(os.path.join(glob.escape(venv), "lib", "python3*", "site-packages", "comfytavern", "*")))
    for written in writing:
        written()


def _write_out(part: str) -> Callable[[], Any]:
    """Begin to bring to the platter what is there by now; call what this returns to wait for that. At the end little is left to do."""
    return process.aside(lambda: process.run(["sync", "-f", part], timeout_s=120))


def _compile(python: str, found: list[str]) -> None:
    """Compile what is in the application, on as many processors as there are; good wherever it is copied to, whatever the files' times."""
    count = min(8, os.cpu_count() or 1)
    parts = [part for part in (sorted(found)[at::count] for at in range(count)) if part]
    begin = [python, "-IS", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    for done in [process.aside(lambda part=part: process.run([*begin, *part], timeout_s=120)) for part in parts]:
        said = done()
        if said.returncode != 0:
            why = process.last_line(said.stdout or said.stderr)
            raise Failed("deploy.install_failed", f"The application cannot be compiled: {why}", HINT)


def _system_python() -> str:
    """Return the host's own Python, by its version: a later default must not change an installed release."""
    import sys

    return process.which("python" + ".".join(map(str, sys.version_info[:2]))) or sys.executable


def _shelf(tools: str, part: str) -> str:
    """Return a folder with the wheels of the release, the same one for every release.

    uv knows an unpacked wheel again by the path and the ctime of its file. A blob's ctime changes with every link to it, so these are
    copies; only those that differ from the last release's are made anew.
    """
    shelf, wheels = os.path.join(tools, "wheels"), os.path.join(part, "wheels")
    os.makedirs(shelf, exist_ok=True)
    wanted = {name for name in os.listdir(wheels) if not name.startswith("uv-")}
    for name in set(os.listdir(shelf)) - wanted:
        os.unlink(os.path.join(shelf, name))
    for name in wanted:
        there, here = os.path.join(shelf, name), os.path.join(wheels, name)
        if not os.path.exists(there) or not filecmp.cmp(there, here, shallow=False):
            shutil.copyfile(here, there + ".part")
            os.rename(there + ".part", there)
    return shelf


def _uv(tools: str, part: str) -> str:
    """Return the uv of the release, unpacked once per version."""
    wheels = os.path.join(part, "wheels")
    name = next((name for name in sorted(os.listdir(wheels)) if name.startswith("uv-") and name.endswith(".whl")), None)
    if name is None:
        raise Failed("deploy.missing_wheel", "The wheel of uv is not in the release.", "Build the artifact again.", wheel="uv")
    version = name.split("-")[1]
    folder = os.path.join(tools, "uv-" + version)
    program = os.path.join(folder, "uv")
    if not os.path.exists(program):
        os.makedirs(folder, exist_ok=True)
        beside = f"{program}.{int(os.getpid())}"
        with zipfile.ZipFile(os.path.join(wheels, name)) as wheel, open(beside, "wb") as file:
            shutil.copyfileobj(wheel.open(f"uv-{version}.data/scripts/uv"), file, 1 << 20)
            os.fchmod(file.fileno(), 0o755)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, program)
    return program


def _seal(folder: str) -> None:
    """Take every right to write away, deepest first; files shared with the cache are sealed there too, and are never written again."""
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in files:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & SEALED)
        for name in folders:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, SEALED)
    os.chmod(folder, 0o755)  # The folder itself is renamed next; it is sealed by its owner, root.
