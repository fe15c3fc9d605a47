"""How much runs may take, and how long they are waited for."""

import msgspec


class StageLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs perform at once in one process, and how long those that wait for people stay in memory."""

    running_per_user: int = 4
    running: int = 32
    queued: int = 1000
    """How many runs may wait for their turn."""
    unload_after_s: float = 60.0
    look_every_s: float = 0.5
    """How often a server looks for runs that nobody executes, and how exact clocks of runs are that have left memory."""
    lease_s: float = 5.0
    """A server that was not seen for so long is not alive, and its runs go to others."""
    beat_s: float = 1.0
    """How often a server says that it is alive."""
    history_days: float | None = None
    """How long runs that are over are kept; None: for ever."""
    kept: int = 8
    """Runs that are over but still in memory, so that their values can be looked at."""
