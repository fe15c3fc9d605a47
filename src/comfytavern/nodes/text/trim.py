"""Less around a text, or less of it."""

from comfytavern.nodes.kit import Failure, Type, Words, inp, node, number, out, select, text_widget, textarea


@node(
    "text.trim",
    title="Trim text",
    description="Removes white space (or the characters you name) at the ends, then cuts the text to a length.",
    icon="crop",
    keywords=["strip", "truncate", "shorten", "whitespace"],
    inputs=[
        inp("text", Type.STRING, default="", widget=textarea(), description="The text to trim."),
        inp(
            "side",
            Type.STRING,
            default="both",
            handle=False,
            description="Where to remove.",
            widget=select(("both", "Both ends"), ("start", "Start"), ("end", "End"), ("none", "Nowhere")),
        ),
        inp("characters", Type.STRING, default="", widget=text_widget(), description="Characters to remove; empty means white space."),
        inp("length", Type.INTEGER, default=0, widget=number(0, None, 1), description="Keep at most so many characters; 0 keeps all."),
        inp("ellipsis", Type.STRING, default="…", widget=text_widget(), description="Ends a text that was cut; counts towards the length."),
    ],
    outputs=[out("text", Type.STRING, description="The trimmed text.")],
    effect="pure",
    example={"inputs": {"text": "  a long story  ", "length": 7}, "outputs": {"text": "a long…"}},
    zh=Words(
        title="修剪文本",
        description="去掉首尾的空白（或指定字符），再截断到指定长度。",
        ports={
            "text": ("文本", "要修剪的文本和修剪后的文本。"),
            "side": ("位置", "在哪一端去除。"),
            "characters": ("字符", "要去除的字符；为空表示空白。"),
            "length": ("长度", "最多保留多少字符；0 表示全部保留。"),
            "ellipsis": ("省略号", "加在被截断文本的末尾，计入长度。"),
        },
        options={"both": "两端", "start": "开头", "end": "结尾", "none": "不去除"},
        keywords=["去空格", "截断", "缩短"],
    ),
)
def trim(text: str, side: str, characters: str, length: int, ellipsis: str) -> str:
    """Return the trimmed text, at most `length` characters long when that is not 0."""
    gone = characters or None
    match side:
        case "both":
            text = text.strip(gone)
        case "start":
            text = text.lstrip(gone)
        case "end":
            text = text.rstrip(gone)
        case "none":
            pass
        case _:
            raise Failure("text.trim", f"There is no side called {side!r}.", side=side)
    if length <= 0 or len(text) <= length:
        return text
    return text[: max(0, length - len(ellipsis))] + ellipsis[:length]
