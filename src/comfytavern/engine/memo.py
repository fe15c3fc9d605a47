"""What a frame knows about results that exist already: content keys, recipes, single flight (semantics, K1 to K4)."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine.digest import digest
from comfytavern.engine.keys import Key, value_key
from comfytavern.engine.tokens import CACHED, DEAD, DONE, IDLE, QUEUED, Broken
from comfytavern.graph.kinds import Effect

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

_NUMBER = 96
"""Bytes an inline result counts for, beside its text."""
_SHORT = 64


class Memo:
    """See the module. `key` is that of the node that was asked for last."""

    __slots__ = (
        "bytes",
        "count",
        "entries",
        "forced",
        "frame",
        "hot",
        "key",
        "keys",
        "recipes",
        "session",
        "space",
        "statics",
        "vals",
        "warm",
        "wired",
    )

    def __init__(self, frame: "Frame") -> None:
        """Look results up in the space of the run's owner."""
        run, plan = frame.run, frame.plan
        assert run.space is not None  # noqa: S101 -- the frame asks
        self.frame = frame
        self.space = run.space
        self.entries = run.space.entries
        self.statics = plan.statics
        self.hot = plan.hot
        self.vals = frame.vals
        self.wired = plan.wired
        self.bytes = 0
        self.count = len(run.space.entries)
        self.recipes: list[bytes | None] = plan.no_recipes
        self.warm = False
        """Whether there is anything to find: then a run looks for it before it starts."""
        self.forced: bytearray | None = None
        """Nodes that must be executed whatever is known (run from, run again)."""
        self.session = run.options.session
        self.key: Key | None = None
        self.keys: dict[int, Key | None] = {}
        """Of nodes that are being executed in a task."""

    def recall(self, i: int) -> bool:
        """Finish node `i` with a known result; False when it has to be executed.

        The first half is for the common case, a function of one or two short values; `key_of` makes the same key.
        """
        fixed = self.hot[i]
        wired = self.wired[i]
        if fixed is not None and 0 < len(wired) < 3:
            value = self.vals[wired[0]]
            other = self.vals[wired[-1]]
            kind, second = value.__class__, other.__class__
            if (kind is int or (kind is str and len(value) <= _SHORT)) and (second is int or (second is str and len(other) <= _SHORT)):
                key = self.key = (fixed, value) if len(wired) == 1 else (fixed, value, other)
                return key in self.entries and self._found(i, key)
        key = self.key = self.key_of(i)
        return key is not None and self._found(i, key)

    def _found(self, i: int, key: Key) -> bool:
        found = None if self.forced is not None and self.forced[i] else self.space.get(key)
        if found is None:
            return False
        self.reuse(i, found, key)
        return True

    def reuse(self, i: int, outputs: tuple[Any, ...], key: Key | None) -> None:
        """Finish node `i` as `cached`."""
        frame = self.frame
        self.space.hits += 1
        if (recipe := self.recipes[i]) is not None and key is not None:
            self.entries[recipe] = outputs
        frame.leave(i)
        if frame.plan.shapes[i].error_port:
            outputs = (*outputs[: frame.plan.shapes[i].width], DEAD)
        frame.finish(i, outputs, CACHED)

    def key_of(self, i: int) -> Key | None:
        """Return the content key of a decided node, or None when its result is not reused."""
        fixed = self.statics[i]
        if fixed is None:
            return None
        vals = self.frame.vals
        parts: list[Any] = [fixed]
        for slot in self.wired[i]:
            value = vals[slot]
            kind = value.__class__
            if kind is int or (kind is str and len(value) <= _SHORT):
                parts.append(value)
                continue
            part = self._part(slot, value)
            if part is None:
                return None
            parts.append(part)
        shape = self.frame.plan.shapes[i]
        if shape.effect is not Effect.PURE or shape.stream_ins or shape.implementation.environment is not None or shape.lazy:
            return self._special(i, parts)
        return tuple(parts)

    def _part(self, slot: int, value: Any) -> Any:
        frame = self.frame
        owner = frame.plan.owner[slot]
        if value.__class__ is Broken:
            return None
        if frame.state[owner] < DONE:
            return b"?"
        part = value_key(value, frame.run.limits.value_key_bytes)
        if part is not None:
            return part
        key = self.keys[owner] = self.keys.get(owner) or self.key_of(owner)
        return (digest(key), slot - frame.plan.out0[owner]) if key is not None else None

    def _special(self, i: int, parts: list[Any]) -> Key | None:
        """Return the key of a node that is not simply a function of its inputs, or None."""
        frame = self.frame
        shape = frame.plan.shapes[i]
        if any((i, position) in frame.channels and not frame.channels[i, position].closed for position in shape.stream_ins):
            return None
        if shape.lazy and b"?" in parts:
            parts.append(tuple(sorted(frame.wanted.get(i, ()))))
        elif b"?" in parts:
            return None
        if shape.implementation.environment is not None:
            named = {port.id: arguments.value(frame, i, at) for at, port in enumerate(shape.inputs) if at not in shape.stream_ins}
            parts.append(("env", shape.implementation.environment(named)))
        if shape.effect is not Effect.PURE:
            reuse = shape.policy.reuse or frame.run.options.reuse
            if reuse == "never" or (reuse == "session" and not self.session):
                return None
            parts.append(("session", self.session) if reuse == "session" else ("ttl",))
        return tuple(parts)

    def keep(self, i: int, value: Any) -> None:
        """Keep the one result of an inline node whose key was just made by `recall`."""
        key = self.key
        if key is not None:
            outputs = self.entries[key] = (value,)
            recipe = self.recipes[i]
            if recipe is not None:
                self.entries[recipe] = outputs
            if value.__class__ is str:
                self.bytes += len(value)

    def account(self) -> None:
        """Tell the cache how much was kept since the last time."""
        count = len(self.entries)
        if count > self.count or self.bytes:
            self.space.cache.added(self.bytes + max(count - self.count, 0) * _NUMBER)
            self.count, self.bytes = len(self.entries), 0

    def keep_all(self, i: int, outputs: tuple[Any, ...], seconds: float, key: Key | None = None) -> None:
        """Keep the results of a node; the key is that of the last `recall` unless it is given."""
        key = key or self.key
        if key is None or any(value.__class__ is Broken for value in outputs):
            return
        shape = self.frame.plan.shapes[i]
        reuse = shape.policy.reuse or self.frame.run.options.reuse
        ttl_s = shape.policy.ttl_s if shape.effect is not Effect.PURE and reuse == "ttl" else None
        self.space.put(key, outputs, seconds=seconds, ttl_s=ttl_s)
        if (recipe := self.recipes[i]) is not None:
            self.space.put(recipe, outputs, seconds=seconds)

    # -- nodes in a task --------------------------------------------------------------------------------------------

    def launched(self, i: int) -> None:
        """Node `i` gets a task: remember its key, and let equal `pure` nodes wait for it (K2)."""
        key = self.key_of(i)
        if key is None:
            return
        self.keys[i] = key
        if self.frame.plan.shapes[i].effect is Effect.PURE:
            self.space.cache.in_flight.setdefault((self.frame.run.owner, key), Flight(self.frame, i))

    def join(self, i: int) -> bool:
        """Wait for an equal node in flight, if there is one."""
        frame = self.frame
        if self.key is None or frame.plan.shapes[i].effect is not Effect.PURE:
            return False
        flight = self.space.cache.in_flight.get((frame.run.owner, self.key))
        if flight is None:
            return False
        flight.waiting.append((frame, i))
        frame.live += 1
        frame.run.busy += 1
        frame.joined.add(i)
        frame.mark(i, QUEUED)
        return True

    def settle(self, i: int, outputs: tuple[Any, ...] | None, seconds: float) -> None:
        """Node `i` is over: keep its outputs (None: there is nothing to keep) and wake up who waits for them."""
        key = self.keys.pop(i, None)
        flight = None
        if key is not None:
            flight = self.space.cache.in_flight.get((self.frame.run.owner, key))
            if flight is not None and flight.frame is self.frame and flight.i == i:
                del self.space.cache.in_flight[self.frame.run.owner, key]
            else:
                flight = None
        elif outputs is not None:
            key = self.key_of(i)
        if outputs is not None and key is not None:
            self.keep_all(i, outputs, seconds, key)
            if outputs and not all(value is DEAD for value in outputs):
                self.keys[i] = key
        for frame, waiting in flight.waiting if flight is not None else ():
            frame.run.loop.call_soon(_again, frame, waiting)


class Flight:
    """A pure node that is being executed."""

    __slots__ = ("frame", "i", "waiting")

    def __init__(self, frame: "Frame", i: int) -> None:
        """Belong to node `i` of `frame`."""
        self.frame, self.i = frame, i
        self.waiting: list[tuple[Frame, int]] = []


def _again(frame: "Frame", i: int) -> None:
    """Start a node that has waited for an equal one: it finds the result, or executes itself."""
    if i not in frame.joined:
        return
    frame.joined.discard(i)
    frame.live -= 1
    frame.run.busy -= 1
    frame.state[i] = IDLE
    frame.ready.append(i)
    frame.run.guard(frame.pump)
