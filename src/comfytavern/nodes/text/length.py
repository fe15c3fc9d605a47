"""How long a text is."""

from comfytavern.nodes.kit import Type, Words, inp, node, out, textarea


@node(
    "text.length",
    title="Text length",
    description="Counts characters, words and lines.",
    icon="ruler",
    keywords=["count", "size", "words", "lines", "characters"],
    inputs=[inp("text", Type.STRING, default="", widget=textarea(), description="The text to measure.")],
    outputs=[
        out("characters", Type.INTEGER, description="Characters, line ends included."),
        out("words", Type.INTEGER, description="Runs of anything but white space."),
        out("lines", Type.INTEGER, description="Lines; an empty text has none."),
    ],
    effect="pure",
    example={"inputs": {"text": "one two\nthree"}, "outputs": {"characters": 13, "words": 3, "lines": 2}},
    zh=Words(
        title="文本长度",
        description="统计字符数、词数和行数。",
        ports={
            "text": ("文本", "要统计的文本。"),
            "characters": ("字符数", "字符数，包括换行。"),
            "words": ("词数", "以空白分隔的词的数量。"),
            "lines": ("行数", "行数；空文本为 0。"),
        },
        keywords=["字数", "统计", "计数"],
    ),
)
def length(text: str) -> tuple[int, int, int]:
    """Return characters, words and lines."""
    return len(text), len(text.split()), len(text.splitlines())
