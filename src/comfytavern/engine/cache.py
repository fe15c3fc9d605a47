"""Results that need not be made again (semantics, section 8). Memory only; a user sees nothing of another user's."""

from time import monotonic
from typing import Any, NamedTuple

from comfytavern.engine.tokens import DEAD

Outputs = tuple[Any, ...]
_SMALL = 96
"""What a number or a short text costs with its key, about."""
_KEEP = 0.9
"""An eviction frees a tenth of the budget, so that it is rare."""


class Cost(NamedTuple):
    """What is known about a result that took a task to make."""

    size: int
    seconds: float
    used_at: float
    expires_at: float


class Space:
    """The results of one user, by content key and by recipe. Results of inline nodes have no `Cost`: they go first."""

    __slots__ = ("cache", "cost", "entries", "hits", "size")

    def __init__(self, cache: "Cache") -> None:
        """Belong to `cache`, whose budget all spaces share."""
        self.cache = cache
        self.entries: dict[Any, Outputs] = {}
        self.cost: dict[Any, Cost] = {}
        self.size = 0
        self.hits = 0

    def get(self, key: Any) -> Outputs | None:
        """Return a result, or None when it is not known or has expired."""
        found = self.entries.get(key)
        if found is not None and key in self.cost:
            cost = self.cost[key]
            now = monotonic()
            if cost.expires_at <= now:
                self.drop(key)
                return None
            self.cost[key] = cost._replace(used_at=now)
        return found

    def put(self, key: Any, outputs: Outputs, *, seconds: float, ttl_s: float | None = None) -> None:
        """Keep a result that took `seconds` to make, for `ttl_s` at most."""
        size = sum(map(size_of, outputs)) + _SMALL
        self.drop(key)
        now = monotonic()
        self.entries[key] = outputs
        self.cost[key] = Cost(size, seconds, now, now + ttl_s if ttl_s is not None else float("inf"))
        self.size += size
        self.cache.added(size)

    def drop(self, key: Any) -> None:
        """Forget a result."""
        if self.entries.pop(key, None) is not None:
            cost = self.cost.pop(key, None)
            self.size -= cost.size if cost else 0


class Cache:
    """All spaces under one budget."""

    def __init__(self, bytes_max: int = 512 * 1024 * 1024) -> None:
        """Hold about `bytes_max` of values."""
        self.bytes_max = bytes_max
        self.size = 0
        self.in_flight: dict[tuple[str, Any], Any] = {}
        """Pure nodes that are being executed, by owner and key: the second one waits for the first (K2)."""
        self._spaces: dict[str, Space] = {}

    def space(self, owner: str) -> Space:
        """Return the results of one user."""
        return self._spaces.setdefault(owner, Space(self))

    def clear(self, owner: str | None = None) -> None:
        """Forget everything, or everything of one user."""
        for name in list(self._spaces) if owner is None else [owner]:
            space = self._spaces.pop(name, None)
            if space is not None:
                space.entries.clear()
                space.cost.clear()
        self._recount()

    def added(self, size: int) -> None:
        """Note that `size` bytes came in, and evict when the budget is exceeded (K8)."""
        self.size += size
        if self.size > self.bytes_max:
            self._recount()
            if self.size > self.bytes_max:
                self._evict(int(self.bytes_max * _KEEP))

    def _recount(self) -> None:
        self.size = sum(
            sum(cost.size for cost in space.cost.values())
            + sum(sum(map(size_of, outputs)) + _SMALL for key, outputs in space.entries.items() if key not in space.cost)
            for space in self._spaces.values()
        )

    def _evict(self, goal: int) -> None:
        now = monotonic()
        for space in self._spaces.values():
            for key in [key for key in space.entries if key not in space.cost]:
                if self.size <= goal:
                    return
                self.size -= sum(map(size_of, space.entries.pop(key))) + _SMALL
        scored = [
            (cost.size * (now - cost.used_at + 1.0) / max(cost.seconds, 1e-4), space, key)
            for space in self._spaces.values()
            for key, cost in space.cost.items()
        ]
        for _, space, key in sorted(scored, key=lambda one: -one[0]):
            if self.size <= goal:
                return
            self.size -= space.cost[key].size
            space.drop(key)


def size_of(value: Any) -> int:
    """Return about how many bytes a value holds; of long lists and objects a sample is multiplied."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return 64 * len(value) + size_of(list(value.values()))
    if isinstance(value, list | tuple):
        sample = value[:20]
        return 16 * len(value) + (sum(map(size_of, sample)) * len(value) // len(sample) if sample else 0)
    return 0 if value is None or value is DEAD else 32
