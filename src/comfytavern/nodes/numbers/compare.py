"""A question about two values."""

from collections.abc import Callable
from typing import Any

from comfytavern.nodes.kit import Failure, Type, Words, as_text, inp, node, number, out, select, text_widget

TESTS: dict[str, tuple[str, str, Callable[[Any, Any], bool]]] = {
    "equal": ("a = b", "a = b", lambda a, b: a == b),
    "different": ("a ≠ b", "a ≠ b", lambda a, b: a != b),
    "less": ("a < b", "a < b", lambda a, b: a < b),
    "less_or_equal": ("a ≤ b", "a ≤ b", lambda a, b: a <= b),
    "greater": ("a > b", "a > b", lambda a, b: a > b),
    "greater_or_equal": ("a ≥ b", "a ≥ b", lambda a, b: a >= b),
}
TEXT_TESTS: dict[str, tuple[str, str, Callable[[str, str], bool]]] = {
    "contains": ("a contains b", "a 包含 b", lambda a, b: b in a),
    "starts_with": ("a starts with b", "a 以 b 开头", lambda a, b: a.startswith(b)),
    "ends_with": ("a ends with b", "a 以 b 结尾", lambda a, b: a.endswith(b)),
}


@node(
    "numbers.compare",
    title="Compare",
    description="Compares two numbers, texts or other values. A text that is a number is compared as one with a number.",
    icon="scale",
    keywords=["equal", "less", "greater", "test", "condition", "contains", "threshold"],
    inputs=[
        inp("a", Type.ANY, title="a", default=None, widget=text_widget(), description="The first value."),
        inp(
            "test",
            Type.STRING,
            default="equal",
            handle=False,
            description="The question.",
            widget=select(
                *((name, english) for name, (english, _, _) in TESTS.items()), *((n, english) for n, (english, _, _) in TEXT_TESTS.items())
            ),
        ),
        inp("b", Type.ANY, title="b", default=None, widget=text_widget(), description="The second value."),
        inp(
            "tolerance",
            Type.FLOAT,
            default=0.0,
            widget=number(0),
            description="Numbers that differ by no more than this count as equal.",
        ),
    ],
    outputs=[
        out("yes", Type.BOOLEAN, description="Whether it is so."),
        out("no", Type.BOOLEAN, description="Whether it is not so."),
    ],
    effect="pure",
    example={"inputs": {"a": 0, "test": "less", "b": "3"}, "outputs": {"yes": True, "no": False}},
    zh=Words(
        title="比较",
        description="比较两个数、文本或其他值。文本与数比较时，能读成数的文本按数比较。",
        ports={
            "a": ("a", "第一个值。"),
            "test": ("条件", "要判断的条件。"),
            "b": ("b", "第二个值。"),
            "tolerance": ("容差", "相差不超过它的两个数视为相等。"),
            "yes": ("是", "条件是否成立。"),
            "no": ("否", "条件是否不成立。"),
        },
        options={name: chinese for name, (_, chinese, _) in (TESTS | TEXT_TESTS).items()},
        keywords=["等于", "小于", "大于", "判断", "条件", "包含"],
    ),
)
def compare(a: Any, test: str, b: Any, tolerance: float) -> tuple[bool, bool]:
    """Return whether it is so, and whether it is not."""
    if test in TEXT_TESTS:
        yes = _contains(a, b) if test == "contains" else TEXT_TESTS[test][2](as_text(a), as_text(b))
        return yes, not yes
    if test not in TESTS:
        raise Failure("numbers.test", f"There is no test called {test!r}.", test=test)
    a, b = _alike(a, b)
    if _is_number(a) and _is_number(b) and abs(a - b) <= tolerance:
        a = b
    try:
        yes = TESTS[test][2](a, b)
    except TypeError as error:
        raise Failure(
            "numbers.incomparable",
            f"A {type(a).__name__} cannot be ordered against a {type(b).__name__}.",
            hint="Turn both into numbers or both into texts.",
        ) from error
    return yes, not yes


def _contains(a: Any, b: Any) -> bool:
    return b in a if isinstance(a, list | dict) else as_text(b) in as_text(a)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Return both as numbers when one is a number and the other a text that is one."""
    if _is_number(a) and isinstance(b, str):
        return a, _as_number(b)
    if _is_number(b) and isinstance(a, str):
        return _as_number(a), b
    return a, b


def _as_number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
