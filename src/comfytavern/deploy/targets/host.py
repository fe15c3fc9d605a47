"""The port to a host: one call of its agent."""

from collections.abc import Callable
from typing import Any, Protocol

Told = Callable[[float, str], None]
"""Hears how far a call is: a part from 0 to 1, and words."""


class Host(Protocol):
    """A machine with an agent."""

    name: str

    async def reach(self) -> None:
        """Make ready for calls that must be quick. Raises `DeployFailed` when the host cannot be reached."""
        ...

    async def call(
        self,
        verb: str,
        args: dict[str, Any] | None = None,
        *,
        fence: int | None = None,
        step: str | None = None,
        stdin: bytes | None = None,
        deadline_s: float = 30.0,
        told: Told | None = None,
    ) -> dict[str, Any]:
        """Have the agent do `verb` and return its value.

        Raises `DeployFailed` with the agent's code, or `deploy.unreachable`, `deploy.cut` (the connection ended: nobody knows whether
        the verb was done; ask again with the same `step`), `deploy.deadline`; `params` name the host and the verb.
        """
        ...

    async def close(self) -> None:
        """End the connection."""
        ...
