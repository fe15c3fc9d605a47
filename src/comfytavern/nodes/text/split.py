"""One text into a list."""

from comfytavern.nodes.kit import Failure, Type, Words, inp, node, number, out, select, textarea, toggle

SIZE_MIN = 1


@node(
    "text.split",
    title="Split text",
    description="Cuts a text into a list: by lines, paragraphs, a separator, spaces, characters or length.",
    icon="scissors",
    keywords=["lines", "explode", "tokenize", "chunks", "list"],
    inputs=[
        inp("text", Type.STRING, default="", widget=textarea(), description="The text to cut."),
        inp(
            "by",
            Type.STRING,
            default="lines",
            handle=False,
            description="Where to cut.",
            widget=select(
                ("lines", "Lines"),
                ("paragraphs", "Paragraphs"),
                ("separator", "Separator"),
                ("spaces", "Spaces"),
                ("characters", "Characters"),
                ("size", "Pieces of one size"),
            ),
        ),
        inp("separator", Type.STRING, default=",", widget=textarea(1), description="For `Separator`: the text between two pieces."),
        inp(
            "size",
            Type.INTEGER,
            default=1000,
            widget=number(SIZE_MIN, 1_000_000, 1),
            description="For pieces of one size: characters per piece.",
        ),
        inp("trim", Type.BOOLEAN, default=True, widget=toggle(), description="Remove white space around each piece."),
        inp("skip_empty", Type.BOOLEAN, default=True, widget=toggle(), description="Leave out empty pieces."),
    ],
    outputs=[
        out("parts", Type.ARRAY, description="The pieces in order."),
        out("count", Type.INTEGER, description="How many pieces there are."),
    ],
    effect="pure",
    example={"inputs": {"text": "a, b,,c", "by": "separator"}, "outputs": {"parts": ["a", "b", "c"], "count": 3}},
    zh=Words(
        title="拆分文本",
        description="把文本切成列表：按行、按空行、按分隔符、按空白、按字符，或按固定长度。",
        ports={
            "text": ("文本", "要切分的文本。"),
            "by": ("切分方式", "在哪里切开。"),
            "separator": ("分隔符", "选择“分隔符”时，两段之间的文本。"),
            "size": ("长度", "选择“固定长度”时，每段的字符数。"),
            "trim": ("去除空白", "去掉每段首尾的空白。"),
            "skip_empty": ("跳过空段", "忽略空的片段。"),
            "parts": ("片段", "按顺序排列的各个片段。"),
            "count": ("数量", "片段的数量。"),
        },
        options={
            "lines": "行",
            "paragraphs": "段落",
            "separator": "分隔符",
            "spaces": "空白",
            "characters": "字符",
            "size": "固定长度",
        },
        keywords=["分割", "切分", "按行", "列表"],
    ),
)
def split(text: str, by: str, separator: str, size: int, trim: bool, skip_empty: bool) -> tuple[list[str], int]:
    """Return the pieces and how many there are."""
    parts = _cut(text, by, separator, size)
    if trim and by != "characters":
        parts = [part.strip() for part in parts]
    if skip_empty:
        parts = [part for part in parts if part]
    return parts, len(parts)


def _cut(text: str, by: str, separator: str, size: int) -> list[str]:
    match by:
        case "lines":
            return text.splitlines()
        case "paragraphs":
            return text.replace("\r\n", "\n").split("\n\n")
        case "separator":
            if not separator:
                raise Failure("text.separator", "The separator is empty.", hint="Type a separator, or split into characters.")
            return text.split(separator)
        case "spaces":
            return text.split()
        case "characters":
            return list(text)
        case "size":
            step = max(SIZE_MIN, size)
            return [text[at : at + step] for at in range(0, len(text), step)]
        case _:
            raise Failure("text.split", f"There is no way of splitting called {by!r}.", by=by)
