"""The context a node function may ask for."""

from typing import TYPE_CHECKING, Any, TypeVar

from comfytavern.engine.context import PerNode
from comfytavern.engine.tokens import CANCELLED
from comfytavern.kernel.errors import Unavailable

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

S = TypeVar("S")


class RunContext:
    """The engine's `Context`. Safe to use from a worker thread."""

    __slots__ = ("_attempt", "_frame", "_i")

    def __init__(self, frame: "Frame", i: int, attempt: int) -> None:
        """Stand for one attempt of one node."""
        self._frame, self._i, self._attempt = frame, i, attempt

    @property
    def path(self) -> str:
        """Address of this node instance."""
        return self._frame.prefix + self._frame.plan.paths[self._i]

    @property
    def run_id(self) -> str:
        """The run."""
        return self._frame.run.id

    @property
    def owner(self) -> str:
        """Id of the user on whose behalf the run runs."""
        return self._frame.run.owner

    @property
    def attempt(self) -> int:
        """From 1."""
        return self._attempt

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the result any more."""
        return self._frame.held or self._frame.state[self._i] == CANCELLED

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this node in this run, also after a crash."""
        return f"{self.run_id}:{self.path}"

    def use(self, service: type[S], /) -> S:
        """Return the service bound to this type. Raises `Unavailable` (`engine.service`) if none or not declared."""
        declared = self._frame.plan.shapes[self._i].implementation.services
        found = self._frame.run.services.get(service) if service in declared else None
        if found is None:
            reason = "is not available here" if service in declared else "was not declared by this kind of node"
            raise Unavailable("engine.service", f"{service.__name__} {reason}.", service=service.__name__)
        if isinstance(found, PerNode):
            found = found.within(self.run_id, self.path)
        return found  # type: ignore[return-value] -- `services` maps a type to an instance of it

    def progress(self, value: float | None, text: str = "") -> None:
        """Show how far it is."""
        self._frame.run.tape.progress(self.path, value, text)

    def log(self, message: str, level: str = "info") -> None:
        """Write a line to the run's log."""
        self._frame.run.tape.log(self.path, level, message)

    def usage(self, model: str, *, input_tokens: int = 0, output_tokens: int = 0, cost_usd: float | None = None) -> None:
        """Account for tokens."""
        self._frame.run.tape.usage(self.path, model, input_tokens, output_tokens, cost_usd)

    def preview(self, port: str, value: Any) -> None:
        """Show a value of an output before it is final."""
        self._frame.run.tape.chunk(self.path, port, value)
