"""JSON text into values."""

import json
from typing import Any

from comfytavern.nodes.kit import Failure, Type, Words, code, inp, node, out, toggle


@node(
    "text.parse_json",
    title="Parse JSON",
    description="Reads JSON. It can find the JSON inside a model's reply, in a Markdown fence or between other words.",
    icon="braces",
    keywords=["decode", "load", "object", "structured"],
    inputs=[
        inp("text", Type.STRING, required=True, widget=code("json"), tags=["json"], description="A text that is, or contains, JSON."),
        inp("search", Type.BOOLEAN, default=True, widget=toggle(), description="Look for JSON inside other text as well."),
    ],
    outputs=[out("value", Type.ANY, tags=["json"], description="What the JSON says.")],
    effect="pure",
    example={"inputs": {"text": 'Here: ```json\n{"score": 0}\n```'}, "outputs": {"value": {"score": 0}}},
    zh=Words(
        title="解析 JSON",
        description="读取 JSON。可以从模型回复里、Markdown 代码块里或文字之间找出 JSON。",
        ports={
            "text": ("文本", "本身是 JSON、或包含 JSON 的文本。"),
            "search": ("查找", "也在其他文字之间查找 JSON。"),
            "value": ("值", "JSON 表示的内容。"),
        },
        keywords=["解码", "读取", "对象"],
    ),
)
def parse_json(text: str, search: bool) -> Any:
    """Return the value. Raises `Failure` (`text.json`) with the line and column of the first mistake."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        found = _first_inside(text) if search else None
        if found is not None:
            return found[0]
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        reason = getattr(error, "msg", "it is nested too deeply or has a number out of range")
        raise Failure(
            "text.json",
            f"This is not JSON: {reason} (line {line}, column {column}).",
            hint="Ask the model for JSON only, or look at the text in a Show node.",
            line=line,
            column=column,
        ) from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _first_inside(text: str) -> tuple[Any] | None:
    """Return the first object or array that stands in the text. Tries 50 places at most."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    at, tries = 0, 0
    while tries < 50:
        starts = [place for mark in "{[" if (place := text.find(mark, at)) >= 0]
        if not starts:
            return None
        at = min(starts)
        try:
            return (decoder.raw_decode(text, at)[0],)
        except (ValueError, RecursionError):
            at, tries = at + 1, tries + 1
    return None
