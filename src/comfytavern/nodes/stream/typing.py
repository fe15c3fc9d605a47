"""A text as if somebody typed it."""

import asyncio
from collections.abc import AsyncIterator

from comfytavern.nodes.kit import Type, Words, inp, node, number, out, textarea


@node(
    "stream.typing",
    title="Text to stream",
    description="Turns a text into a stream of small pieces, as fast or as slowly as you like.",
    icon="keyboard",
    keywords=["typewriter", "chunk", "simulate", "slow"],
    inputs=[
        inp("text", Type.STRING, default="", widget=textarea(), description="The text."),
        inp("size", Type.INTEGER, default=4, widget=number(1, 10_000, 1), description="Characters per piece."),
        inp("pause", Type.FLOAT, default=0.02, widget=number(0, 10, 0.01), description="Seconds between two pieces."),
    ],
    outputs=[out("text", Type.STRING, stream=True, description="The stream.")],
    effect="nondet",
    example={"inputs": {"text": "Hello", "pause": 0}, "outputs": {"text": "Hello"}},
    zh=Words(
        title="文本转流",
        description="把文本变成由小段组成的流，快慢随意。",
        ports={
            "text": ("文本", "输入的文本，以及输出的流。"),
            "size": ("每段长度", "每段的字符数。"),
            "pause": ("间隔", "两段之间的秒数。"),
        },
        keywords=["打字机", "模拟", "分段"],
    ),
)
async def typing(text: str, size: int, pause: float) -> AsyncIterator[str]:
    """Yield the pieces."""
    step = max(1, size)
    for at in range(0, len(text), step):
        if at and pause > 0:
            await asyncio.sleep(pause)
        yield text[at : at + step]
