"""Running programs: argument vectors, never a shell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .failures import Failed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}
"""What programs see of our environment: nothing. What they need is named by who starts them."""


def run(
    argv: Sequence[str],
    *,
    env: dict[str, str] | None = None,
    timeout_s: float = 60.0,
    stdin: bytes = b"",
    user: str | None = None,
    cwd: str = "/",
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end and return what it said; Failed when it is not here or takes too long."""
    import subprocess

    more: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user and os.geteuid() == 0 else {}
    try:
        return subprocess.run(  # noqa: S603 -- an argument vector of ours; nothing is parsed by a shell
            list(argv),
            env={**ENVIRONMENT, **(env or {})},
            input=stdin,
            capture_output=True,
            timeout=timeout_s,
            cwd=cwd,
            check=False,
            **more,
        )
    except FileNotFoundError:
        raise Failed("deploy.no_program", f"{argv[0]} is not on this host.", "`comfytavern deploy host prepare` installs it.") from None
    except subprocess.TimeoutExpired:
        raise Failed("deploy.too_slow", f"{os.path.basename(argv[0])} did not end within {timeout_s:g} s.") from None


def must(argv: Sequence[str], code: str, sentence: str, hint: str = "", **more: Any) -> bytes:
    """Run a program and return its output; Failed `code` with what it said when it fails."""
    done = run(argv, **more)
    if done.returncode != 0:
        said = last_line(done.stderr) or last_line(done.stdout) or f"exit code {int(done.returncode)}"
        raise Failed(code, f"{sentence}: {said}", hint, output=(done.stderr or done.stdout).decode("utf-8", "replace")[-4000:])
    return done.stdout


def aside(work: Callable[[], T]) -> Callable[[], T]:
    """Begin `work` beside what comes next; call what this returns to wait for its value, or its failure."""
    import threading

    done: list[T] = []
    failed: list[BaseException] = []

    def whole() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 -- raised again where the value is wanted
            failed.append(error)

    thread = threading.Thread(target=whole)
    thread.start()

    def wait() -> T:
        thread.join()
        if failed:
            raise failed[0]
        return done[0]

    return wait


def last_line(output: bytes) -> str:
    """Return the last line that says something."""
    rows = [row.strip() for row in output.decode("utf-8", "replace").splitlines() if row.strip()]
    return rows[-1][:500] if rows else ""


def which(name: str) -> str | None:
    """Return the program's path; None when it is not here."""
    import shutil

    return shutil.which(name, path=ENVIRONMENT["PATH"])
