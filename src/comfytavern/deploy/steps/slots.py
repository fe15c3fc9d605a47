"""Steps that start a release beside the one that serves, and stop one that does not serve any more."""

from collections.abc import Iterator

from comfytavern.deploy.facts import Facts
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Step

ENGINES = ("podman", "docker")
MARGIN_S = 10.0
"""A call may take this much longer than what it waits for."""


def starts(host: str, facts: Facts, release: str, spec: Spec, *, fresh: bool = False) -> Iterator[Step]:
    """Yield what makes `release` run and answer in the idle slot; one that runs there already is used, unless it has to be `fresh`."""
    slot, there = facts.idle, facts.spare
    usable = there.release == release and there.state in {"ready", "warm", "draining"} and not fresh
    if not usable:
        yield from _clears(host, facts, spec)
        if spec.driver in ENGINES:
            args = {"release": release, "driver": spec.driver}
            yield Step(host=host, verb="image", args=args, deadline_s=spec.deadlines.install_s, title="See to its image")
        args = {"slot": slot, "release": release, "driver": spec.driver}
        yield Step(host=host, verb="start_slot", args=args, deadline_s=spec.deadlines.ready_s, title=f"Start it in {slot}")
    elif there.state != "ready":
        yield Step(host=host, verb="undrain", args={"slot": slot}, title=f"Wake {slot}")
    ready_s = spec.deadlines.ready_s
    args = {"slot": slot, "times": 3, "deadline_s": ready_s}
    yield Step(host=host, verb="ready", args=args, deadline_s=ready_s + MARGIN_S, title="Wait until it is ready")
    yield Step(host=host, verb="smoke", args={"slot": slot, "release": release}, title="Try it")
    if spec.deadlines.steady_s and not (usable or (_good(facts, release) and not fresh)):
        steady_s = spec.deadlines.steady_s
        args = {"slot": slot, "for_s": steady_s}
        yield Step(host=host, verb="steady", args=args, deadline_s=steady_s + MARGIN_S, title=f"Watch it for {steady_s:g} s")


def _good(facts: Facts, release: str) -> bool:
    return any(each.id == release and each.good for each in facts.releases)


def _clears(host: str, facts: Facts, spec: Spec) -> Iterator[Step]:
    match facts.spare.state:
        case "empty":
            return
        case "warm" | "draining":
            yield stop(host, facts.idle, spec)
        case _:
            yield Step(host=host, verb="abandon", args={"slot": facts.idle}, deadline_s=60, title=f"Clean {facts.idle}")


def stop(host: str, slot: str, spec: Spec) -> Step:
    """Return the end of a slot that does not serve: what it still works on may end first."""
    drain_s = spec.deadlines.drain_s
    args = {"slot": slot, "deadline_s": drain_s}
    return Step(host=host, verb="stop_slot", args=args, deadline_s=drain_s + 3 * MARGIN_S, title=f"Stop the old release in {slot}")
