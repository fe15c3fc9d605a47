"""It has to be so."""

from typing import Any

from comfytavern.nodes.kit import Failure, Type, Words, as_text, inp, json_widget, node, out, text_widget, toggle

SHOWN_MAX = 300


@node(
    "debug.assert",
    title="Assert",
    description="Fails the run when a value is not what it has to be; passes it on otherwise. Makes a workflow test itself.",
    icon="badge-check",
    keywords=["test", "check", "expect", "verify", "equal"],
    inputs=[
        inp("value", Type.ANY, required=True, convertible=True, description="The value."),
        inp("expected", Type.ANY, default=None, widget=json_widget(2), description="What it has to be, if `Compare` is on."),
        inp(
            "compare",
            Type.BOOLEAN,
            default=False,
            widget=toggle(),
            description="Compare with the expected value; otherwise the value has to be true or not empty.",
        ),
        inp("message", Type.STRING, default="", widget=text_widget(), description="Said when it fails."),
    ],
    outputs=[out("value", Type.ANY, convertible=True, description="The same value.")],
    effect="pure",
    bypass={"value": "value"},
    example={"inputs": {"value": 0, "expected": 0, "compare": True}, "outputs": {"value": 0}},
    zh=Words(
        title="断言",
        description="值不符合要求时让运行失败，否则原样传下去。让工作流自己测试自己。",
        ports={
            "value": ("值", "要检查的值，原样传下去。"),
            "expected": ("期望值", "打开“比较”时，值必须等于它。"),
            "compare": ("比较", "与期望值比较；关闭时只要求值为真或不为空。"),
            "message": ("消息", "失败时显示的话。"),
        },
        keywords=["测试", "检查", "验证"],
    ),
)
def assert_value(value: Any, expected: Any, compare: bool, message: str) -> Any:
    """Return the value. Raises `Failure` (`debug.assert`) when it is not what it has to be."""
    if (value == expected) if compare else value:
        return value
    got = as_text(value)[:SHOWN_MAX]
    wanted = f"{as_text(expected)[:SHOWN_MAX]} was expected" if compare else "something true or filled was expected"
    raise Failure("debug.assert", message or f"{wanted}, but the value is {got or 'empty'}.", got=got)
