"""Tokens reach the nodes behind a wire."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine.plan import GENERAL, NEVER, ODD
from comfytavern.engine.tokens import DEAD, DONE, Broken
from comfytavern.graph.kinds import Control

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame


def values(frame: "Frame", i: int, outputs: tuple[Any, ...]) -> None:
    """Release what is wired to the values of `i`."""
    plan = frame.plan
    ports = plan.ports[i]
    for k, target in enumerate(plan.succ[i]):
        one(frame, target, outputs[ports[k] if ports else 0])
    if i in plan.lazies:
        for target, output in plan.lazies[i]:
            if asked(frame, target, plan.out0[i] + output):
                one(frame, target, outputs[output])


def asked(frame: "Frame", target: int, slot: int) -> bool:
    """Return whether node `target` has asked for a lazy input that is wired to `slot`."""
    return any(slot in frame.plan.sources(target, at) for at in frame.wanted.get(target, ()))


def streams(frame: "Frame", i: int, outputs: tuple[Any, ...]) -> None:
    """Release what is wired to the streams of `i`, which never ran."""
    for target, _, output in frame.plan.streams[i]:
        one(frame, target, outputs[output])


def one(frame: "Frame", target: int, token: Any) -> None:
    """Count one token on a wire to `target`."""
    if token is DEAD or token.__class__ is Broken:
        frame.mode[target] = ODD
    left = frame.ind[target] = frame.ind[target] - 1
    if not left or (left < 0 and left > -NEVER and _may_still_win(frame, target)):
        frame.ready.append(target)


def _may_still_win(frame: "Frame", target: int) -> bool:
    return frame.plan.shapes[target].control is Control.RACE and frame.state[target] < DONE


__all__ = ["GENERAL", "asked", "one", "streams", "values"]
