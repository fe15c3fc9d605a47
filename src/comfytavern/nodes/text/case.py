"""Capitals and small letters."""

from comfytavern.nodes.kit import Failure, Type, Words, inp, node, out, select, textarea


@node(
    "text.case",
    title="Change case",
    description="Turns letters into capitals, small letters, title or sentence case.",
    icon="case-sensitive",
    keywords=["upper", "lower", "capitalize", "title"],
    inputs=[
        inp("text", Type.STRING, default="", widget=textarea(), description="The text to change."),
        inp(
            "case",
            Type.STRING,
            default="lower",
            handle=False,
            description="What the letters become.",
            widget=select(("lower", "lower case"), ("upper", "UPPER CASE"), ("title", "Title Case"), ("sentence", "Sentence case")),
        ),
    ],
    outputs=[out("text", Type.STRING, description="The changed text.")],
    effect="pure",
    example={"inputs": {"text": "good MORNING", "case": "title"}, "outputs": {"text": "Good Morning"}},
    zh=Words(
        title="大小写",
        description="转换为大写、小写、标题或句首大写。",
        ports={"text": ("文本", "要修改的文本和修改后的文本。"), "case": ("形式", "字母变成什么样。")},
        options={"lower": "小写", "upper": "大写", "title": "标题（每词首字母大写）", "sentence": "句首大写"},
        keywords=["大写", "小写"],
    ),
)
def case(text: str, case: str) -> str:
    """Return the text in that case."""
    match case:
        case "lower":
            return text.lower()
        case "upper":
            return text.upper()
        case "title":
            return text.title()
        case "sentence":
            return text[:1].upper() + text[1:].lower()
        case _:
            raise Failure("text.case", f"There is no case called {case!r}.", case=case)
