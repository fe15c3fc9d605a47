"""The web app: types checked, then built by Vite into hashed, compressed files within the budget of each page."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from comfytavern.deploy.errors import DeployFailed, Refused

TELL = 15
"""Lines of a failed build that are shown: the last ones say what is wrong."""


def build(root: Path, out: Path, told: Callable[[str], None]) -> None:
    """Build the web app of the checkout at `root` into the folder `out`, which is emptied first.

    A type error stops it before Vite runs; a page over its budget stops it afterwards, with its name and the numbers. Raises
    `DeployFailed` (`build.web`, `build.types`) and `Refused` (`build.node`).
    """
    web = root / "web"
    if not (web / "node_modules" / ".package-lock.json").is_file():
        told("Installing web packages")
        _npm(web, "build.web", "The web packages cannot be installed", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    told("Checking types")
    _npm(web, "build.types", "The web app has type errors", "run", "--silent", "types:app")
    told("Building the web app")
    _npm(
        web,
        "build.web",
        "The web app cannot be built",
        "run",
        "--silent",
        "bundle",
        "--",
        "--outDir",
        str(out.resolve()),  # npm runs in another folder.
        "--emptyOutDir",
        "--logLevel",
        "warn",
    )
    if not (out / "index.html").is_file():
        raise DeployFailed("build.web", "The web app cannot be built: Vite has left no index.html.", hint="Mend it and build again.")


def reuse(root: Path, out: Path) -> None:
    """Copy the web app as it was built last. Raises `Refused` (`build.no_web`) when it never was."""
    built = root / "web" / "dist"
    if not (built / "index.html").is_file():
        raise Refused("build.no_web", "The web app has not been built.", hint="Build without --skip-web.")
    shutil.copytree(built, out, dirs_exist_ok=True)
    if (maps := maps_of(built)).is_dir():
        shutil.copytree(maps, maps_of(out), dirs_exist_ok=True)


def maps_of(web: Path) -> Path:
    """Return where the source maps of a built web app are: beside it, for they are not served (web/scripts/maps.ts)."""
    return web.with_name(f"{web.name}-maps")


def _npm(web: Path, code: str, sentence: str, *arguments: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Refused("build.node", "The web app needs Node and npm to be built.", hint="Install Node 20.19 or newer.")
    done = subprocess.run([npm, *arguments], cwd=web, capture_output=True, text=True, timeout=1200, check=False)  # noqa: S603 -- an argument vector
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).strip().splitlines() if not line.startswith("    at ")][-TELL:]
        raise DeployFailed(code, f"{sentence}:\n" + "\n".join(said), hint="Mend it and build again.")
