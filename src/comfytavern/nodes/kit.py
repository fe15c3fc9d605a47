"""The only import a node author needs.

    from comfytavern.nodes.kit import Type, Words, inp, node, out, textarea

    @node(
        "text.upper", title="Upper case", description="Turns all letters into capitals.",
        inputs=[inp("text", Type.STRING, widget=textarea(), required=True)], outputs=[out("text", Type.STRING)],
        effect="pure", example={"inputs": {"text": "a"}, "outputs": {"text": "A"}},
        zh=Words(title="转为大写", description="把所有字母变成大写。", ports={"text": ("文本", "")}),
    )
    def upper(text: str) -> str:
        return text.upper()

A plain function runs inline (keep it under 50 µs) unless `threaded=True`; a coroutine function runs as a task; an async
generator streams. Parameters are the inputs' ids in order (after `ctx`, if asked for); a mismatch is an error at import.
"""

import hashlib
import inspect
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any, TypeVar

from comfytavern.engine.context import Context
from comfytavern.engine.implementation import DEAD, Final, Implementation, Style, WaitRequest
from comfytavern.graph.kinds import Control, Effect, Kind, Port, Widget, Words
from comfytavern.graph.types import Type
from comfytavern.kernel.errors import Failure

__all__ = ["DEAD", "Context", "Failure", "Final", "Type", "WaitRequest", "Words", "control", "inp", "node", "out"]

F = TypeVar("F", bound=Callable[..., Any])


def inp(id: str, type: Type, **more: Any) -> Port:
    """Declare an input; `more` are the members of `Port`."""
    return Port(id=id, type=type, **({"title": id.replace("_", " ").capitalize()} | more))


def out(id: str, type: Type, **more: Any) -> Port:
    """Declare an output; `more` are the members of `Port`."""
    return Port(id=id, type=type, **({"title": id.replace("_", " ").capitalize()} | more))


def node(
    id: str,
    *,
    inputs: Sequence[Port] = (),
    outputs: Sequence[Port] = (),
    effect: str = "nondet",
    zh: Words,
    threaded: bool = False,
    per_chunk: bool = False,
    waits: bool = False,
    want: Callable[..., Any] | None = None,
    pools: Callable[[dict[str, Any]], tuple[str, ...]] | tuple[str, ...] = (),
    services: tuple[type, ...] = (),
    idempotent: bool = False,
    environment: Callable[[dict[str, Any]], str] | None = None,
    **kind: Any,
) -> Callable[[F], F]:
    """Declare a kind of node for the function below it. The function itself is left as it is.

    The declaration is found by registry.py as `function.__node__`. Raises `TypeError` when parameters and inputs differ.
    """

    def declare(function: F) -> F:
        declared = Kind(
            id=id, family=id.partition(".")[0], inputs=list(inputs), outputs=list(outputs), effect=Effect(effect), words={"zh-CN": zh}, **kind
        )
        wants_context = _check_parameters(declared, function)
        function.__node__ = Implementation(  # type: ignore[attr-defined]
            kind=declared,
            style=_style(function, threaded=threaded, per_chunk=per_chunk, waits=waits),
            run=function,
            want=want,
            wants_context=wants_context,
            code_version=_code_version(function),
            pools=pools,
            services=services,
            idempotent=idempotent,
            environment=environment,
        )
        return function

    return declare


def control(id: str, control: Control, *, zh: Words, inputs: Sequence[Port] = (), outputs: Sequence[Port] = (), effect: str = "pure", **kind: Any) -> Implementation:
    """Declare a kind that the engine itself knows how to run (map, loop, group …); assign it to a module-level name."""
    return Implementation(
        kind=Kind(id=id, family=id.partition(".")[0], inputs=list(inputs), outputs=list(outputs), effect=Effect(effect), control=control, words={"zh-CN": zh}, **kind),
        style=Style.CONTROL,
    )


def _style(function: Callable[..., Any], *, threaded: bool, per_chunk: bool, waits: bool) -> Style:
    if inspect.isasyncgenfunction(function):
        return Style.STREAM
    if inspect.iscoroutinefunction(function):
        return Style.ASYNC
    if waits:
        return Style.WAIT
    if per_chunk:
        return Style.CHUNK
    return Style.THREAD if threaded else Style.INLINE


def _check_parameters(kind: Kind, function: Callable[..., Any]) -> bool:
    """Return whether the function asks for a context."""
    names = list(inspect.signature(function).parameters)
    wants_context = names[:1] == ["ctx"]
    want = [port.id for port in kind.inputs]
    got = names[wants_context : len(want) + wants_context]
    spare = len(names) - wants_context - len(want)
    if got != want or spare != bool(kind.dynamic_inputs):
        more = ", and one more for its dynamic inputs" if kind.dynamic_inputs else ""
        raise TypeError(f"{kind.id}: parameters {names} must be the inputs in order: {want}{more}")
    return wants_context


def _code_version(function: Callable[..., Any]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    pending: list[CodeType] = [function.__code__]
    while pending:
        code = pending.pop()
        digest.update(code.co_code)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                pending.append(constant)
            else:
                digest.update(repr(constant).encode())
    return digest.hexdigest()


def text_widget(placeholder: str = "") -> Widget:
    """One line of text."""
    return Widget(kind="text", placeholder=placeholder)


def textarea(rows: int = 3, placeholder: str = "") -> Widget:
    """Several lines of text."""
    return Widget(kind="textarea", rows=rows, placeholder=placeholder)


def number(minimum: float | None = None, maximum: float | None = None, step: float | None = None) -> Widget:
    """A number."""
    return Widget(kind="number", minimum=minimum, maximum=maximum, step=step)


def toggle() -> Widget:
    """On or off."""
    return Widget(kind="toggle")


def select(*options: Any, suggest: bool = False) -> Widget:
    """One of several; `suggest` allows free text too."""
    return Widget(kind="select", options=list(options), suggest=suggest)


def code(language: str, rows: int = 6) -> Widget:
    """Source text."""
    return Widget(kind="code", language=language, rows=rows)


def json_widget(rows: int = 4) -> Widget:
    """Any JSON."""
    return Widget(kind="json", rows=rows)
