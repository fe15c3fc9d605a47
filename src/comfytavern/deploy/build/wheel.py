"""The wheel of the application: made by hatchling in a folder of its own, the same bytes for the same sources."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from comfytavern.deploy.build.archive import mode_of
from comfytavern.deploy.errors import DeployFailed

FILES = ("pyproject.toml", "README.md", "LICENSE")
WEB = "_web"
"""Where a wheel has the built web app, if it has one: `comfytavern/_web`."""


def wheel(root: Path, out: Path, *, seconds: int | None = None, web: Path | None = None) -> Path:
    """Build the checkout at `root` into a wheel below `out` and return its path; with `web`, the built web app goes inside.

    The stage is a folder of its own: a server that runs from the checkout must not see a half-copied web app, and nothing that
    lies about in the checkout gets in. Raises `DeployFailed` (`build.wheel_app`).
    """
    out.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ) if seconds is None else dict(os.environ, SOURCE_DATE_EPOCH=str(seconds))
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(dir=out.resolve()) as made:
        stage = Path(folder)
        for name in FILES:
            shutil.copy2(root / name, stage / name)
        shutil.copytree(root / "src", stage / "src", ignore=shutil.ignore_patterns("__pycache__", "*.pyc", WEB, "*.egg-info"))
        if web is not None:
            shutil.copytree(web, stage / "src" / "comfytavern" / WEB)
        done = subprocess.run(  # noqa: S603 -- an argument vector
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", made],
            cwd=stage,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        found = list(Path(made).glob("*.whl"))
        if done.returncode or not found:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise DeployFailed(
                "build.wheel_app", f"The wheel cannot be built: {reason}", hint="Run this with the packages of requirements/dev.txt."
            )
        return found[0].replace(out / found[0].name)


def changed(wheel_path: Path, change: Callable[[Path], None]) -> None:
    """Unpack a wheel, let `change` edit the folder, and write the wheel again with a right RECORD; its name and dates stay."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        with zipfile.ZipFile(wheel_path) as archive:
            date = archive.infolist()[0].date_time
            archive.extractall(stage)
        change(stage)
        _write(stage, wheel_path, date)


def _write(stage: Path, target: Path, date: tuple[int, int, int, int, int, int]) -> None:
    record = next(stage.glob("*.dist-info")) / "RECORD"
    files = sorted(path for path in stage.rglob("*") if path.is_file() and "__pycache__" not in path.parts and path != record)
    rows = [f"{path.relative_to(stage).as_posix()},{_digest(path)},{path.stat().st_size}\n" for path in files]
    rows.append(f"{record.relative_to(stage).as_posix()},,\n")
    record.write_text("".join(rows), encoding="utf-8")
    part = target.with_name(target.name + ".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in [*files, record]:
            entry = zipfile.ZipInfo(path.relative_to(stage).as_posix(), date)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100000 | mode_of(path)) << 16
            archive.writestr(entry, path.read_bytes())
    part.replace(target)


def _digest(path: Path) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
