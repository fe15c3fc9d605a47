"""Something before and after."""

from collections.abc import AsyncIterator

from comfytavern.nodes.kit import Type, Words, inp, node, out, textarea


@node(
    "stream.suffix",
    title="Add around a stream",
    description="Puts text before the first and after the last piece of a stream, without waiting for its end.",
    icon="text-cursor-input",
    keywords=["prefix", "suffix", "append", "wrap", "end"],
    inputs=[
        inp("text", Type.STRING, stream=True, required=True, description="The stream."),
        inp("before", Type.STRING, default="", widget=textarea(1), description="Comes first."),
        inp("after_text", Type.STRING, default="", title="After", widget=textarea(1), description="Comes last."),
    ],
    outputs=[out("text", Type.STRING, stream=True, description="The stream with both.")],
    effect="pure",
    example={"inputs": {"text": "fire", "before": "<", "after_text": ">"}, "outputs": {"text": "<fire>"}},
    zh=Words(
        title="流首尾加文本",
        description="在流的第一段之前和最后一段之后加上文本，不必等流结束。",
        ports={
            "text": ("文本", "输入的流，以及加好的流。"),
            "before": ("之前", "放在最前面。"),
            "after_text": ("之后", "放在最后面。"),
        },
        keywords=["前缀", "后缀", "追加"],
    ),
)
async def suffix(text: AsyncIterator[str], before: str, after_text: str) -> AsyncIterator[str]:
    """Yield the text before, the stream, and the text after."""
    if before:
        yield before
    async for piece in text:
        yield piece
    if after_text:
        yield after_text
