"""Several texts, one after the other."""

from comfytavern.nodes.kit import Type, Words, as_text, inp, node, out, textarea, toggle


@node(
    "text.join",
    title="Join texts",
    description="Joins all texts that arrive, in the order of their wires; a list counts as its items.",
    icon="combine",
    keywords=["concatenate", "concat", "append", "merge", "lines"],
    inputs=[
        inp("texts", Type.ANY, many=True, description="Texts, numbers or lists of them."),
        inp("separator", Type.STRING, default="\n", widget=textarea(1), description="Put between two texts; may be empty."),
        inp("skip_empty", Type.BOOLEAN, default=False, widget=toggle(), description="Leave out texts that are empty."),
    ],
    outputs=[out("text", Type.STRING, description="All of them as one text.")],
    effect="pure",
    example={"inputs": {"texts": ["a", "b", 0], "separator": ", "}, "outputs": {"text": "a, b, 0"}},
    zh=Words(
        title="拼接文本",
        description="按连线顺序拼接所有到达的文本；列表会展开为其中各项。",
        ports={
            "texts": ("各段文本", "文本、数字，或它们的列表。"),
            "separator": ("分隔符", "放在两段文本之间，可以为空。"),
            "skip_empty": ("跳过空文本", "忽略为空的文本。"),
            "text": ("文本", "拼接得到的文本。"),
        },
        keywords=["连接", "合并", "追加"],
    ),
)
def join(texts: list[object], separator: str, skip_empty: bool) -> str:
    """Return the joined text."""
    flat = [item for text in texts or [] for item in (text if isinstance(text, list) else [text])]
    parts = [as_text(item) for item in flat]
    return separator.join(part for part in parts if part or not skip_empty)
