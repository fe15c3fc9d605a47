"""The door of the checks: look at an installation, all checks at once, within a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from comfytavern.deploy.checks import backend, frontend, logs, machines, tls, work
from comfytavern.deploy.checks.browser import browser
from comfytavern.deploy.checks.finding import Fault, Finding, Report, Verdict
from comfytavern.deploy.checks.visit import Subject, Visit, visiting

Check = Callable[[Visit], Awaitable[str]]

SLOW: Final = 3
"""A browser on a busy machine may take so many times longer than any other check."""


def _of(look: Callable[[machines.Machines | None], str]) -> Check:
    """Return a check of what the hosts say of themselves."""

    async def check(visit: Visit) -> str:
        return look(await visit.machines())

    return check


async def _certificates(visit: Visit) -> str:
    return machines.certificates(await visit.machines(), visit.subject.certificate_days)


CHECKS: Final[dict[str, Check]] = {
    "alive": backend.health,
    "ready": backend.ready,
    "version": backend.version,
    "hosts": backend.hosts,
    "page": frontend.page,
    "page cache": frontend.page_is_fresh,
    "assets": frontend.assets_exist,
    "asset cache": frontend.assets_are_kept,
    "lost asset": frontend.lost_assets,
    "compression": frontend.compression,
    "deep link": frontend.deep_link,
    "unknown api": backend.unknown_api,
    "headers": frontend.security_headers,
    "server name": backend.software_is_not_named,
    "metrics": backend.metrics_are_private,
    "certificate": tls.certificate,
    "https": tls.redirect,
    "clock": backend.clock,
    "uploads": backend.uploads,
    "websocket": work.socket,
    "login": work.login,
    "workflow": work.workflow,
    "browser": browser,
    "log": logs.log,
    "units": _of(machines.units),
    "restarts": _of(machines.restarts),
    "disks": _of(machines.disks),
    "clocks": _of(machines.clocks),
    "certificate files": _certificates,
}
"""By name, in the order of the report. The docstring of a check says what must be true."""


async def check(subject: Subject, *, told: Callable[[Finding], None] | None = None) -> Report:
    """Make every check of `subject` at the same time and report in the order of `CHECKS`; `told` hears of each as it ends.

    Never raises for what it finds: an installation that is down is a report full of failures.
    """
    started = time.monotonic()
    async with visiting(subject) as visit:
        findings = await asyncio.gather(*(_made(name, one, visit, told) for name, one in CHECKS.items()))
    return Report(subject.url, tuple(findings), (time.monotonic() - started) * 1000)


async def _made(name: str, one: Check, visit: Visit, told: Callable[[Finding], None] | None) -> Finding:
    started = time.monotonic()
    verdict, sentence, hint = Verdict.OK, "", ""
    deadline_s = visit.subject.deadline_s * (SLOW if one is browser else 1)
    try:
        async with asyncio.timeout(deadline_s):
            sentence = await one(visit)
    except TimeoutError:
        verdict, sentence = Verdict.FAIL, f"No result within {deadline_s:.0f} s."
    except Fault as fault:
        verdict, sentence, hint = fault.verdict, fault.sentence, fault.hint
    except Exception as error:  # noqa: BLE001 -- a check that breaks is a finding as well; the others go on
        verdict, sentence = Verdict.FAIL, f"{type(error).__name__}: {error}"
    finding = Finding(name, verdict, sentence, hint, (time.monotonic() - started) * 1000)
    if told:
        told(finding)
    return finding
