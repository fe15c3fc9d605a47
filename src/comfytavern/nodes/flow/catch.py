"""A net under what may fail."""

from typing import Any

from comfytavern.engine.implementation import ErrorValue
from comfytavern.nodes.kit import DEAD, Type, Words, inp, json_widget, node, out


@node(
    "flow.catch",
    title="Catch",
    description="Takes a value, or the failure on the way to it, and goes on: with the value, or with something else in its place.",
    icon="shield",
    keywords=["try", "error", "exception", "fallback", "default", "handle"],
    inputs=[
        inp("value", Type.ANY, required=True, accepts_error=True, convertible=True, description="What may fail."),
        inp("fallback", Type.ANY, default=None, widget=json_widget(2), description="Given in its place when it failed."),
    ],
    outputs=[
        out("value", Type.ANY, convertible=True, description="The value, or what takes its place."),
        out("failed", Type.BOOLEAN, description="Whether it failed."),
        out("error", Type.OBJECT, title="What failed", description="What went wrong; nothing when all is well."),
    ],
    effect="pure",
    bypass={"value": "value"},
    example={"inputs": {"value": 0, "fallback": "none"}, "outputs": {"value": 0, "failed": False}},
    zh=Words(
        title="捕获",
        description="接收一个值，或得到它的途中发生的失败，然后继续：用原值，或用替代的内容。",
        ports={
            "value": ("值", "可能失败的值，以及得到的结果。"),
            "fallback": ("替代值", "失败时用它代替。"),
            "failed": ("是否失败", "是否发生了失败。"),
            "error": ("错误", "出了什么问题；没有问题时为空。"),
        },
        keywords=["尝试", "错误", "异常", "后备", "默认值"],
    ),
)
def catch(value: Any, fallback: Any) -> tuple[Any, bool, Any]:
    """Return the value or its stand-in, whether it failed, and the error."""
    if isinstance(value, ErrorValue):
        return fallback, True, dict(value)
    return value, False, DEAD
