"""The door of the wing: what the command line asks for.

async with fleet(spec) as hosts:
    deployments = Deployments(spec, hosts, supply, told)
    prospect = await deployments.prospect(Wish(kind="apply", release=release))
    await deployments.carry_out(prospect, wait_s=60)
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from comfytavern.deploy import plan as planner
from comfytavern.deploy import preflight, restoring
from comfytavern.deploy.errors import DeployFailed, Refused
from comfytavern.deploy.facts import Certificate, Facts, facts_of
from comfytavern.deploy.lock import Fences, Held, hold
from comfytavern.deploy.release import Release
from comfytavern.deploy.resume import resuming
from comfytavern.deploy.runner import Runner, Told
from comfytavern.deploy.spec import SQLITE, Spec
from comfytavern.deploy.stage import Plan
from comfytavern.deploy.supply import Supply
from comfytavern.deploy.targets.host import Host
from comfytavern.deploy.targets.ssh import SshHost
from comfytavern.kernel.errors import Failure, Problem
from comfytavern.kernel.ids import new_id

Clock = Callable[[], datetime]
Shown = Callable[[Plan], None]


def _seen_by_nobody(_plan: Plan) -> None:
    """Show a plan to nobody."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to happen."""

    kind: Literal["apply", "rollback", "restore", "resume", "finish"]
    release: Release | None = None
    """For `apply`."""
    back_to: str = ""
    """For `rollback` and `restore`: empty means the release before."""
    backup: str = ""
    """For `restore`: the backup to go back to; empty means the one from before the release that serves was deployed."""
    again: bool = False
    names: frozenset[str] = frozenset()
    """Settings and secrets that will be there."""
    database: str = SQLITE
    signed: bool = False


class Prospect(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen, and what speaks against it."""

    wish: Wish
    plan: Plan
    problems: tuple[Problem, ...] = ()
    way: restoring.Way | None = None
    """For `restore`: where it leads."""


class Deployments:
    """One installation."""

    def __init__(
        self,
        spec: Spec,
        hosts: Mapping[str, Host],
        supply: Supply | None = None,
        told: Told = lambda _: None,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        deploy: str = "",
    ) -> None:
        """Take the spec, its hosts, what is sent to them and who is told; `deploy` is the id of this attempt."""
        self._spec = spec
        self._hosts = hosts
        self._supply = supply or Supply()
        self._told = told
        self._clock = clock
        self._deploy = deploy or new_id("dep")

    def watched(self, told: Told) -> "Deployments":
        """Return the same attempt, told to another."""
        return Deployments(self._spec, self._hosts, self._supply, told, clock=self._clock, deploy=self._deploy)

    async def facts(self, kind: str = "all") -> dict[str, Facts]:
        """Return what each host says about itself, of one kind: all or brief.

        Raises `DeployFailed` with every host that does not answer.
        """
        said = await everywhere(self._hosts, lambda host: host.call("facts", {"kind": kind}, deadline_s=20))
        return {name: facts_of(name, each) for name, each in said.items()}

    async def prospect(self, wish: Wish) -> Prospect:
        """Return the plan that fulfils a wish now, and every problem of preflight."""
        return await self._prospect(wish, await self.facts(_kind(wish)))

    async def _prospect(self, wish: Wish, fleet: dict[str, Facts]) -> Prospect:
        problems: list[Problem] = []
        if wish.kind == "apply":
            fleet = await self._with_certificates(fleet)
            problems = preflight.problems(self._spec, wish.release, fleet, self._known(wish))
        if wish.kind == "restore":
            known = planner.Known(deploy=self._deploy, sites=self._supply.digests())
            way = await restoring.find_way(self._hosts, fleet, known, wish.back_to, wish.backup)
            return Prospect(wish=wish, plan=restoring.plan(self._spec, fleet, known, way), way=way)
        return Prospect(wish=wish, plan=self._planned(wish, fleet), problems=tuple(problems))

    async def _with_certificates(self, fleet: dict[str, Facts]) -> dict[str, Facts]:
        """Return the facts with the certificate that the spec names, which may be another one than the site's until now."""
        if self._spec.tls is None:
            return fleet
        args = {"path": self._spec.tls.certificate, "key": self._spec.tls.key, "domain": self._spec.domain}
        said = await self.ask("certificate", args)
        found = {name: msgspec.convert(each, Certificate) for name, each in said.items()}
        return {name: msgspec.structs.replace(facts, certificate=found[name]) for name, facts in fleet.items()}

    async def carry_out(self, wish: Wish, agreed: Plan | None = None, *, wait_s: float = 0.0, shown: Shown = _seen_by_nobody) -> Plan:
        """Lock the hosts, plan by what is true now, show it, and perform it; return the plan that was performed.

        With `agreed`, the plan somebody has said yes to, nothing else is performed: Raises `Refused` (`deploy.changed`) when it would
        be. Raises `Refused` (`deploy.preflight`), `Locked`, `DeployFailed` or `Aborted`.
        """

        async def body(held: Held) -> Plan:
            prospect = await self._prospect(wish, {name: facts_of(name, held.facts[name]) for name in self._hosts})
            if prospect.problems:
                raise refusal(prospect.problems)
            if agreed is not None and agreed != prospect.plan:
                sentence = "Something changed on the hosts since the plan was shown."
                raise Refused("deploy.changed", sentence, hint="Run it again and look at the new plan.")
            shown(prospect.plan)
            await self._perform(prospect, held.fences)
            return prospect.plan

        await everywhere(self._hosts, lambda host: host.reach())
        return await hold(self._hosts, self._deploy, body, wait_s=wait_s, facts=_kind(wish))

    async def losses(self, way: restoring.Way) -> restoring.Losses:
        """Return what would be lost on that way."""
        return await restoring.losses(self._hosts, way)

    async def replaced(self, way: restoring.Way) -> str:
        """Return where the database is that was replaced on that way: a file on its host, or a database's name."""
        return await restoring.replaced(self._hosts, way)

    async def unlock(self, reason: str) -> dict[str, Any]:
        """Take the lock away from whoever holds it; return who did, by host."""
        return await everywhere(self._hosts, lambda host: host.call("lock_break", {"reason": reason}))

    async def ask(self, verb: str, args: dict[str, Any] | None = None, deadline_s: float = 30.0) -> dict[str, dict[str, Any]]:
        """Return what each host answers to a verb that only reads."""
        return await everywhere(self._hosts, lambda host: host.call(verb, args, deadline_s=deadline_s))

    async def logs(self, slot: str = "", lines: int = 100) -> dict[str, dict[str, Any]]:
        """Return {lines} of each host's app, oldest first: of `slot`, else of the one that serves, else of the one that was tried."""
        known = await self.facts()

        async def one(host: Host) -> dict[str, Any]:
            chosen = slot or known[host.name].state.active or known[host.name].idle
            return await host.call("logs", {"slot": chosen, "lines": lines})

        return await everywhere(self._hosts, one)

    async def _perform(self, prospect: Prospect, fences: Fences) -> None:
        runner = Runner(self._hosts, self._supply, self._told)
        if prospect.way is None:
            await runner.perform(prospect.plan, fences)
            return
        known = planner.Known(deploy=self._deploy)
        await restoring.perform(runner, self._spec, self._hosts, prospect.plan, known, fences)

    def _planned(self, wish: Wish, fleet: dict[str, Facts]) -> Plan:
        known = planner.Known(deploy=self._deploy, sites=self._supply.digests(), again=wish.again)
        if any(facts.gate for facts in fleet.values()):
            return restoring.resumed(self._spec, fleet, known, wish.kind)
        match wish.kind:
            case "restore":
                raise ValueError("a restore is planned by its way")
            case "apply":
                if wish.release is None:
                    raise ValueError("apply needs a release")
                return planner.deploying(self._spec, wish.release, fleet, known)
            case "rollback":
                return planner.rolling_back(self._spec, fleet, known, wish.back_to)
            case "resume":
                return resuming(self._spec, fleet, known)
            case "finish":
                return planner.finishing(self._spec, fleet, known)

    def _known(self, wish: Wish) -> preflight.Known:
        return preflight.Known(now=self._clock(), names=wish.names, database=wish.database, signed=wish.signed)


def _kind(wish: Wish) -> str:
    """Return which facts a plan for this wish depends on; to go back, what runs and what is installed."""
    return "brief" if wish.kind in {"rollback", "finish"} else "all"


def refusal(problems: tuple[Problem, ...]) -> Failure:
    """Return the failure that stands for problems of preflight."""
    others = len(problems) - 1
    more = f" {others} more {'speaks' if others == 1 else 'speak'} against it." if others else ""
    return Refused("deploy.preflight", f"Nothing was begun: {problems[0].message}{more}").with_problems(list(problems))


async def everywhere(hosts: Mapping[str, Host], ask: Callable[[Host], Any]) -> dict[str, Any]:
    """Ask all hosts at once and return what they say. Raises the first failure, with the others among its problems."""
    said = await asyncio.gather(*(ask(host) for host in hosts.values()), return_exceptions=True)
    failures = [each for each in said if isinstance(each, DeployFailed)]
    for each in said:
        if isinstance(each, BaseException) and not isinstance(each, DeployFailed):
            raise each
    if failures:
        raise failures[0].with_problems([Problem(code=each.code, message=each.sentence) for each in failures[1:]])
    return dict(zip(hosts, said, strict=True))


@contextlib.asynccontextmanager
async def fleet(spec: Spec, agent: Callable[[], bytes] | None = None) -> AsyncGenerator[dict[str, Host]]:
    """Yield the hosts of a spec, reached by SSH; with `agent`, each has that agent when it is first asked."""
    machines = {name: SshHost(name, spec, agent) for name in spec.hosts}
    hosts: dict[str, Host] = dict(machines)
    try:
        if agent is not None:
            await everywhere(hosts, lambda host: machines[host.name].prepare())
        yield hosts
    finally:
        await asyncio.gather(*(host.close() for host in hosts.values()))
