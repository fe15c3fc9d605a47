"""A text that stands in the graph."""

from comfytavern.nodes.kit import Type, Words, inp, node, out, textarea


@node(
    "text.constant",
    title="Text",
    description="A text written here, for any number of readers.",
    icon="type",
    keywords=["string", "constant", "prompt", "literal"],
    inputs=[inp("text", Type.STRING, default="", widget=textarea(4), description="The text itself.")],
    outputs=[out("text", Type.STRING, description="The same text.")],
    effect="pure",
    example={"inputs": {"text": "Hello"}, "outputs": {"text": "Hello"}},
    zh=Words(
        title="文本",
        description="写在这里的一段文本，可供任意多个节点读取。",
        ports={"text": ("文本", "文本内容。")},
        keywords=["字符串", "常量", "提示词"],
    ),
)
def constant(text: str) -> str:
    """Return the text."""
    return text
