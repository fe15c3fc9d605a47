"""`comfytavern check`: whether an installation works, seen from outside; a table for people, JSON and an exit code for CI."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comfytavern.kernel.errors import Invalid

if TYPE_CHECKING:
    from comfytavern.deploy.checks.finding import Finding, Report
    from comfytavern.deploy.checks.machines import Survey
    from comfytavern.deploy.checks.visit import Login
    from comfytavern.deploy.spec import Spec
    from comfytavern.deploy.targets.host import Host

PASSWORD = "COMFYTAVERN_CHECK_PASSWORD"  # noqa: S105 -- the name of a variable, not a password
SURVEY_S = 8.0
STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "skip": "dim"}


def check(  # noqa: PLR0913 -- one argument for each option
    url: Annotated[str, typer.Argument(help="Address of the installation, such as https://tavern.example.org; else that of --file.")] = "",
    *,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A deploy.toml: look at its hosts by SSH as well.")] = None,
    target: Annotated[str, typer.Option("--target", "-t", help="A target of it, such as staging.")] = "",
    user: Annotated[str, typer.Option(help=f"Log in as this person; the password comes from --password-file or {PASSWORD}.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File with the password.")] = None,
    host: Annotated[list[str] | None, typer.Option(help="Address and port of a host behind the domain; once for each.")] = None,
    release: Annotated[str, typer.Option(help="The release that must answer.")] = "",
    ca: Annotated[Path | None, typer.Option(help="PEM file of the CA of the certificate, if it is a private one.")] = None,
    log: Annotated[list[Path] | None, typer.Option(help="Log file to look for errors in; once for each.")] = None,
    browser: Annotated[bool, typer.Option(help="Drive a real headless Chromium.")] = True,
    certificate_days: Annotated[float, typer.Option(help="Fail when the certificate expires sooner.")] = 14.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Check an installation: back end, web app, headers, caching, certificate, WebSocket, login, a workflow, the log; its hosts too.

    Exit code 0: nothing failed. 1: something failed. 2: wrong arguments.
    """
    from comfytavern.deploy.checks.service import check as look  # noqa: PLC0415 -- a second that `version` need not wait
    from comfytavern.deploy.checks.visit import Subject  # noqa: PLC0415 -- as above

    spec = _spec(file, target) if file else None
    url = url or (_address(spec) if spec else "")
    if not url:
        raise Invalid("check.url", "No address was given.", hint="Give one, or the deploy.toml that names it: --file deploy.toml.")
    if not url.startswith(("http://", "https://")):
        raise Invalid("check.url", f"{url} is not an address like https://tavern.example.org.", hint="Begin it with https:// or http://.")
    subject = Subject(
        url.rstrip("/"),
        login=_login(user, password_file),
        ca=ca,
        browser=browser,
        expected=release,
        addresses=tuple(host or ()),
        log_lines=_lines(log) if log else None,
        survey=survey_of(spec) if spec else None,
        certificate_days=certificate_days,
    )
    show = _Table(json=json)
    report = asyncio.run(look(subject, told=show.heard))
    show.end(report)
    if not report.ok:
        raise typer.Exit(1)


def _spec(file: Path, target: str) -> "Spec":
    from comfytavern.deploy.spec import read  # noqa: PLC0415 -- as above

    return read(file, target)


def _address(spec: "Spec") -> str:
    from comfytavern.cli.deploying import settings_of  # noqa: PLC0415 -- as above

    if not spec.domain:
        raise Invalid("check.url", "The file names no domain.", hint="Give the address as well: comfytavern check URL --file FILE.")
    return settings_of(spec)["API_BASE_URL"]


def survey_of(spec: "Spec") -> "Survey":
    """Return what asks every host of a spec how it is, all at once; it never raises for one that does not answer."""
    from comfytavern.deploy.checks.machines import Machine, machine_of  # noqa: PLC0415 -- as above
    from comfytavern.deploy.errors import DeployFailed  # noqa: PLC0415 -- as above
    from comfytavern.deploy.service import fleet  # noqa: PLC0415 -- as above

    async def one(host: "Host") -> Machine | str:
        try:
            await host.call("lock_show", deadline_s=SURVEY_S)  # connects, so that the clock is asked over an open line
            asked = time.time()
            said = await host.call("survey", deadline_s=SURVEY_S)
            return machine_of(said, asked, time.time())
        except DeployFailed as failure:
            old = failure.code == "deploy.bad_call"
            return f"{host.name}: its agent is of an older release; run `deploy host prepare`" if old else failure.sentence.rstrip(".")

    async def survey() -> dict[str, Machine | str]:
        async with fleet(spec) as hosts:
            found = await asyncio.gather(*(one(host) for host in hosts.values()))
            return dict(zip(hosts, found, strict=True))

    return survey


def _login(user: str, file: Path | None) -> "Login | None":
    from comfytavern.deploy.checks.visit import Login  # noqa: PLC0415 -- as above

    if not user:
        return None
    try:
        password = file.read_text(encoding="utf-8").rstrip("\n") if file else os.environ.get(PASSWORD, "")
    except OSError as error:
        raise Invalid("check.password", f"{file} cannot be read: {error.strerror}.") from error
    if not password:
        raise Invalid("check.password", f"There is no password for {user}.", hint=f"Give --password-file, or set {PASSWORD}.")
    return Login(user, password)


def _lines(files: list[Path]) -> tuple[str, ...]:
    try:
        return tuple(line for file in files for line in file.read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError as error:
        raise Invalid("check.log", f"{error.filename} cannot be read: {error.strerror}.") from error


class _Table:
    """What a person sees: how far it is, then a table. A program sees one JSON document."""

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._heard = 0

    def heard(self, _finding: "Finding") -> None:
        self._heard += 1
        if not self._json and sys.stderr.isatty():
            print(f"\r{self._heard} checks made …", end="", file=sys.stderr, flush=True)

    def end(self, report: "Report") -> None:
        if self._json:
            import json  # noqa: PLC0415 -- the name is an option above

            print(json.dumps(report.document(), ensure_ascii=False))
            return
        from rich.console import Console  # noqa: PLC0415 -- only for people
        from rich.table import Table  # noqa: PLC0415 -- as above

        table = Table(box=None, pad_edge=False, show_header=False)
        for finding in report.findings:
            said = finding.sentence + (f"\n{finding.hint}" if finding.hint and finding.verdict in {"fail", "warn"} else "")
            table.add_row(
                finding.verdict.value, finding.check, said, style=STYLES[finding.verdict.value] if finding.verdict != "ok" else ""
            )
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        Console(highlight=False).print(table)
        counts = {verdict: sum(each.verdict == verdict for each in report.findings) for verdict in STYLES}
        print(f"\n{report.url}: " + ", ".join(f"{n} {word}" for word, n in counts.items() if n) + f", {report.ms / 1000:.1f} s")
