"""What every verb is given: where things are, who asks, and the only way to change what is known of the host."""

from __future__ import annotations

import os
import time
from typing import Any, Callable

from . import disk
from .failures import Failed
from .paths import SLOTS, Paths

State = dict  # What state.json holds; see `empty`.


class Context:
    """One call of the agent."""

    def __init__(self, paths: Paths, verb: str, *, fence: int | None = None, step: str | None = None) -> None:
        """Take the call's fencing number and step id, when it has them."""
        self.paths = paths
        self.verb = verb
        self.fence = fence
        self.step = step
        self.stdin: Any = None
        """The binary stream the caller sends, or None."""
        self.progress: Callable[[float, str], None] = _nothing

    @property
    def now(self) -> str:
        """The host's time, for people."""
        return now()

    def check_fence(self) -> None:
        """Raise Failed `deploy.fenced` when someone took the lock after our caller: its orders no longer count."""
        stored = stored_fence(self.paths)
        if self.fence is not None and self.fence < stored:
            raise Failed(
                "deploy.fenced",
                f"The lock was taken over (fence {int(self.fence)}, now {int(stored)}), so this step was refused.",
                "Another deployment holds this host; see `comfytavern deploy lock show`.",
                fence=self.fence,
                stored=stored,
            )

    def update(self, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Apply `change` to the state of the host and return it; refused when the caller was fenced off meanwhile."""
        with disk.held(os.path.join(self.paths.state, "mutex")):
            self.check_fence()
            state = load(self.paths)
            change(state)
            disk.write_json(os.path.join(self.paths.state, "state.json"), state, 0o640, group_of(self.paths.state))
            return state

    def set_slot(self, slot: str, state: str, **more: Any) -> dict[str, Any]:
        """Say what `slot` does now."""

        def change(known: dict[str, Any]) -> None:
            known["slots"][slot].update({"state": state, "since": now(), **more})

        return self.update(change)


def _nothing(_part: float, _text: str) -> None:
    """Report progress to nobody."""


def empty() -> dict[str, Any]:
    """Return the state of a host on which nothing was deployed yet."""
    return {
        "format": 1,
        "active": None,
        "previous": None,
        "current": None,
        "previous_good": None,
        "driver": None,
        "slots": {slot: {"release": None, "state": "empty", "since": None} for slot in SLOTS},
        "weights": dict.fromkeys(SLOTS, 0),
        "deploy": None,
    }


def load(paths: Paths) -> dict[str, Any]:
    """Return the state of the host."""
    stored = disk.read_json(os.path.join(paths.state, "state.json"))
    return {**empty(), **stored} if isinstance(stored, dict) else empty()


def driver_of(state: dict[str, Any], slot: str) -> str | None:
    """Return the process manager that has started what is in `slot`: after a change of managers each slot has its own."""
    return state["slots"][slot].get("driver") or state["driver"]


def stored_fence(paths: Paths) -> int:
    """Return the greatest fencing number given out on this host; 0 before the first."""
    content = disk.read(os.path.join(paths.state, "fence"))
    return int(content) if content and content.strip().isdigit() else 0


def group_of(folder: str) -> tuple[int, int] | None:
    """Return owner and group for a file in `folder` (the app may read what the folder's group may); None when not root."""
    if os.geteuid() != 0:
        return None
    found = os.stat(folder)
    return found.st_uid, found.st_gid


def now() -> str:
    """Return the host's time, for people: nothing is ever decided by it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
