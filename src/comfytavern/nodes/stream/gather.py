"""The whole of a stream."""

from collections.abc import AsyncIterator
from typing import Any

from comfytavern.nodes.kit import Type, Words, as_text, inp, node, out, textarea


@node(
    "stream.gather",
    title="Gather a stream",
    description="Waits for the end of a stream and gives all of it: as one text, and as the list of its pieces.",
    icon="layers",
    keywords=["collect", "join", "wait", "list", "chunks"],
    inputs=[
        inp("pieces", Type.ANY, stream=True, required=True, description="The stream."),
        inp("separator", Type.STRING, default="", widget=textarea(1), description="Put between the pieces in the text."),
    ],
    outputs=[
        out("text", Type.STRING, description="All pieces as one text."),
        out("pieces", Type.ARRAY, description="The pieces in order."),
        out("count", Type.INTEGER, description="How many pieces there were."),
    ],
    effect="pure",
    example={"inputs": {"pieces": "one"}, "outputs": {"text": "one", "pieces": ["one"], "count": 1}},
    zh=Words(
        title="汇集流",
        description="等流结束后给出全部内容：合成的文本，以及各段组成的列表。",
        ports={
            "pieces": ("各段", "输入的流，以及按顺序排列的各段。"),
            "separator": ("分隔符", "合成文本时放在各段之间。"),
            "text": ("文本", "由所有段合成的文本。"),
            "count": ("段数", "共有多少段。"),
        },
        keywords=["收集", "等待", "合成", "列表"],
    ),
)
async def gather(pieces: AsyncIterator[Any], separator: str) -> tuple[str, list[Any], int]:
    """Return the text, the pieces and their number."""
    all_pieces = [piece async for piece in pieces]
    return separator.join(map(as_text, all_pieces)), all_pieces, len(all_pieces)
