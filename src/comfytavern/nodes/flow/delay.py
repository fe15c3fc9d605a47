"""Later."""

import asyncio
from typing import Any

from comfytavern.nodes.kit import Context, Type, Words, inp, node, number, out


@node(
    "flow.delay",
    title="Delay",
    description="Passes a value on after some seconds. Everything else goes on meanwhile.",
    icon="timer",
    keywords=["wait", "sleep", "pause", "later"],
    inputs=[
        inp("value", Type.ANY, default=None, convertible=True, description="What to pass on."),
        inp("seconds", Type.FLOAT, default=1.0, widget=number(0, 86_400, 0.1), description="How long to wait."),
    ],
    outputs=[out("value", Type.ANY, convertible=True, description="The same value, later.")],
    effect="nondet",
    example={"inputs": {"value": "x", "seconds": 0}, "outputs": {"value": "x"}},
    zh=Words(
        title="延时",
        description="过若干秒后把值传下去，其他节点照常运行。",
        ports={"value": ("值", "要传下去的值。"), "seconds": ("秒数", "等待多久。")},
        keywords=["等待", "暂停", "稍后"],
    ),
)
async def delay(ctx: Context, value: Any, seconds: float) -> Any:
    """Return the value when the time is up."""
    ctx.progress(None)
    await asyncio.sleep(max(0.0, seconds))
    return value
