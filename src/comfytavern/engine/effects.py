"""What effects have done in a session, so that a partial run can ask before it does it again (semantics, K5)."""

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from comfytavern.engine.digest import digest, safe
from comfytavern.graph.kinds import Effect

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

_KEPT = 1000
"""Results kept in all; the oldest go first."""


class Effects:
    """The latest result of every effect, by owner, session and path."""

    def __init__(self) -> None:
        self._done: OrderedDict[tuple[str, str, str], tuple[bytes, tuple[Any, ...]]] = OrderedDict()

    def note(self, frame: "Frame", i: int, outputs: tuple[Any, ...]) -> None:
        """Node `i` is done; noted when it is an effect of a run that has a session."""
        if frame.plan.shapes[i].effect is Effect.EFFECT and frame.run.options.session:
            key = _key(frame, i)
            self._done[key] = _inputs(frame, i), outputs
            self._done.move_to_end(key)
            if len(self._done) > _KEPT:
                self._done.popitem(last=False)

    def done(self, frame: "Frame", i: int) -> tuple[Any, ...] | None:
        """Return what effect `i` gave for the same inputs earlier in this session, if this is a partial run that comes past it."""
        options = frame.run.options
        partial = options.run_from is not None or options.only is not None or options.targets is not None
        if not partial or not options.session or i in frame.run.asked_for:
            return None
        inputs, outputs = self._done.get(_key(frame, i), (b"", ()))
        return outputs if inputs and inputs == _inputs(frame, i) else None


def _key(frame: "Frame", i: int) -> tuple[str, str, str]:
    return frame.run.owner, frame.run.options.session, frame.prefix + frame.plan.paths[i]


def _inputs(frame: "Frame", i: int) -> bytes:
    arguments = frame.plan.args[i]
    return digest([[safe(frame.vals[slot]) for slot in (arg if isinstance(arg, tuple) else (arg,))] for arg in arguments])
