"""One text for another."""

import re

from comfytavern.nodes.kit import Type, Words, inp, node, number, out, textarea, toggle


@node(
    "text.replace",
    title="Replace text",
    description="Puts one text in the place of another, exactly as written. For patterns use Regex.",
    icon="replace",
    keywords=["substitute", "find", "swap"],
    inputs=[
        inp("text", Type.STRING, default="", widget=textarea(), description="The text to change."),
        inp("find", Type.STRING, default="", widget=textarea(1), description="What to look for. Nothing is changed while it is empty."),
        inp("replacement", Type.STRING, default="", widget=textarea(1), description="What to put there."),
        inp("limit", Type.INTEGER, default=0, widget=number(0, None, 1), description="At most so many times; 0 means every time."),
        inp("ignore_case", Type.BOOLEAN, default=False, widget=toggle(), description="Take capitals and small letters as the same."),
    ],
    outputs=[out("text", Type.STRING, description="The changed text.")],
    effect="pure",
    example={"inputs": {"text": "a cat, a dog", "find": "a ", "replacement": "one "}, "outputs": {"text": "one cat, one dog"}},
    zh=Words(
        title="替换文本",
        description="把一段文本原样替换为另一段。需要模式匹配时请用“正则”。",
        ports={
            "text": ("文本", "要修改的文本和修改后的文本。"),
            "find": ("查找", "要查找的内容；为空时不做任何修改。"),
            "replacement": ("替换为", "替换成的内容。"),
            "limit": ("次数上限", "最多替换多少次；0 表示全部。"),
            "ignore_case": ("忽略大小写", "不区分大小写。"),
        },
        keywords=["查找", "替代"],
    ),
)
def replace(text: str, find: str, replacement: str, limit: int, ignore_case: bool) -> str:
    """Return the text with the replacements made."""
    if not find:
        return text
    if not ignore_case:
        return text.replace(find, replacement, limit if limit > 0 else -1)
    return re.sub(re.escape(find), lambda _: replacement, text, count=max(0, limit), flags=re.IGNORECASE)
