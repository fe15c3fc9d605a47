"""What is built: a checkout, the commit it stands at, and the moment of that commit."""

import os
import re
import subprocess
from pathlib import Path

import msgspec

from comfytavern.deploy.errors import Refused

SOURCES = ("src", "web", "requirements", "pyproject.toml", "README.md", "LICENSE")
"""What an artifact is made of; an uncommitted change anywhere else does not make it dirty."""
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,63}")
CHECKOUT = "Run this in a checkout of ComfyTavern, or say where it is with --source."


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout."""

    root: Path
    version: str
    commit: str
    """Full name of the commit."""
    seconds: int
    """Unix time that every timestamp in the artifact is set to: SOURCE_DATE_EPOCH, else the time of the commit."""
    dirty: bool

    @property
    def release(self) -> str:
        """The name a release of this checkout gets when nobody gives it one."""
        return f"{self.version}+{self.commit[:7]}{'.dirty' if self.dirty else ''}"


def look(root: Path) -> Source:
    """Return what the checkout at `root` is. Raises `Refused` (`build.checkout`) when it is none."""
    try:
        text = (root / "src" / "comfytavern" / "__init__.py").read_text(encoding="utf-8")
    except OSError as error:
        raise Refused("build.checkout", f"{root} is not a checkout of ComfyTavern.", hint=CHECKOUT) from error
    if Path(__file__).resolve().parents[2] != (root / "src" / "comfytavern").resolve():
        sentence = f"This program does not run from {root}, and would build parts of another release into this one."
        raise Refused("build.checkout", sentence, hint="Run the comfytavern of that checkout: .venv/bin/python -m comfytavern build.")
    version = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if version is None:
        raise Refused("build.checkout", f"{root} is not a checkout of ComfyTavern.", hint=CHECKOUT)
    commit, seconds = git(root, "log", "-1", "--format=%H %ct").split()
    return Source(
        root=root.resolve(),
        version=version[1],
        commit=commit,
        seconds=int(os.environ.get("SOURCE_DATE_EPOCH", seconds)),
        dirty=bool(git(root, "status", "--porcelain", "--", *SOURCES)),
    )


def named(release: str) -> str:
    """Return the name of a release if it can be one. Raises `Refused` (`build.name`)."""
    if not NAME.fullmatch(release):
        hint = "Use 1 to 64 letters, digits, dots, plus signs and dashes, and begin with a letter or a digit."
        raise Refused("build.name", f"{release!r} cannot be the name of a release.", hint=hint)
    return release


def git(root: Path, *arguments: str) -> str:
    """Return what git says about the checkout. Raises `Refused` (`build.checkout`)."""
    try:
        done = subprocess.run(  # noqa: S603 -- an argument vector; git is looked up in PATH like every tool of a developer
            ["git", *arguments],  # noqa: S607 -- as above
            cwd=root,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Refused("build.checkout", f"git does not know {root}.", hint=CHECKOUT) from error
    return done.stdout.strip()
