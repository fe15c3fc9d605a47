"""What to do about an attempt whose controller died: forward when some host was switched and all can follow, else back. Pure."""

from comfytavern.deploy.errors import Refused
from comfytavern.deploy.facts import RUNNING, Facts
from comfytavern.deploy.plan import Fleet, Known, warm
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Phase, Plan, Stage, Step, Turn, stage
from comfytavern.deploy.steps import settle, slots
from comfytavern.deploy.strategies import blue_green


def resuming(spec: Spec, fleet: Fleet, known: Known) -> Plan:
    """Return what brings all hosts to one release, and cleans what was begun.

    Raises `Refused` (`deploy.resume`) when neither way is open: then `apply` with the artifact is.
    """
    serving = sorted({facts.active for facts in fleet.values() if facts.active})
    wanted = serving[0] if len(serving) == 1 else _wanted(fleet, serving)
    turns = tuple(_turn(host, facts) for host, facts in fleet.items() if facts.active not in {wanted, None})
    begins = {turn.host: tuple(slots.starts(turn.host, fleet[turn.host], wanted, spec)) for turn in turns}
    stages: tuple[Stage, ...] = ()
    if turns:
        stages += blue_green.stages(turns, begins, wanted)
        settled = (step for host in fleet for step in settle.settles(host, wanted, known.deploy, spec, tuple(serving), "resume"))
        settled = (*settled, *(step for turn in turns for step in settle.bakes(turn, spec)))
        stages += stage("settle", "Write it down", Phase.SETTLE, settled)
    staying = {host: facts for host, facts in fleet.items() if facts.active in {wanted, None}}
    stages += stage("whole", "Bring everybody to one release", Phase.SETTLE, (step for each in staying.items() for step in _whole(*each)))
    stages += stage("clean", "Clean what was begun", Phase.SETTLE, (step for each in staying.items() for step in _clean(*each)))
    notes = () if stages else ("Nothing was left half done.",)
    return Plan(
        deploy=known.deploy,
        kind="resume",
        release=wanted,
        strategy=spec.strategy.name,
        hosts=tuple(fleet),
        turns=turns,
        stages=stages,
        notes=notes,
    )


def _wanted(fleet: Fleet, serving: list[str]) -> str:
    """Return the release all hosts can be brought to: the newer one if every host has it installed, else the one before."""
    if not serving:
        return ""
    fresh = [each for each in serving if not all(_good(facts, each) for facts in fleet.values())]
    old = [each for each in serving if each not in fresh]
    for each in (*fresh, *old):
        if all(facts.has(each) for facts in fleet.values()):
            return each
    sentence = f"The hosts serve {' and '.join(serving)}, and none of these is installed on all of them."
    raise Refused("deploy.resume", sentence, hint="Run `deploy apply ARTIFACT` with the release that shall serve.")


def _good(facts: Facts, release: str) -> bool:
    return any(each.id == release and each.good for each in facts.releases)


def _turn(host: str, facts: Facts) -> Turn:
    return Turn(host=host, slot=facts.idle, old_slot=facts.state.active, old_release=facts.active)


def _whole(host: str, facts: Facts) -> list[Step]:
    """End a canary that nobody watches any more: everybody goes back to the slot that counts as serving."""
    if not facts.mixed or facts.state.active is None:
        return []
    args = {"slot": facts.state.active, "release": facts.active}
    return [Step(host=host, verb="switch", args=args, title=f"Bring everybody to {facts.state.active}")]


def _clean(host: str, facts: Facts) -> list[Step]:
    """Clean a slot in which something was begun; a warm one stays, it is the way back."""
    begun = facts.mixed or facts.spare.state in {"starting", "ready", "failed"}
    keeps = facts.spare.state in RUNNING - {"ready"} and facts.spare.release and warm(facts, facts.spare.release) and not facts.mixed
    if not begun or keeps:
        return []
    return [
        Step(host=host, verb="abandon", args={"slot": facts.idle}, deadline_s=60, title=f"Clean {facts.idle}"),
        Step(host=host, verb="tidy", title="Put the settings of before back"),
    ]
