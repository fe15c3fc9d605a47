"""The values a plan is made of. A plan says everything that will be asked of which host, in which order, before anything happens."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from comfytavern.deploy.facts import SlotName

READS = frozenset({"verify", "ready", "smoke", "steady", "send"})
"""Verbs that change nothing or can simply be done again: they need no step id."""


class Phase(StrEnum):
    """What a failure of a stage means."""

    PREPARE = "prepare"
    """Nothing has been switched: the new slot is abandoned, the old release was never touched."""
    SWITCH = "switch"
    """Some clients may have moved: they are moved back, then as above."""
    SETTLE = "settle"
    """The new release serves everywhere; what failed is told and can be done again, nothing is taken back."""


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call of one host's agent."""

    host: str
    verb: str
    args: dict[str, Any] = {}
    deadline_s: float = 30.0
    content: str = ""
    """Name of what is sent along (`release`, `base.env`, `secrets.env`, `signers`, `site`, `site.ipv6`): never the content,
    which may be secret."""
    title: str = ""
    """What a person is told."""


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """How long and on how much a step of a canary is judged."""

    percent: int
    step_s: float
    hold_s: float
    min_requests: int


class Stage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Steps that are done together: those of one host in their order, hosts beside each other. The next stage waits for all."""

    name: str
    title: str
    phase: Phase
    steps: tuple[Step, ...] = ()
    judge: Judge | None = None
    """After the steps, the new release is judged (canary)."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What changes on one host: which slot takes over from which."""

    host: str
    slot: SlotName
    old_slot: SlotName | None
    old_release: str | None


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that will happen. Without stages, there is nothing to do."""

    format: int = 1
    deploy: str
    kind: str
    """deploy, rollback (warm or cold), finish or resume."""
    release: str
    strategy: str
    hosts: tuple[str, ...]
    turns: tuple[Turn, ...] = ()
    stages: tuple[Stage, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know before agreeing."""

    @property
    def compared(self) -> tuple[Turn, ...]:
        """Return the turns of the hosts on which a release serves already, beside which another can be judged."""
        return tuple(turn for turn in self.turns if turn.old_slot)

    @property
    def nothing(self) -> bool:
        """Tell whether there is nothing to do."""
        return not any(stage.steps for stage in self.stages)

    def step_id(self, stage: Stage, step: Step) -> str:
        """Return the id of a step on its host: the same whenever the same plan is performed again."""
        at = [each for each in stage.steps if each.host == step.host].index(step)
        return f"{self.deploy}.{stage.name}.{at}"


def stage(name: str, title: str, phase: Phase, steps: Iterable[Step], judge: Judge | None = None) -> tuple[Stage, ...]:
    """Return a stage, or nothing when it has no steps."""
    found = tuple(steps)
    return (Stage(name=name, title=title, phase=phase, steps=found, judge=judge),) if found else ()
