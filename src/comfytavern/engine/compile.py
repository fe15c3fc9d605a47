"""From flat nodes to a Plan. The graph was validated before: what is wrong here is our own mistake."""

from collections.abc import Callable
from typing import Any

import msgspec

from comfytavern.engine import keys
from comfytavern.engine.demand import default_demand
from comfytavern.engine.expand import Constant, Expansion, Flat, Source
from comfytavern.engine.implementation import DEAD, Implementations, Style
from comfytavern.engine.plan import GENERAL, INLINE_MANY, NEVER, ODD, TASK, Body, Plan, Shape
from comfytavern.graph import document as doc
from comfytavern.graph.bodies import Resolve
from comfytavern.graph.kinds import Control, Effect, Port
from comfytavern.graph.ports import AFTER, ERROR
from comfytavern.graph.types import MAPPED, Type, arriving_type
from comfytavern.kernel.errors import Invalid

_PLAIN = doc.Policy()


class Compiler:
    """Compiles the bodies of one document; a body that is used twice is compiled once."""

    def __init__(self, implementations: Implementations, resolve: Resolve | None) -> None:
        """Take where kinds and library graphs are looked up."""
        self._implementations = implementations
        self._resolve = resolve
        self._bodies: dict[tuple[int, str], Plan] = {}
        self._shapes: dict[Any, Shape] = {}

    def compile(self, body: doc.Body, document: doc.Graph) -> Plan:
        """Return the plan of `body`."""
        expansion = Expansion(body, document, self._implementations, self._resolve)
        plan = _Assembly(expansion, self._shape).plan
        plan.inputs, plan.outputs = tuple(body.interface.inputs), tuple(body.interface.outputs)
        plan.resolve = self._resolve
        flats = {flat.path: flat for flat in expansion.flats}
        for i, path in enumerate(plan.paths):
            flat = flats[path]
            if flat.implementation.kind.control in (Control.MAP, Control.LOOP) and flat.used is not None:
                plan.bodies[i] = Body(self._body(flat), _body_values(flat))
        keys.seal(plan)
        default_demand(plan)
        return plan

    def _body(self, flat: Flat) -> Plan:
        assert flat.used is not None  # noqa: S101 -- validated
        key = (id(flat.used.graph), flat.used.key)
        if key not in self._bodies:
            self._bodies[key] = self.compile(flat.used.body, flat.used.graph)
        return self._bodies[key]

    def _shape(self, flat: Flat, feeds: dict[str, list[Any]], flats: list[Flat]) -> Shape:
        policy = flat.node.policy
        streamed = _live_inputs(flat, feeds, flats)
        key = (
            id(flat.implementation),
            tuple(map(id, flat.ports.inputs)),
            tuple(map(id, flat.ports.outputs)),
            flat.node.mode == "mute",
            streamed,
        )
        key += (b"" if policy == _PLAIN else msgspec.json.encode(policy),)
        if key not in self._shapes:
            self._shapes[key] = _shape_of(flat, streamed)
        return self._shapes[key]


def _body_values(flat: Flat) -> dict[str, Any]:
    """Return the owner's values, with the list of mapped inputs spelled out."""
    mapped = [port.id for port in flat.ports.inputs if MAPPED in port.tags]
    return {**flat.node.values, "mapped": flat.node.values.get("mapped") or mapped}


def _parameters(flat: Flat) -> tuple[Port, ...]:
    """Return the declared inputs in the order of the function, then the others; `after` is not among them."""
    active = {port.id: port for port in flat.ports.inputs}
    declared = [active.pop(port.id, port) for port in flat.implementation.kind.inputs]
    return (*declared, *(port for port in active.values() if port is not AFTER))


def _live_inputs(flat: Flat, feeds: dict[str, list[Any]], flats: list[Flat]) -> frozenset[int]:
    """Return the positions that read a live stream: stream inputs, and mapped inputs that are fed by a stream.

    The outputs of a run or of a frame are values: a stream is gathered there, and watchers see it live where it is made.
    """
    live: set[int] = set()
    if flat.implementation.kind.control is Control.OUTPUT:
        return frozenset()
    for position, port in enumerate(_parameters(flat)):
        if port.stream:
            live.add(position)
        elif flat.implementation.kind.control is Control.MAP and _is_mapped(flat, port):
            sources = [feed for feed in feeds.get(port.id, ()) if isinstance(feed, Source)]
            if sources and all(_streams(flats[source.node], source.port) for source in sources):
                live.add(position)
    return frozenset(live)


def _is_mapped(flat: Flat, port: Port) -> bool:
    return MAPPED in port.tags or port.id in (flat.node.values.get("mapped") or ())


def _streams(flat: Flat, port: str) -> bool:
    return any(one.id == port and one.stream for one in flat.ports.outputs)


def _shape_of(flat: Flat, live: frozenset[int]) -> Shape:
    inputs = _parameters(flat)
    outputs = flat.ports.outputs
    error = flat.node.policy.on_error == "port" and outputs[-1:] == [ERROR]
    mapped_stream = flat.implementation.kind.control is Control.MAP and bool(live)
    return Shape(
        implementation=flat.implementation,
        inputs=inputs,
        outputs=tuple(outputs),
        policy=flat.node.policy,
        muted=flat.node.mode == "mute",
        stream_ins=live,
        stream_outs=frozenset(
            position for position, port in enumerate(outputs) if port.stream or (mapped_stream and port.id not in ("errors", ERROR.id))
        ),
        lazy=frozenset(position for position, port in enumerate(inputs) if port.lazy),
        error_port=error,
        plain_policy=flat.node.policy == _PLAIN,
        single=outputs[0].id if len(outputs) == 1 else None,
    )


class _Assembly:
    """Fills the arrays of one plan."""

    def __init__(self, expansion: Expansion, shape: Callable[[Flat, dict[str, list[Any]], list[Flat]], Shape]) -> None:
        self.plan = Plan()
        self._flats = expansion.flats
        self._constants: dict[Any, int] = {}
        feeds = [self._feeds(expansion, flat) for flat in self._flats]
        order = _topological(feeds)
        self._new = {old: new for new, old in enumerate(order)}
        plan = self.plan
        plan.n = len(order)
        self._order = [self._flats[old] for old in order]
        self._shapes_in(order, feeds, shape)
        self._links: list[list[tuple[int, int]]] = [[] for _ in order]
        self._streams: list[list[tuple[int, int, int]]] = [[] for _ in order]
        self._lazies: list[list[tuple[int, int]]] = [[] for _ in order]
        plan.ind0 = [0] * plan.n
        for i, old in enumerate(order):
            self._wire(i, self._order[i], feeds[old])
        self._finish()

    def _feeds(self, expansion: Expansion, flat: Flat) -> dict[str, list[Any]]:
        if flat.node.mode == "mute":
            return {}
        return {port.id: found for port in flat.ports.inputs if (found := expansion.feeds(flat, port.id))}

    def _shapes_in(self, order: list[int], feeds: list[dict[str, list[Any]]], shape: Callable[..., Shape]) -> None:
        plan = self.plan
        for i, old in enumerate(order):
            flat = self._flats[old]
            one = shape(flat, feeds[old], self._flats)
            plan.paths.append(flat.path)
            plan.shapes.append(one)
            plan.fns.append(flat.implementation.run)
            plan.out0.append(len(plan.owner))
            plan.owner += [i] * len(one.outputs)
            if flat.node.pins:
                ids = {port.id: position for position, port in enumerate(one.outputs)}
                plan.pins[i] = {ids[id]: value for id, value in flat.node.pins.items() if id in ids}
        plan.vals0 = [None] * len(plan.owner)

    def _constant(self, value: Any) -> int:
        key = (value.__class__, value) if value is None or value.__class__ in (bool, int, str) else None
        if key is not None and key in self._constants:
            return self._constants[key]
        slot = len(self.plan.vals0)
        self.plan.vals0.append(value)
        self.plan.owner.append(-1)
        if key is not None:
            self._constants[key] = slot
        return slot

    def _wire(self, i: int, flat: Flat, feeds: dict[str, list[Any]]) -> None:
        args: list[Any] = []
        for position, port in enumerate(self.plan.shapes[i].inputs):
            found = feeds.get(port.id)
            if not found:
                args.append(self._unwired(flat, port))
                continue
            slots = tuple(self._slot(i, position, port, feed) for feed in found)
            args.append(slots if port.many else slots[0])
            if port.id in flat.node.values:
                self.plan.fallback.setdefault(i, {})[position] = flat.node.values[port.id]
        self.plan.args.append(tuple(args))
        if AFTER.id in feeds:
            self.plan.after[i] = tuple(self._slot(i, -1, AFTER, feed) for feed in feeds[AFTER.id])

    def _unwired(self, flat: Flat, port: Port) -> Any:
        value = flat.node.values.get(port.id, port.default)
        if not port.many:
            return self._constant(value)
        if value is None:
            return ()
        return tuple(self._constant(item) for item in (value if isinstance(value, list) else [value]))

    def _slot(self, i: int, position: int, port: Port, feed: Source | Constant) -> int:
        if isinstance(feed, Constant):
            return self._constant(feed.value)
        plan, source = self.plan, self._new[feed.node]
        shape = plan.shapes[source]
        output = next(position for position, one in enumerate(shape.outputs) if one.id == feed.port)
        here = plan.shapes[i]
        if position >= 0 and position in here.lazy:
            self._lazies[source].append((i, output))
        else:
            plan.ind0[i] += 1
            if position in here.stream_ins and output in shape.stream_outs:
                self._streams[source].append((i, position, output))
            else:
                self._links[source].append((i, output))
        if position >= 0 and (to := _conversion(shape.outputs[output], port)) is not None:
            plan.convert[i] = (*plan.convert.get(i, ()), (position, to))
        return plan.out0[source] + output

    def _finish(self) -> None:
        plan = self.plan
        for i in range(plan.n):
            links = self._links[i]
            plan.succ.append(tuple(target for target, _ in links))
            plan.ports.append(tuple(output for _, output in links) if len(plan.shapes[i].outputs) > 1 else None)
            if self._streams[i]:
                plan.streams[i] = tuple(self._streams[i])
            if self._lazies[i]:
                plan.lazies[i] = tuple(self._lazies[i])
            if plan.shapes[i].control is Control.RACE:
                plan.ind0[i] = min(plan.ind0[i], 1)
        plan.outlets = tuple(i for i, shape in enumerate(plan.shapes) if shape.control is Control.OUTPUT)
        racers = {i for i, shape in enumerate(plan.shapes) if shape.control is Control.RACE}
        plan.mode = bytes(self._mode(i, racers, logged=False) for i in range(plan.n))
        plan.logged_mode = bytes(self._mode(i, racers, logged=True) for i in range(plan.n))

    def _mode(self, i: int, racers: set[int], *, logged: bool) -> int:
        plan, shape = self.plan, self.plan.shapes[i]
        implementation = shape.implementation
        slots = [slot for arg in plan.args[i] for slot in (arg if isinstance(arg, tuple) else (arg,))]
        if any(plan.owner[slot] < 0 and plan.vals0[slot] is DEAD for slot in (*slots, *plan.after.get(i, ()))):
            return ODD
        careful = (
            implementation.style not in (Style.INLINE, Style.ASYNC)
            or len(shape.outputs) != 1
            or len(shape.inputs) != len(implementation.kind.inputs)
            or bool(implementation.kind.dynamic_inputs)
            or implementation.wants_context
            or bool(implementation.pools)
            or implementation.environment is not None
            or not shape.plain_policy
            or shape.muted
            or bool(shape.stream_ins or shape.stream_outs or shape.lazy)
            or any(port.many for port in shape.inputs)
            or i in plan.convert
            or i in plan.pins
            or i in plan.lazies
            or (logged and shape.effect is Effect.EFFECT)
            or any(target in racers for target in plan.succ[i])
        )
        if careful:
            return GENERAL
        return TASK if implementation.style is Style.ASYNC else min(len(slots), INLINE_MANY)


def _conversion(source: Port, target: Port) -> Type | None:
    """Return the type a value must be brought to on this wire, or None when it fits as it is."""
    if target.type is Type.ANY or target.stream or MAPPED in target.tags:
        return None
    return None if arriving_type(source, target) is target.type else target.type


def _topological(feeds: list[dict[str, list[Any]]]) -> list[int]:
    """Return the flat nodes so that every wire goes forwards; among equals, document order is kept (Kahn 1962)."""
    before = [[feed.node for found in one.values() for feed in found if isinstance(feed, Source)] for one in feeds]
    after: list[list[int]] = [[] for _ in feeds]
    waiting = [len(sources) for sources in before]
    for i, sources in enumerate(before):
        for source in sources:
            after[source].append(i)
    order = [i for i, count in enumerate(waiting) if count == 0]
    for i in order:
        for target in after[i]:
            waiting[target] -= 1
            if waiting[target] == 0:
                order.append(target)
    if len(order) != len(feeds):
        raise Invalid("graph.cycle", "The graph has a cycle through its groups.", hint="Remove a wire of the cycle.")
    return order


__all__ = ["NEVER", "Compiler"]
