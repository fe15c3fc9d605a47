"""Markdown without its marks."""

from typing import TYPE_CHECKING

from comfytavern.nodes.kit import Type, Words, code, inp, node, out, toggle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token


@node(
    "text.markdown",
    title="Markdown to text",
    description="Takes the marks out of Markdown: for speech, for counting, or for a plain message.",
    icon="file-minus",
    keywords=["plain", "strip", "format", "clean", "tts"],
    inputs=[
        inp("text", Type.STRING, default="", widget=code("markdown"), tags=["markdown"], description="The Markdown."),
        inp(
            "links",
            Type.BOOLEAN,
            default=False,
            title="Keep links",
            widget=toggle(),
            description="Write the address behind the words of a link.",
        ),
        inp("code_blocks", Type.BOOLEAN, default=True, title="Keep code", widget=toggle(), description="Keep blocks of code."),
    ],
    outputs=[out("text", Type.STRING, description="The plain text.")],
    effect="pure",
    threaded=True,
    example={"inputs": {"text": "# Hi\n\n- **one** [two](https://e.org)"}, "outputs": {"text": "Hi\n\n• one two"}},
    zh=Words(
        title="Markdown 转文本",
        description="去掉 Markdown 标记：用于朗读、计数或纯文本消息。",
        ports={
            "text": ("文本", "Markdown 文本，以及得到的纯文本。"),
            "links": ("保留链接", "在链接文字后写出地址。"),
            "code_blocks": ("保留代码", "保留代码块。"),
        },
        keywords=["纯文本", "去除格式", "清理"],
    ),
)
def markdown(text: str, links: bool, code_blocks: bool) -> str:
    """Return the plain text; blocks are separated by an empty line, items of a list by a line end."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 -- 60 ms that a start need not pay

    blocks: list[str] = []
    depth = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        depth += token.nesting * (token.type in ("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close"))
        if token.type == "inline":
            words = _words(token.children or [], links)
            blocks.append(f"{'  ' * (depth - 1)}• {words}" if depth else words)
        elif token.type in ("fence", "code_block") and code_blocks:
            blocks.append(token.content.rstrip("\n"))
    return _joined(blocks)


def _joined(blocks: list[str]) -> str:
    text = ""
    for before, block in zip(["", *blocks], blocks, strict=False):
        both_items = before.lstrip().startswith("•") and block.lstrip().startswith("•")
        text += ("" if not text else "\n" if both_items else "\n\n") + block
    return text


def _words(inline: "Sequence[Token]", links: bool) -> str:
    parts: list[str] = []
    address = ""
    for token in inline:
        if token.type in ("text", "code_inline", "image"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "link_open":
            address = str(token.attrGet("href") or "")
        elif token.type == "link_close" and links and address:
            parts.append(f" ({address})")
    return "".join(parts)
