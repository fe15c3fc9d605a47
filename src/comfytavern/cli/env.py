"""`comfytavern env`: look at settings before a server does, compare them, write examples, renew the secret."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comfytavern.kernel.errors import Invalid

if TYPE_CHECKING:
    from comfytavern.settings.settings import Report

env = typer.Typer(help="Check, compare, list and renew settings.", no_args_is_help=True, rich_markup_mode=None)

File = Annotated[Path | None, typer.Option("--file", "-f", help="Look at this file alone, not at the environment.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@env.command()
def check(
    file: File = None,
    *,
    as_json: Json = False,
    production: Annotated[bool, typer.Option("--production", help="As if COMFYTAVERN_ENV=production.")] = False,
) -> None:
    """Say what is given and where it comes from, and everything that is wrong or doubtful; exit code 1 when a server would not start."""
    report = _report(file, environment="production" if production else None)
    if as_json:
        print(json.dumps(_as_json(report), ensure_ascii=False, indent=2))
    else:
        for each in _given(report):
            print(f"{'given':<9} {each['variable']} = {each['value']} from {each['source']}")
        for label, problems in (("WRONG", report.errors), ("doubtful", report.warnings)):
            for problem in problems:
                print(f"{label:<9} {problem.message}")
        count = len(report.found.values)
        print(f"{'ok' if not report.errors else 'WRONG':<9} {count} of the settings are given, {len(report.errors)} errors.")
    if report.errors:
        raise typer.Exit(1)


@env.command()
def diff(left: Path, right: Path, *, as_json: Json = False) -> None:
    """Print in what two files differ, secrets only by a fingerprint; exit code 1 when they do."""
    from comfytavern.settings.compare import differences  # noqa: PLC0415 -- a second that `version` need not wait

    one, two = _report(left), _report(right)
    found = differences(one, two)
    for file, report in ((left, one), (right, two)):
        for problem in report.errors:
            print(f"{file}: {problem.message}", file=sys.stderr)
    from_where = [{each["variable"]: each["source"] for each in _given(report)} for report in (one, two)]
    if as_json:
        rows = [
            {"name": each.name, "left": each.left, "right": each.right}
            | {f"{side}_source": its.get(each.name, "") for side, its in zip(("left", "right"), from_where, strict=True)}
            for each in found
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for each in found:
            sources = [f" from {its[each.name]}" if each.name in its else "" for its in from_where]
            print(f"{each.name}\n  - {each.left}{sources[0]}\n  + {each.right}{sources[1]}")
    if found:
        raise typer.Exit(1)


@env.command()
def example(form: Annotated[str, typer.Option("--format", help="env, systemd, docker, compose, ci or json.")] = "env") -> None:
    """Print every setting with its default, in the form a program reads."""
    from comfytavern.settings.render import FORMATS  # noqa: PLC0415 -- as above

    if form not in FORMATS:
        raise Invalid("cli.format", f"There is no format {form}.", hint=f"Use one of {', '.join(FORMATS)}.")
    sys.stdout.write(FORMATS[form]())


@env.command()
def rotate(
    file: Annotated[Path, typer.Option("--file", "-f", help="The file that has JWT_SECRET.")] = Path(".env"),
    *,
    finish: Annotated[bool, typer.Option("--finish", help="End the overlap: forget the earlier secrets.")] = False,
) -> None:
    """Make a new secret and keep the old one beside it, so that nobody is logged out. Restart afterwards, or send SIGHUP."""
    from comfytavern.settings.rotate import drop_previous  # noqa: PLC0415 -- as above
    from comfytavern.settings.rotate import rotate as renew  # noqa: PLC0415 -- as above

    if finish:
        print(f"{drop_previous(file)} earlier secrets were removed from {file}. Restart; what they signed or sealed is not good any more.")
        return
    rotated = renew(file)
    print(f"{rotated.name} in {file} is new; {rotated.earlier} earlier secrets are still believed. Restart.")
    print("Model keys are sealed anew by the servers once all of them know the new secret; the log says when. Then: `env rotate --finish`.")


def _report(file: Path | None, **given: Any) -> "Report":
    from comfytavern.settings.settings import ENV_FILE, examine  # noqa: PLC0415 -- as above

    if file is None:
        return examine(os.environ, ENV_FILE, **given)
    if not file.is_file():
        raise Invalid("cli.no_file", f"There is no file {file}.", hint="Give the path of a .env file.")
    return examine({}, file, secrets=file.parent / "no-secrets-beside-a-file", **given)


def _given(report: "Report") -> list[dict[str, str]]:
    """Return every variable that is given, its value as it may be shown, and where it comes from, in the order of documents."""
    from comfytavern.settings.compare import shown  # noqa: PLC0415 -- as above
    from comfytavern.settings.settings import variables  # noqa: PLC0415 -- as above

    values = report.found.values
    given = [(variable, values[variable.name]) for variable in variables() if variable.name in values]
    return [{"variable": each.name, "value": shown(each, value.text), "source": value.source} for each, value in given]


def _as_json(report: "Report") -> dict[str, Any]:
    def plain(problem: Any) -> dict[str, Any]:
        return {"variable": problem.place["field"], "message": problem.message, **problem.params}

    return {
        "ok": not report.errors,
        "given": _given(report),
        "errors": [plain(each) for each in report.errors],
        "warnings": [plain(each) for each in report.warnings],
    }
