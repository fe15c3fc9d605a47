"""Between tokens on wires and the arguments and results of a function."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine.calling import RunContext
from comfytavern.engine.plan import Shape
from comfytavern.engine.streams import replay
from comfytavern.engine.tokens import DEAD, DONE, Broken, Cause
from comfytavern.graph.types import convert

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

ABSENT = object()
"""An interface output that has neither wire nor value."""


def of(frame: "Frame", i: int, attempt: int = 1) -> list[Any]:
    """Return the arguments of a node's function, the context first when it asks for one."""
    shape = frame.plan.shapes[i]
    values = [value(frame, i, position) for position in range(len(shape.inputs))]
    kind = shape.kind
    declared = len(kind.inputs)
    if kind.dynamic_inputs:
        extra = {port.id: value for port, value in zip(shape.inputs[declared:], values[declared:], strict=True) if value is not DEAD}
        values = [*values[:declared], extra]
    else:
        values = values[:declared]
    return [RunContext(frame, i, attempt), *values] if shape.implementation.wants_context else values


def value(frame: "Frame", i: int, position: int) -> Any:
    """Return what the function gets for one input."""
    plan = frame.plan
    shape = plan.shapes[i]
    port, arg = shape.inputs[position], plan.args[i][position]
    if position in shape.stream_ins:
        return stream(frame, i, position)
    if position in shape.lazy and plan.sources(i, position) and position not in frame.wanted.get(i, ()):
        return _unwired(frame, i, position)
    if isinstance(arg, tuple):
        tokens = [frame.vals[slot] for slot in arg]
        return [_given(frame, i, position, token) for token in tokens if token is not DEAD]
    token = frame.vals[arg]
    if token is DEAD and not port.accepts_dead:
        return _unwired(frame, i, position)
    return _given(frame, i, position, token)


def stream(frame: "Frame", i: int, position: int) -> Any:
    """Return an asynchronous iterator over the chunks of a stream input (a list of them for a many-input)."""
    plan = frame.plan
    arg = plan.args[i][position]
    channel = frame.channels.get((i, position))
    if channel is not None:
        return channel.chunks()
    slots = arg if isinstance(arg, tuple) else (arg,)
    streams = [replay(_source(frame, i, position, slot), stream=_is_stream(frame, slot)) for slot in slots]
    return streams if isinstance(arg, tuple) else streams[0]


def chunks(frame: "Frame", i: int, slot: int) -> list[Any]:
    """Return the chunks of a stream input whose stream is already whole (S3, S8)."""
    value = _source(frame, i, 0, slot)
    if not _is_stream(frame, slot):
        return [value]
    return value if isinstance(value, list) else [value] if value else []


def _source(frame: "Frame", i: int, position: int, slot: int) -> Any:
    token = frame.vals[slot]
    return _unwired(frame, i, position) if token is DEAD else token


def _is_stream(frame: "Frame", slot: int) -> bool:
    owner = frame.plan.owner[slot]
    if owner < 0 or frame.vals[slot] is DEAD:
        return False
    return slot - frame.plan.out0[owner] in frame.plan.shapes[owner].stream_outs and frame.state[owner] >= DONE


def _unwired(frame: "Frame", i: int, position: int) -> Any:
    """Return the value an input has when its wire does not count (R4)."""
    typed = frame.plan.fallback.get(i)
    if typed is not None and position in typed:
        return typed[position]
    return frame.plan.shapes[i].inputs[position].default


def _given(frame: "Frame", i: int, position: int, token: Any) -> Any:
    if token.__class__ is Broken:
        return token.error.value()
    for at, to in frame.plan.convert.get(i, ()):
        if at == position and token is not DEAD:
            if token is None and not frame.plan.shapes[i].inputs[position].required:
                return token
            return convert(token, to)
    return token


def output_token(frame: "Frame", i: int, position: int) -> Any:
    """Return the token of one input of a `graph.output` node, converted; ABSENT when nothing is there."""
    plan = frame.plan
    arg = plan.args[i][position]
    if not isinstance(arg, tuple):
        token = frame.vals[arg]
        if plan.owner[arg] < 0 and token is None:
            return ABSENT
        return token if token is DEAD or token.__class__ is Broken else _given(frame, i, position, token)
    tokens = [frame.vals[slot] for slot in arg]
    broken = next((token for token in tokens if token.__class__ is Broken), None)
    live = [_given(frame, i, position, token) for token in tokens if token is not DEAD and token.__class__ is not Broken]
    return broken or live or (DEAD if tokens else ABSENT)


def outputs_of(shape: Shape, result: Any) -> tuple[Any, ...]:
    """Return one token per output from what a function returned. Raises `Cause` when the numbers differ."""
    width = shape.width
    tail = (DEAD,) * shape.error_port
    if width == 1 and not shape.kind.dynamic_outputs:
        return (result, *tail)
    if isinstance(result, dict):
        return (*(result.get(port.id, DEAD) for port in shape.outputs[:width]), *tail)
    if width == 0 or result is DEAD:
        return (DEAD,) * (width + shape.error_port)
    if isinstance(result, tuple) and len(result) == width:
        return (*result, *tail)
    raise Cause("BadResult", f"The function of {shape.kind.id} must return {width} values, as a tuple or a dict.")
