"""What the verbs of `comfytavern deploy` share: reading the spec, gathering what is sent, and showing what happens."""

import asyncio
import functools
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec
import typer

from comfytavern.cli.terminal import told_problems
from comfytavern.deploy.errors import Aborted, Locked, Refused
from comfytavern.deploy.spec import POSTGRESQL, SQLITE, Spec
from comfytavern.kernel.errors import Failure
from comfytavern.kernel.secret import Secret

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from comfytavern.deploy.runner import Event
    from comfytavern.deploy.stage import Plan
    from comfytavern.deploy.supply import Supply

T = TypeVar("T")
FAILED, REFUSED, LOCKED, ABORTED = 1, 3, 4, 5
"""Exit codes, besides 0 (done) and 2 (wrong arguments)."""


def run(work: Callable[[], Awaitable[T]], *, as_json: bool = False) -> T:
    """Run `work` and return what it gives; a failure is printed and ends the process with its exit code."""

    async def whole() -> T:
        return await work()

    try:
        return asyncio.run(whole())
    except Failure as failure:
        if as_json:
            said = {"code": failure.code, "sentence": failure.sentence, "hint": failure.hint, "params": failure.params}
            print(
                json.dumps({"ok": False, **said, "problems": [each.message for each in failure.problems]}, ensure_ascii=False, default=str)
            )
        else:
            told_problems(failure)
        raise typer.Exit(code_of(failure)) from failure
    finally:
        gc.freeze()  # We are about to end: looking through everything once more for cycles takes longer than a rollback of a host.


def code_of(failure: Failure) -> int:
    """Return the exit code that says what kind of failure it was."""
    match failure:
        case Refused():
            return REFUSED
        case Locked():
            return LOCKED
        case Aborted():
            return ABORTED
        case _:
            return FAILED


def supply_of(spec: Spec, folder: Path, release: Path | None, secrets: Mapping[str, Secret]) -> "Supply":
    """Return what is sent to the hosts: the opened release, settings, secrets, signers, the rendered site."""
    from comfytavern.deploy.release import Release  # noqa: PLC0415 -- only when something is sent
    from comfytavern.deploy.secrets import variables  # noqa: PLC0415 -- as above
    from comfytavern.deploy.supply import Supply, salted  # noqa: PLC0415 -- as above

    supply = Supply(Release.read(release) if release else None, release)
    supply.texts["base.env"] = variables(settings_of(spec)).encode()
    if secrets:
        supply.texts["secrets.env"] = salted(variables({name: secret.reveal() for name, secret in secrets.items()}))
    if signers := signers_of(spec, folder):
        supply.texts["signers"] = signers.read_bytes()
    supply.sites = sites_of(spec)
    return supply


def signers_of(spec: Spec, folder: Path) -> Path | None:
    """Return the file of allowed signers, when the spec in `folder` names one."""
    return folder / Path(spec.signers).expanduser() if spec.signers else None


def is_signed(folder: Path) -> bool:
    """Tell whether an opened release is signed; that the signature fits, `checked` has seen."""
    from comfytavern.deploy.release import SIGNATURE  # noqa: PLC0415 -- as above

    return (folder / SIGNATURE).is_file()


def settings_of(spec: Spec) -> dict[str, str]:
    """Return the settings of the app that are no secrets: production, the site's address, and what the spec says."""
    found = {"COMFYTAVERN_ENV": "production"}
    if spec.domain:
        scheme, port, usual = ("https", spec.https_port, 443) if spec.tls else ("http", spec.http_port, 80)
        found["API_BASE_URL"] = f"{scheme}://{spec.domain}" + ("" if port == usual else f":{port}")
    return found | {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in spec.env.items()}


def sites_of(spec: Spec) -> dict[str, dict[str, Any]]:
    """Return the configuration of nginx and the process manager as the agent's `site` takes it, for hosts without IPv6 and with it."""
    from comfytavern.deploy.steps.configure import SITE, SITE_IPV6  # noqa: PLC0415 -- as below

    return {SITE: _site_of(spec, ipv6=False), SITE_IPV6: _site_of(spec, ipv6=True)}


def _site_of(spec: Spec, *, ipv6: bool) -> dict[str, Any]:
    from comfytavern.deploy.render.site import Certificate, Container, Site, render  # noqa: PLC0415 -- only when something is sent

    site = Site(
        root=spec.root,
        user=spec.user,
        driver=spec.driver,
        domain=spec.domain,
        http_port=spec.http_port,
        https_port=spec.https_port,
        tls=Certificate(spec.tls.certificate, spec.tls.key) if spec.tls else None,
        upload_mib=spec.upload_mib,
        ipv6=ipv6,
        brotli=spec.brotli,
        stop_s=int(spec.deadlines.drain_s) + 30,
        container=Container(**msgspec.structs.asdict(spec.container)),
    )
    files = {path: {"text": text, "mode": 0o644} for path, text in render(site).items()}
    pair = {"certificate": spec.tls.certificate, "key": spec.tls.key} if spec.tls else {}
    return {"files": files, "driver": spec.driver, **pair}


def database_of(secrets: Mapping[str, Secret]) -> str:
    """Return what kind of database DATABASE_URL names."""
    url = secrets.get("DATABASE_URL")
    return POSTGRESQL if url and url.reveal().startswith(("postgres://", "postgresql")) else SQLITE


@functools.cache
def agent() -> bytes:
    """Return the agent as one file."""
    from comfytavern.deploy.agent.pack import pack  # noqa: PLC0415 -- only when a host is changed

    return pack()


def shown(plan: "Plan") -> str:
    """Return a plan as text for people."""
    lines = [f"{plan.kind} {plan.release} ({plan.strategy}) on {', '.join(plan.hosts)}"]
    for stage in plan.stages:
        lines.append(f"\n{stage.title}")
        lines += [f"  {step.host:<12} {step.title or step.verb}" for step in stage.steps]
        if stage.judge:
            lines.append(f"  {'':<12} Judge it: at least {stage.judge.step_s:g} s and {stage.judge.min_requests} requests")
    return "\n".join([*lines, *(f"\n{note}" for note in plan.notes)])


class Watch:
    """Shows what happens: bars for people, plain lines for a log, JSON lines for programs; always to stderr."""

    def __init__(self, *, as_json: bool) -> None:
        """Show nothing yet; time runs from now on."""
        self._json = as_json
        self._begun = time.monotonic()
        self._moved_ms: float | None = None
        self._bars: Progress | None = None
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self._json:
            from rich.console import Console  # noqa: PLC0415 -- only for people
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 -- as above

            columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[text]}"), TimeElapsedColumn())
            self._bars = Progress(*columns, console=Console(stderr=True))
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    @property
    def times(self) -> dict[str, int]:
        """Return `ms` from the first connection until now, and `moved_ms` until everybody was on the release, if anybody was moved."""
        moved = {} if self._moved_ms is None else {"moved_ms": round(self._moved_ms)}
        return {**moved, "ms": round((time.monotonic() - self._begun) * 1000)}

    def show(self, plan: "Plan") -> None:
        """Show people what will be done."""
        if not self._json and not plan.nothing:
            (self._bars.console.print if self._bars else _told)(shown(plan))

    def hear(self, event: "Event") -> None:
        """Show one event."""
        if event.state == "moved":
            self._moved_ms = (time.monotonic() - self._begun) * 1000
            event = msgspec.structs.replace(event, ms=self._moved_ms)
        if self._json:
            print(msgspec.json.encode(event).decode(), file=sys.stderr, flush=True)
        elif self._bars:
            self._bar(event)
        elif event.state != "progress" or not event.host:
            self._line(event)

    def _bar(self, event: "Event") -> None:
        key = (event.host, event.stage)
        bars = self._bars
        if bars is None or event.state == "moved":
            return
        if key not in self._tasks:
            self._tasks[key] = bars.add_task(event.title, total=1.0, text="")
        ended = event.state in {"ok", "failed"}
        name = f"{event.host}: {event.title}" if event.host else f"[bold]{event.title}[/bold]"
        bars.update(self._tasks[key], description=name, completed=1.0 if ended else event.part, text=event.text[:60])

    def _line(self, event: "Event") -> None:
        if event.host and event.state == "begin":
            return
        took = f" ({event.ms / 1000:.1f} s)" if event.host or event.state == "moved" else ""
        where = f"  {event.host}: " if event.host else ""
        mark = {"begin": "…", "ok": "ok", "failed": "FAILED", "progress": "…", "moved": "now"}[event.state]
        _told(f"{where}{event.title} {mark}{took}{' ' + event.text if event.text else ''}")


def _told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
