"""What a running node may ask of the engine."""

from typing import Any, Protocol, Self, TypeVar, runtime_checkable

S = TypeVar("S")


@runtime_checkable
class PerNode(Protocol):
    """A service that wants to know on whose behalf it acts: each node gets its own."""

    def within(self, run_id: str, path: str, /) -> Self:
        """Return the service for one node."""
        ...


class Context(Protocol):
    """Given to a node function that declares `ctx` as its first parameter."""

    @property
    def path(self) -> str:
        """Address of this node instance, e.g. `refine[2]/judge`."""
        ...

    @property
    def run_id(self) -> str:
        """The run."""
        ...

    @property
    def owner(self) -> str:
        """Id of the user on whose behalf the run runs; files and keys are resolved for this user."""
        ...

    @property
    def attempt(self) -> int:
        """From 1."""
        ...

    @property
    def cancelled(self) -> bool:
        """Thread nodes look at this between steps."""
        ...

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this node in this run, also after a crash."""
        ...

    def use(self, service: type[S], /) -> S:
        """Return the service that was bound to this type at start. Raises `Failure` (`engine.service`) if none or not declared."""
        ...

    def progress(self, value: float | None, text: str = "") -> None:
        """Show how far it is (0 to 1, or None)."""
        ...

    def log(self, message: str, level: str = "info") -> None:
        """Write a line to the run's log."""
        ...

    def usage(self, model: str, *, input_tokens: int = 0, output_tokens: int = 0, cost_usd: float | None = None) -> None:
        """Account for tokens."""
        ...

    def preview(self, port: str, value: Any) -> None:
        """Show a value of an output before it is final (latest wins)."""
        ...
