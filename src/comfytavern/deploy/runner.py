"""Performs a plan: asks the hosts, stage by stage, and takes everything back when a stage before the end fails.

await Runner(hosts, supply, told).perform(plan, fences)
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from comfytavern.deploy.errors import Aborted, DeployFailed
from comfytavern.deploy.lock import Fences
from comfytavern.deploy.stage import READS, Phase, Plan, Stage, Step, Turn
from comfytavern.deploy.strategies.judge import Jury, Kind, Sample, Verdict, sample_of
from comfytavern.deploy.supply import Supply
from comfytavern.deploy.targets.host import Host
from comfytavern.kernel.errors import Failure, Problem

MOVES = frozenset({"switch", "setw", "flip"})
LEAVES = frozenset({"put", "stage"})
GONE = frozenset({"deploy.cut", "deploy.unreachable"})
DRAINS = frozenset({"drain", "flip"})
LOOK_S, LOOK_SOON_S, SOON_S = 0.25, 0.08, 3.0
"""Between two looks at the metrics of a canary; and in the first seconds of a step, in which what is very bad shows itself."""
LOOK_DEADLINE_S = 10.0
AGAIN_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits before a call whose connection broke is asked again, under its old id."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, for whoever watches. `state`: begin, progress, ok, failed; for a stage (no host) or a step.

    `moved`, once: from now on everybody is served by the release that was wished for; what follows puts things in order.
    """

    state: str
    stage: str
    title: str
    host: str = ""
    verb: str = ""
    part: float = 0.0
    text: str = ""
    ms: float = 0.0


Told = Callable[[Event], None]


class Runner:
    """Performs one plan."""

    def __init__(self, hosts: Mapping[str, Host], supply: Supply, told: Told = lambda _: None) -> None:
        """Take the connected hosts, what is sent to them, and who is told."""
        self._hosts = hosts
        self._supply = supply
        self._told = told
        self._fences: Fences = {}
        self._asked: set[tuple[str, str]] = set()
        self._gone: set[str] = set()
        """Hosts that could not be reached at all: they are asked once more, and not waited for."""

    async def perform(self, plan: Plan, fences: Fences) -> None:
        """Do everything, or take it back and raise: `DeployFailed` with the cause, `Aborted` when the canary was judged to be worse.

        A failure of a settling stage takes nothing back: the release serves, and the failure says what is left to do.
        """
        self._fences = fences
        last = next((stage for stage in reversed(plan.stages) if stage.phase is Phase.SWITCH), None)
        for stage in plan.stages:
            try:
                await self._stage(plan, stage)
            except (Failure, asyncio.CancelledError) as failure:
                if stage.phase is not Phase.SETTLE:
                    await self._undo(plan, failure)
                raise
            if stage is last:
                self._told(Event(state="moved", stage=stage.name, title=f"Everybody is on {plan.release}"))

    async def _stage(self, plan: Plan, stage: Stage) -> None:
        self._told(Event(state="begin", stage=stage.name, title=stage.title))
        lanes: dict[str, list[Step]] = {}
        for step in stage.steps:
            lanes.setdefault(step.host, []).append(step)
        jury = await self._jury(plan, stage)
        failures = await asyncio.gather(*(self._lane(plan, stage, steps) for steps in lanes.values()))
        found = [each for each in failures if each]
        if found:
            failure = found[0]
            others = [Problem(code=each.code, message=each.sentence, place={"host": each.params.get("host", "")}) for each in found[1:]]
            raise failure.with_problems(failure.problems + others)
        if jury:
            await self._judge(plan, stage, jury)
        self._told(Event(state="ok", stage=stage.name, title=stage.title))

    async def _lane(self, plan: Plan, stage: Stage, steps: list[Step]) -> DeployFailed | None:
        """Do the steps of one host; a failure is returned, so that the other hosts come to a known state too."""
        try:
            for step in steps:
                await self._step(plan, stage, step)
        except DeployFailed as failure:
            return failure
        return None

    async def _step(self, plan: Plan, stage: Stage, step: Step) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()

        def tell(state: str, part: float = 0.0, text: str = "") -> None:
            ms = (loop.time() - began) * 1000
            named = {"stage": stage.name, "title": step.title or step.verb, "host": step.host, "verb": step.verb}
            self._told(Event(state=state, part=part, text=text, ms=ms, **named))

        self._asked.add((step.host, step.verb))
        tell("begin")
        try:
            if step.verb == "send":
                await self._send(step, lambda part, text: tell("progress", part, text))
            else:
                named = None if step.verb in READS else plan.step_id(stage, step)
                await self._call(step, named, lambda part, text: tell("progress", part, text))
        except DeployFailed as failure:
            tell("failed", text=failure.sentence)
            raise
        tell("ok", 1.0)

    async def _call(self, step: Step, named: str | None, told: Callable[[float, str], None]) -> dict[str, Any]:
        """Ask once, and again while only the connection fails: the id makes sure that a step is done once."""
        args, stdin = self._supply.args(step), self._supply.stdin(step)
        for wait_s in (None,) if step.host in self._gone else (*AGAIN_S, None):
            try:
                return await self._hosts[step.host].call(
                    step.verb,
                    args,
                    fence=self._fences[step.host],
                    step=named,
                    stdin=stdin,
                    deadline_s=step.deadline_s,
                    told=told,
                )
            except DeployFailed as failure:
                if failure.code not in GONE:
                    raise
                if wait_s is None:
                    self._gone.add(step.host)
                    raise
                told(0.0, f"{failure.sentence} Asking again.")
                await asyncio.sleep(wait_s)
        raise AssertionError("unreachable")

    async def _send(self, step: Step, told: Callable[[float, str], None]) -> None:
        """Send only what the host does not have."""
        wanted = msgspec.json.encode({"sha256": sorted(self._supply.blobs())})
        ask = msgspec.structs.replace(step, verb="want", content="", args={})
        host = self._hosts[step.host]
        said = await host.call("want", {}, stdin=wanted, fence=self._fences[step.host])
        missing: list[str] = said["missing"]
        if missing:
            content = await asyncio.to_thread(self._supply.tar, missing)
            told(0.0, f"{len(missing)} files, {len(content) / 1e6:.1f} MB")
            await host.call("receive", {}, stdin=content, fence=self._fences[step.host], deadline_s=ask.deadline_s, told=told)

    async def _jury(self, plan: Plan, stage: Stage) -> Jury | None:
        """Return who judges the stage, if anybody: they have seen the counters before it, so that its first requests count."""
        if stage.judge is None:
            return None
        jury = Jury(stage.judge, [turn.host for turn in plan.compared])
        await self._look(plan, jury)
        return jury

    async def _judge(self, plan: Plan, stage: Stage, jury: Jury) -> None:
        said, loop = "", asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            verdict = await self._look(plan, jury)
            if verdict.kind is Kind.GOOD:
                return
            if verdict.kind is Kind.ABORT:
                part = f" at {stage.judge.percent} %" if stage.judge else ""
                raise Aborted("deploy.aborted", f"{plan.release} was taken back{part}: {verdict.reason}")
            if verdict.reason != said:
                said = verdict.reason
                self._told(Event(state="progress", stage=stage.name, title=stage.title, text=said))
            await asyncio.sleep(LOOK_SOON_S if loop.time() - began_s < SOON_S else LOOK_S)

    async def _look(self, plan: Plan, jury: Jury) -> Verdict:
        """Show the counters of every host to the jury and return what it says; who cannot tell them has lost."""
        at_s = asyncio.get_running_loop().time()
        try:
            samples = await asyncio.gather(*(self._samples(turn) for turn in plan.compared))
        except DeployFailed as failure:
            return Verdict(Kind.ABORT, failure.sentence)
        return jury.hear(at_s, {turn.host: pair for turn, pair in zip(plan.compared, samples, strict=True)})

    async def _samples(self, turn: Turn) -> tuple[Sample, Sample]:
        """Return what a host has counted for the old release and for the new one."""
        step = Step(host=turn.host, verb="metrics", args={"slot": turn.slot, "beside": turn.old_slot}, deadline_s=LOOK_DEADLINE_S)
        found = await self._call(step, None, lambda _part, _text: None)
        return sample_of(found["beside"]), sample_of(found["samples"])

    async def _undo(self, plan: Plan, cause: BaseException) -> None:
        """Bring every host back to the release that served before, and clean the new slot; tell what could not be done."""
        self._told(Event(state="begin", stage="undo", title="Take it back"))
        sentence = cause.sentence if isinstance(cause, Failure) else "It was interrupted."
        outcome = "aborted" if isinstance(cause, Aborted) else "failed"
        left = [each for each in await asyncio.gather(*(self._undo_host(plan, turn, outcome, sentence) for turn in plan.turns)) if each]
        self._told(Event(state="failed" if left else "ok", stage="undo", title="Take it back"))
        if left and isinstance(cause, Failure):
            cause.with_problems(cause.problems + left)
            cause.hint = f"{cause.hint} Run it again (`deploy apply`, or `deploy resume`): it goes on from what is there.".strip()

    async def _undo_host(self, plan: Plan, turn: Turn, outcome: str, sentence: str) -> Problem | None:
        begun = {verb for host, verb in self._asked if host == turn.host}
        steps: list[tuple[str, dict[str, Any]]] = []
        if begun & DRAINS and turn.old_slot:
            steps.append(("undrain", {"slot": turn.old_slot}))
        if begun & MOVES and turn.old_slot:  # From a canary, everybody is back after this one call.
            steps.append(("switch", {"slot": turn.old_slot, "release": turn.old_release}))
        if "start_slot" in begun:
            steps.append(("abandon", {"slot": turn.slot}))
        if begun & LEAVES:
            steps.append(("tidy", {}))
        steps.append(("commit", {"release": plan.release, "deploy": plan.deploy, "outcome": outcome, "note": sentence}))
        problem = None
        for number, (verb, args) in enumerate(steps):
            step = Step(host=turn.host, verb=verb, args=args, deadline_s=60)
            try:
                await self._call(step, f"{plan.deploy}.undo.{number}", lambda _part, _text: None)
            except DeployFailed as failure:  # the rest is tried all the same: the agent refuses to abandon a slot that serves
                problem = problem or Problem(code=failure.code, message=f"Not taken back: {failure.sentence}", place={"host": turn.host})
                if failure.code in GONE:
                    break
        return problem
