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
generator streams. Parameters are the inputs' ids in order (after `ctx`, if asked for), and one more for the values of
dynamic inputs; a mismatch is an error at import.
"""

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

from comfytavern.engine.context import Context
from comfytavern.engine.implementation import DEAD, Final, Implementation, Style, WaitRequest
from comfytavern.graph.kinds import Control, Effect, Kind, Port, Widget, Words
from comfytavern.graph.migrate import KindStep
from comfytavern.graph.types import Type, convert
from comfytavern.kernel.errors import Failure

__all__ = [
    "DEAD",
    "Context",
    "Control",
    "Failure",
    "Final",
    "KindStep",
    "Type",
    "WaitRequest",
    "Widget",
    "Words",
    "as_text",
    "code",
    "control",
    "inp",
    "json_widget",
    "node",
    "number",
    "out",
    "select",
    "text_widget",
    "textarea",
    "toggle",
]

F = TypeVar("F", bound=Callable[..., Any])

Migration = KindStep | Callable[[dict[str, Any]], dict[str, Any]]
"""From a node's saved values of one version of its kind to those of the next; a `KindStep` can rename ports as well."""


def inp(id: str, type: Type, **more: Any) -> Port:
    """Declare an input; `more` are the members of `Port`."""
    more.setdefault("title", id.replace("_", " ").capitalize())
    return Port(id=id, type=type, **more)


def out(id: str, type: Type, **more: Any) -> Port:
    """Declare an output; `more` are the members of `Port`."""
    more.setdefault("title", id.replace("_", " ").capitalize())
    return Port(id=id, type=type, **more)


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
    migrations: Mapping[int, Migration] | None = None,
    **kind: Any,
) -> Callable[[F], F]:
    """Declare a kind of node for the function below it. The function itself is left as it is.

    The declaration is found by registry.py as `function.__node__`; `migrations[n]` turns the values saved by version n
    into those of version n + 1. Raises `TypeError` when parameters and inputs differ.
    """
    declared = _kind(id, inputs, outputs, effect, zh, kind)

    def declare(function: F) -> F:
        function.__dict__["__node__"] = Implementation(
            kind=declared,
            style=_style(function, threaded=threaded, per_chunk=per_chunk, waits=waits),
            run=function,
            want=want,
            wants_context=_check_parameters(declared, function),
            code_version=_code_version(function),
            pools=pools,
            services=services,
            idempotent=idempotent,
            environment=environment,
        )
        function.__dict__["__node_migrations__"] = dict(migrations or {})
        return function

    return declare


def control(
    id: str,
    control: Control,
    *,
    zh: Words,
    inputs: Sequence[Port] = (),
    outputs: Sequence[Port] = (),
    effect: str = "pure",
    **kind: Any,
) -> Implementation:
    """Declare a kind that the engine itself knows how to run (map, loop, group …); assign it to a module-level name."""
    declared = _kind(id, inputs, outputs, effect, zh, {"control": control, **kind})
    return Implementation(kind=declared, style=Style.CONTROL)


def _kind(id: str, inputs: Sequence[Port], outputs: Sequence[Port], effect: str, zh: Words, more: dict[str, Any]) -> Kind:
    family, _, _ = id.partition(".")
    words = {"zh-CN": zh}
    return Kind(id=id, family=family, inputs=list(inputs), outputs=list(outputs), effect=Effect(effect), words=words, **more)


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
    """Return a digest of the function and of the file around it (its helpers), the same in every process."""
    digest = hashlib.blake2b(_source(function.__code__.co_filename), digest_size=8)
    pending: list[CodeType] = [function.__code__]
    while pending:
        code = pending.pop()
        digest.update(code.co_code + repr(code.co_names).encode())
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                pending.append(constant)
            else:
                plain = sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant
                digest.update(repr(plain).encode())
    return digest.hexdigest()


@cache
def _source(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # defined at a prompt or inside an archive: the byte code alone has to do
        return b""


def as_text(value: Any) -> str:
    """Return a value as people expect to read it: text as it is, nothing as "", `true`, `3`, and JSON for the rest."""
    return "" if value is None else convert(value, Type.STRING)


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
    """One of several, each a value or `(value, label)`; `suggest` allows free text too."""
    pairs = [list(option) if isinstance(option, tuple) else option for option in options]
    return Widget(kind="select", options=pairs, suggest=suggest)


def code(language: str, rows: int = 6) -> Widget:
    """Source text."""
    return Widget(kind="code", language=language, rows=rows)


def json_widget(rows: int = 4) -> Widget:
    """Any JSON."""
    return Widget(kind="json", rows=rows)
