"""What has to be done, from what is wanted and what is there. Pure: the same values give the same plan, and nothing happens.

    deploying(spec, release, facts, known) -> Plan
    rolling_back(spec, facts, known, release="") -> Plan
    finishing(spec, facts, known) -> Plan

A plan is always made from the facts of now. So an attempt that ended half-way is not a special case: what is done is left out, what
is half done is cleaned or used, and the plan ends in the same state.
"""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from comfytavern.deploy.errors import Refused
from comfytavern.deploy.facts import SLOTS, Facts
from comfytavern.deploy.release import Release
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Phase, Plan, Stage, Step, Turn, stage
from comfytavern.deploy.steps import configure, data, install, settle, slots
from comfytavern.deploy.strategies import blue_green, canary, replace, rolling

Fleet = Mapping[str, Facts]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan depends on besides the spec, the release and the facts."""

    deploy: str
    sites: Mapping[str, str] = {}
    """Digest of each site that could be written, by its name (steps/configure.py). Without any, what is there is right."""
    again: bool = False
    """Deploy a release that serves already into the other slot: for changed settings and secrets."""


def deploying(spec: Spec, release: Release, fleet: Fleet, known: Known) -> Plan:
    """Return what makes `release` serve on every host."""
    turns = tuple(_turn(host, facts) for host, facts in fleet.items() if known.again or facts.active != release.release or facts.mixed)
    behind = [host for host, facts in fleet.items() if _unsettled(facts, release.release)]
    sites = [host for host, facts in fleet.items() if configure.site(host, facts, spec, known.sites)]
    if not turns and not behind and not sites:
        return new_plan("deploy", release.release, spec, fleet, known, notes=(f"{release.release} serves everywhere: nothing to do.",))
    changing = sorted({turn.host for turn in turns} | set(sites))
    stages = (*_brought(spec, release, fleet, turns), *_prepared(spec, release, fleet, known, changing))
    begins = {turn.host: tuple(slots.starts(turn.host, fleet[turn.host], release.release, spec, fresh=known.again)) for turn in turns}
    stages += _moved(spec, turns, begins, release.release)
    stages += stage("settle", "Write it down", Phase.SETTLE, _settled(spec, release.release, fleet, known, turns))
    return new_plan("deploy", release.release, spec, fleet, known, turns=turns, stages=stages, notes=_notes(spec, turns))


def rolling_back(spec: Spec, fleet: Fleet, known: Known, release: str = "") -> Plan:
    """Return what makes the release before (or `release`) serve again: a flip where it is warm everywhere, else a start and a switch.

    Raises `Refused`: `deploy.no_way_back` when a host does not have it, `deploy.schema` when it cannot run on the database.
    """
    wanted = _back_to(fleet, release)
    data.refuse_out_of_range(fleet, wanted)
    turns = tuple(_turn(host, facts) for host, facts in fleet.items() if facts.active != wanted or facts.mixed)
    if not turns:
        return new_plan("rollback", wanted, spec, fleet, known, notes=(f"{wanted} serves everywhere: nothing to do.",))
    begins = {turn.host: tuple(slots.starts(turn.host, fleet[turn.host], wanted, spec)) for turn in turns}
    settled = stage("settle", "Write it down", Phase.SETTLE, _settled(spec, wanted, fleet, known, turns, "rollback"))
    if all(warm(fleet[turn.host], wanted) for turn in turns):
        flips = (Step(host=turn.host, verb="flip", args={"to_slot": turn.slot}, title=f"Flip to {turn.slot}") for turn in turns)
        stages = (*stage("flip", "Back to the warm release", Phase.SWITCH, flips), *settled)
        return new_plan("rollback warm", wanted, spec, fleet, known, turns=turns, stages=stages)
    stages = (*blue_green.stages(turns, begins, wanted), *settled)
    return new_plan("rollback cold", wanted, spec, fleet, known, turns=turns, stages=stages)


def finishing(spec: Spec, fleet: Fleet, known: Known) -> Plan:
    """Return what stops every release that does not serve: after it, a rollback is a cold one."""
    stops = [slots.stop(host, facts.idle, spec) for host, facts in fleet.items() if facts.state.active and facts.spare.state != "empty"]
    serving = sorted({facts.active for facts in fleet.values() if facts.active})
    notes = () if stops else ("No old release is running: nothing to do.",)
    stages = stage("finish", "Stop the old release", Phase.SETTLE, stops)
    return new_plan("finish", ", ".join(serving), spec, fleet, known, stages=stages, notes=notes)


def warm(facts: Facts, release: str) -> bool:
    """Tell whether `release` runs beside the one that serves, so that a rename is enough."""
    return facts.spare.release == release and facts.spare.state in {"warm", "draining", "ready"} and not facts.mixed


def _turn(host: str, facts: Facts) -> Turn:
    return Turn(host=host, slot=facts.idle, old_slot=facts.state.active, old_release=facts.active)


def _unsettled(facts: Facts, release: str) -> bool:
    """Tell whether `release` serves and nobody wrote it down: the controller died just before the end."""
    written = facts.state.current == release and any(each.id == release and each.good for each in facts.releases)
    return facts.active == release and not written


def _brought(spec: Spec, release: Release, fleet: Fleet, turns: tuple[Turn, ...]) -> tuple[Stage, ...]:
    hosts = [turn.host for turn in turns]
    sends = (step for host in hosts for step in install.sends(host, fleet[host], release, spec))
    trusts = [step for host in hosts for step in configure.trusts(host, spec) if not fleet[host].has(release.release)]
    installs = (step for host in hosts for step in install.installs(host, fleet[host], release, spec))
    return (
        *stage("send", "Send what the hosts lack", Phase.PREPARE, sends),
        *stage("trust", "Say whose signatures count", Phase.PREPARE, trusts),
        *stage("install", "Check and install", Phase.PREPARE, installs),
    )


def _prepared(spec: Spec, release: Release, fleet: Fleet, known: Known, hosts: list[str]) -> tuple[Stage, ...]:
    settings = (step for host in fleet if host in hosts for step in configure.configures(host, fleet[host], spec, known.sites))
    one = next(iter(fleet))
    there = next((facts for facts in fleet.values() if facts.migration), fleet[one])
    expands = data.expands(one, there, release, spec, known.deploy)
    return (
        *stage("configure", "Configure", Phase.PREPARE, settings),
        *stage("data", "Prepare the database", Phase.PREPARE, expands),
    )


def _moved(spec: Spec, turns: tuple[Turn, ...], begins: blue_green.Starts, release: str) -> tuple[Stage, ...]:
    strategy = spec.strategy
    match strategy.name:
        case "replace":
            return replace.stages(turns, begins, release, spec)
        case "rolling":
            return rolling.stages(turns, begins, release, strategy.batch)
        case "blue_green":
            return blue_green.stages(turns, begins, release)
        case "canary":
            return canary.stages(turns, begins, release, strategy)
        case _:
            assert_never(strategy.name)


def _settled(spec: Spec, release: str, fleet: Fleet, known: Known, turns: tuple[Turn, ...], note: str = "") -> list[Step]:
    written = [
        step
        for host, facts in fleet.items()
        for step in settle.settles(host, release, known.deploy, spec, (facts.active, facts.state.previous_good), note)
    ]
    return written + [step for turn in turns for step in settle.bakes(turn, spec)]


def _notes(spec: Spec, turns: tuple[Turn, ...]) -> tuple[str, ...]:
    if not turns or spec.strategy.name == "replace" or not any(turn.old_slot for turn in turns):
        return ()
    minutes = spec.strategy.bake_s / 60
    return (f"The old release stays warm for {minutes:g} min: until then `deploy rollback` is a rename. `deploy finish` ends it sooner.",)


def _back_to(fleet: Fleet, release: str) -> str:
    """Return the release to go back to; the same for all hosts."""
    candidates = [release] if release else [each for facts in fleet.values() for each in _before(facts)]
    for each in candidates:
        if all(facts.has(each) for facts in fleet.values()):
            return each
    lacking = [host for host, facts in fleet.items() if not any(facts.has(each) for each in candidates)] or list(fleet)
    kept = sorted({each.id for facts in fleet.values() for each in facts.releases})
    what = release or "a good release before this one"
    raise Refused(
        "deploy.no_way_back",
        f"{what} is not on {', '.join(lacking)}.",
        hint=f"Kept releases: {', '.join(kept) or 'none'}. `deploy apply ARTIFACT` brings one back.",
        hosts=lacking,
    )


def _before(facts: Facts) -> list[str]:
    """Return the releases one could go back to, best first: what runs beside, the last good one, then the other good ones."""
    active = facts.active
    spare = [facts.state.slot(slot).release for slot in SLOTS if slot != facts.state.active]
    good = [each.id for each in reversed(facts.releases) if each.good]
    return [each for each in (*spare, facts.state.previous_good, *good) if each and each != active]


def new_plan(  # noqa: PLR0913 -- the members of a plan
    kind: str,
    release: str,
    spec: Spec,
    fleet: Fleet,
    known: Known,
    *,
    turns: tuple[Turn, ...] = (),
    stages: tuple[Stage, ...] = (),
    notes: tuple[str, ...] = (),
) -> Plan:
    """Return a plan of this installation for these hosts."""
    return Plan(
        deploy=known.deploy,
        kind=kind,
        release=release,
        strategy=spec.strategy.name,
        hosts=tuple(fleet),
        turns=turns,
        stages=stages,
        notes=notes,
    )
