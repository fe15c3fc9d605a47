"""`comfytavern notify`: tells Slack, a mailbox and a webhook what became of a deployment; for pipelines."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comfytavern.deploy.connectors.notice import Event, Notice
from comfytavern.kernel.errors import Invalid

if TYPE_CHECKING:
    from comfytavern.cli.notifying import Telling

ERROR = "Error: "


def notify(  # noqa: PLR0913 -- one argument for each option
    event: Annotated[Event, typer.Argument(help="What became of it.")],
    *,
    release: Annotated[str, typer.Option(help="The release.")] = "",
    target: Annotated[str, typer.Option("--target", "-t", help="Where: staging, production; with --file, a target of it.")] = "",
    url: Annotated[str, typer.Option(help="Where it can be seen: the site, or the pipeline's log.")] = "",
    who: Annotated[str, typer.Option(help="Who did it; else the user and the machine.")] = "",
    duration: Annotated[float | None, typer.Option(help="Seconds it took.")] = None,
    cause: Annotated[str, typer.Option(help="Why it failed, or why somebody went back.")] = "",
    log: Annotated[Path | None, typer.Option(help="Without --cause: take the last error of this log.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A deploy.toml with [notify]; else NOTIFY_… count.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the notice as JSON.")] = False,
) -> None:
    """Tell people what became of a deployment, in one sentence.

    Exit code 0: everybody was told, or there is nobody. 1: somebody could not be told.
    """
    from comfytavern.cli.notifying import me, warn  # noqa: PLC0415 -- a second that `version` need not wait

    telling = _telling(file, target)
    notice = Notice(
        event=event,
        release=release,
        target=target,
        url=url,
        who=who or me(),
        duration_s=duration,
        cause=cause or (_last_error(log) if log else ""),
    )
    if not telling.places:
        print("Nobody is told: neither [notify] nor a variable NOTIFY_… names a place.", file=sys.stderr)
    problems = asyncio.run(telling.tell(notice))
    warn(problems)
    print(telling.clean(notice).document().decode() if json else telling.clean(notice).sentence)
    if problems:
        raise typer.Exit(1)


def _telling(file: Path | None, target: str) -> "Telling":
    from comfytavern.cli.notifying import Telling, from_environment  # noqa: PLC0415 -- as above
    from comfytavern.deploy.spec import Notify, read  # noqa: PLC0415 -- as above

    if file is None:
        wanted = from_environment()
        if wanted.mail and not (wanted.mail_from and wanted.mail_to):
            hint = "Set them, or take NOTIFY_MAIL away."
            raise Invalid("notify.mail_incomplete", "NOTIFY_MAIL needs NOTIFY_MAIL_FROM and NOTIFY_MAIL_TO.", hint=hint)
        return Telling(wanted, Path())
    spec = read(file, target if target and _has_target(file, target) else "")
    return Telling(spec.notify or Notify(), file.parent)


def _has_target(file: Path, target: str) -> bool:
    """Tell whether the file has this target: the name told to people may be one, such as production, that stands at its top."""
    from comfytavern.deploy.spec import read  # noqa: PLC0415 -- as above

    return target in read(file).target


def _last_error(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""  # it failed before it could write one
    return next((line.removeprefix(ERROR) for line in reversed(lines) if line.startswith(ERROR)), "")
