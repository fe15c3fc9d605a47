"""Performs a way back with data: finds the backup, says what would be lost, and on a failure lets the database that was there serve again.

way = await find_way(hosts, fleet, known, release, backup)
lost = await losses(hosts, way)
await perform(runner, spec, hosts, plan(spec, fleet, known, way), known, fences)
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from comfytavern.deploy.errors import DeployFailed, Refused
from comfytavern.deploy.facts import Facts, facts_of
from comfytavern.deploy.lock import LOST, Fences
from comfytavern.deploy.plan import Fleet, Known
from comfytavern.deploy.runner import Runner
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Plan
from comfytavern.deploy.strategies import restore
from comfytavern.deploy.strategies.restore import Way
from comfytavern.deploy.targets.host import Host
from comfytavern.kernel.errors import Failure, Problem

__all__ = ["Losses", "Way", "find_way", "losses", "perform", "plan", "replaced", "resumed"]

CLOSED = "Run `deploy rollback --restore-db` again to go on, or `deploy resume`."


class Losses(msgspec.Struct, frozen=True):
    """What going back to a backup loses."""

    seconds: float
    """The age of the backup."""
    rows: dict[str, int]
    """By table: rows that were made or changed since."""
    unknown_secret: bool = False
    """Keys in the backup were sealed with another secret than the hosts have."""


async def find_way(hosts: Mapping[str, Host], fleet: Fleet, known: Known, release: str, backup: str) -> Way:
    """Return the way back that the hosts' backups and ledgers allow. Raises `Refused`."""
    said = await asyncio.gather(*(host.call("backups") for host in hosts.values()))
    return restore.way_back(fleet, dict(zip(hosts, said, strict=True)), known.deploy, release, backup)


async def losses(hosts: Mapping[str, Host], way: Way) -> Losses:
    """Return what would be lost."""
    said = await hosts[way.host].call("losses", {"release": way.serving, "backup": way.backup}, deadline_s=150)
    lost: dict[str, Any] = said.get("lost") or {}
    return Losses(float(lost.get("seconds") or 0), dict(lost.get("rows") or {}), bool(said.get("unknown_secret")))


async def replaced(hosts: Mapping[str, Host], way: Way) -> str:
    """Return where the replaced database is: a file on its host, or the name of a database; empty when there was none."""
    restored: dict[str, Any] = (await hosts[way.host].call("backups")).get("restored") or {}
    return str(restored.get("aside") or "") if restored.get("deploy") == way.id else ""


def plan(spec: Spec, fleet: Fleet, known: Known, way: Way) -> Plan:
    """Return what has to be done on that way."""
    return restore.restoring(spec, fleet, known, way)


def resumed(spec: Spec, fleet: Fleet, known: Known, kind: str) -> Plan:
    """Return what ends a way back that was begun and left: forward when all hosts are switched, else back.

    Raises `Refused` (`deploy.closed`) for any other wish than `resume`: nothing else may happen behind closed gates.
    """
    closed = sorted(host for host, facts in fleet.items() if facts.gate)
    if kind != "resume":
        raise Refused("deploy.closed", f"{', '.join(closed)}: closed, its data is being replaced.", hint=CLOSED, hosts=closed)
    back = None if restore.forward(fleet) else restore.going_back(spec, fleet, known)
    found = back or restore.restoring(spec, fleet, known, restore.way_back(fleet, {}, known.deploy))
    return msgspec.structs.replace(found, kind="resume")


async def perform(runner: Runner, spec: Spec, hosts: Mapping[str, Host], plan: Plan, known: Known, fences: Fences) -> None:
    """Do everything, or put the database that was there back, let it serve, and raise.

    Nothing is put back once somebody was let in on the restored data: then the failure says what is left to do.
    """
    try:
        await runner.perform(plan, fences)
    except (Failure, asyncio.CancelledError) as failure:
        if not isinstance(failure, Failure) or failure.code not in LOST:
            await _take_back(runner, spec, hosts, known, fences, failure)
        raise


async def _take_back(runner: Runner, spec: Spec, hosts: Mapping[str, Host], known: Known, fences: Fences, cause: BaseException) -> None:
    sentence = cause.sentence if isinstance(cause, Failure) else "It was interrupted."
    left: list[Problem] = []
    fleet = await _reached(hosts, left)
    back = restore.going_back(spec, fleet, known, sentence)
    try:
        if back is not None:
            await runner.perform(back, fences)
    except DeployFailed as failure:
        left.append(Problem(code=failure.code, message=f"Not taken back: {failure.sentence}"))
    closed = back is None or bool(left)
    if isinstance(cause, Failure):
        cause.with_problems(cause.problems + left)
        cause.hint = f"{cause.hint} {CLOSED}".strip() if closed else "The database that was there serves again, as before."


async def _reached(hosts: Mapping[str, Host], left: list[Problem]) -> dict[str, Facts]:
    """Return the facts of the hosts that answer; add those that do not to `left`."""

    async def one(name: str) -> tuple[str, Facts | None]:
        try:
            return name, facts_of(name, await hosts[name].call("facts", deadline_s=20))
        except DeployFailed as failure:
            left.append(Problem(code=failure.code, message=failure.sentence, place={"host": name}))
            return name, None

    return {name: facts for name, facts in await asyncio.gather(*(one(name) for name in hosts)) if facts is not None}
