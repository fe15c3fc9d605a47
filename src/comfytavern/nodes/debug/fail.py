"""Something goes wrong."""

from typing import Any

from comfytavern.kernel.errors import Unavailable
from comfytavern.nodes.kit import Context, Failure, Type, Words, inp, node, number, out, text_widget, toggle


@node(
    "debug.fail",
    title="Fail",
    description="Fails on purpose, always or only at the first attempts: to try out retries, error ports and Catch.",
    icon="bomb",
    keywords=["error", "raise", "throw", "test", "exception"],
    inputs=[
        inp("value", Type.ANY, default=None, convertible=True, description="Passed on by the attempt that succeeds."),
        inp("message", Type.STRING, default="This was meant to fail.", widget=text_widget(), description="What the error says."),
        inp(
            "attempts",
            Type.INTEGER,
            default=0,
            widget=number(0, 100, 1),
            description="Fail so many attempts, then succeed; 0 fails always.",
        ),
        inp("enabled", Type.BOOLEAN, default=True, widget=toggle(), description="Off: passes the value on."),
    ],
    outputs=[out("value", Type.ANY, convertible=True, description="The value, when it does not fail.")],
    effect="nondet",
    example={"inputs": {"value": 0, "enabled": False}, "outputs": {"value": 0}},
    zh=Words(
        title="失败",
        description="故意失败，总是失败或只在前几次失败：用来试验重试、错误端口和“捕获”。",
        ports={
            "value": ("值", "成功时传下去的值。"),
            "message": ("消息", "错误显示的话。"),
            "attempts": ("失败次数", "前这么多次失败，之后成功；0 表示总是失败。"),
            "enabled": ("启用", "关闭时把值传下去。"),
        },
        keywords=["错误", "抛出", "异常", "测试"],
    ),
)
def fail(ctx: Context, value: Any, message: str, attempts: int, enabled: bool) -> Any:
    """Return the value or raise: `Unavailable` (worth another attempt) when a later attempt would succeed."""
    if not enabled or 0 < attempts < ctx.attempt:
        return value
    raise (Unavailable if attempts else Failure)("debug.fail", message, hint="Turn the node off, or remove it.")
