"""What the benchmarks of this folder share: a fleet with everything installed, releases, and somebody who tells how it goes."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from comfytavern.deploy.release import open_artifact  # noqa: E402 -- the line above lets these be run as scripts
from comfytavern.testing.releases import packed, variant  # noqa: E402 -- as above
from tests.lab import ground  # noqa: E402 -- as above
from tests.lab.fleet import Fleet  # noqa: E402 -- as above
from tests.lab.installation import Installation, newest_artifact  # noqa: E402 -- as above
from tests.lab.postgres import Postgres  # noqa: E402 -- as above
from tests.lab.traffic import NAME, PASSWORD  # noqa: E402 -- as above


def say(text: str) -> None:
    """Tell the person who waits."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def artifact(given: Path | None) -> Path:
    """Return the release to begin with; ends the program with the reason when there is none, or no lab."""
    if reason := ground.why_not():
        raise SystemExit(reason)
    found = given or newest_artifact()
    if found is None:
        raise SystemExit("there is no artifact in dist/: run `comfytavern build`")
    return found


def installed_like(folder: Path) -> None:
    """Let the command line find bytecode, as an installed one does; what runs from a checkout may have been told to write none."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")


@contextlib.contextmanager
def installation(hosts: int, *, machine: dict[str, Any] | None = None, **given: Any) -> Generator[Installation]:
    """Yield prepared machines on which nothing is deployed; they share a PostgreSQL when there is more than one."""
    with tempfile.TemporaryDirectory() as folder, Fleet(hosts, **(machine or {})) as fleet, contextlib.ExitStack() as stack:
        database = stack.enter_context(Postgres(fleet)) if hosts > 1 else None
        installed_like(Path(folder))
        site = Installation(fleet, Path(folder), database=database, **given)
        site.prepare()
        yield site


def releases(base: Path, folder: Path, count: int) -> list[Path]:
    """Return so many releases `0.1.0+swap0`, … with the same content."""
    opened = open_artifact(base)
    return [packed(variant(opened, f"0.1.0+swap{at}", out=folder / "releases"), folder) for at in range(count)]


def changed(base: Path, folder: Path, name: str, change: Callable[[Path], None]) -> Path:
    """Return the release `0.1.0+<name>`, whose application was changed."""
    return packed(variant(open_artifact(base), f"0.1.0+{name}", change, out=folder / "releases"), folder)


def first(site: Installation, release: Path) -> None:
    """Deploy the first release, and add somebody who can log in."""
    site.deploy("apply", str(release), "--yes")
    say(f"first deployment in {site.last_ms / 1000:.1f} s: {site.serving()}")
    site.add_person(NAME, PASSWORD)
