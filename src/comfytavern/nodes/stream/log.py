"""Every piece, written down."""

from typing import Any

from comfytavern.nodes.kit import Context, Type, Words, as_text, inp, node, out, text_widget

SHOWN_MAX = 200


@node(
    "stream.log",
    title="Log a stream",
    description="Writes every piece of a stream to the run's log and passes it on unchanged.",
    icon="scroll-text",
    keywords=["debug", "trace", "chunks", "print"],
    inputs=[
        inp("piece", Type.ANY, stream=True, required=True, convertible=True, description="The stream."),
        inp("label", Type.STRING, default="", widget=text_widget(), description="Written before each piece."),
    ],
    outputs=[out("piece", Type.ANY, stream=True, convertible=True, description="The same stream.")],
    effect="nondet",
    per_chunk=True,
    bypass={"piece": "piece"},
    example={"inputs": {"piece": "a", "label": "got"}, "outputs": {"piece": "a"}},
    zh=Words(
        title="记录流",
        description="把流的每一段写进运行日志，并原样传下去。",
        ports={"piece": ("流", "输入的流，以及同样的输出流。"), "label": ("标签", "写在每一段前面。")},
        keywords=["调试", "日志", "跟踪"],
    ),
)
def log_stream(ctx: Context, piece: Any, label: str) -> Any:
    """Return the piece, as a list of one."""
    text = as_text(piece)
    ctx.log(f"{label}: {text[:SHOWN_MAX]}" if label else text[:SHOWN_MAX])
    return [piece]  # a bare list would be several pieces, a bare null none
