"""Let me see."""

from typing import Any

from comfytavern.nodes.kit import Context, Type, Words, inp, node, out


@node(
    "debug.show",
    title="Show",
    description="Shows whatever arrives, and passes it on.",
    icon="eye",
    keywords=["preview", "view", "display", "print", "inspect", "output"],
    inputs=[inp("value", Type.ANY, required=True, convertible=True, description="What to show.")],
    outputs=[out("value", Type.ANY, convertible=True, description="The same value.")],
    effect="pure",
    example={"inputs": {"value": False}, "outputs": {"value": False}},
    zh=Words(
        title="显示",
        description="显示到达的内容，并原样传下去。",
        ports={"value": ("值", "要显示的内容，原样传下去。")},
        keywords=["预览", "查看", "打印", "输出"],
    ),
)
def show(ctx: Context, value: Any) -> Any:
    """Return the value."""
    ctx.preview("value", value)
    return value
