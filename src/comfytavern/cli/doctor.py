"""`comfytavern doctor`: whether everything this needs is there and sound."""

import sys
from collections.abc import Callable

import typer

from comfytavern.cli.importing import importing
from comfytavern.cli.options import DataDir
from comfytavern.kernel.errors import Failure


def doctor(data_dir: DataDir = None) -> None:
    """Check settings, data folder, database, secret, port and web app; exit code 1 when something is wrong."""
    with importing():
        from comfytavern.boot import checkup  # noqa: PLC0415 -- a second that `version` need not wait
        from comfytavern.settings.settings import read  # noqa: PLC0415 -- as above

    try:
        settings = read(data_dir=data_dir)
    except Failure as failure:
        _tell("settings", failure)
        raise typer.Exit(1) from None
    _tell("settings", f"{settings.environment}, data in {settings.data_dir.absolute()}")
    outcomes = [_look(name, lambda check=check: check(settings)) for name, check in checkup.CHECKS.items()]
    if not all(outcomes):
        raise typer.Exit(1)


def _look(name: str, check: Callable[[], str]) -> bool:
    try:
        _tell(name, check())
    except Failure as failure:
        _tell(name, failure)
        return False
    return True


def _tell(name: str, found: str | Failure) -> None:
    if isinstance(found, str):
        print(f"ok      {name:<9} {found}")
        return
    print(f"WRONG   {name:<9} {found.sentence}")
    for problem in found.problems:
        print(f"                  {problem.message}")
    if found.hint:
        print(f"                  {found.hint}")
    sys.stdout.flush()
