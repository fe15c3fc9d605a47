"""Work that takes time."""

import asyncio
import time
from typing import Any

from comfytavern.nodes.kit import Context, Type, Words, inp, node, number, out

STEP_S = 0.05


@node(
    "debug.sleep",
    title="Sleep",
    description="Pretends to work for a while, with progress: to see how a graph behaves when a step is slow.",
    icon="moon",
    keywords=["wait", "slow", "simulate", "progress"],
    inputs=[
        inp("value", Type.ANY, default=None, convertible=True, description="Passed on at the end."),
        inp("seconds", Type.FLOAT, default=1.0, widget=number(0, 3600, 0.1), description="How long it takes."),
    ],
    outputs=[out("value", Type.ANY, convertible=True, description="The same value.")],
    effect="nondet",
    example={"inputs": {"value": "", "seconds": 0}, "outputs": {"value": ""}},
    zh=Words(
        title="休眠",
        description="假装工作一会儿并显示进度：用来观察某一步很慢时图的表现。",
        ports={"value": ("值", "结束时传下去的值。"), "seconds": ("秒数", "需要多久。")},
        keywords=["等待", "缓慢", "模拟", "进度"],
    ),
)
async def sleep(ctx: Context, value: Any, seconds: float) -> Any:
    """Return the value when the time is up."""
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        ctx.progress(passed / seconds)
        await asyncio.sleep(min(STEP_S, seconds - passed))
    return value
