"""What a file says."""

import json
from typing import Any

from comfytavern.files.library import Library
from comfytavern.kernel.errors import Invalid
from comfytavern.nodes.kit import DEAD, Context, Type, Widget, Words, inp, node, out, select

TEXT_BYTES_MAX = 16 * 1024 * 1024


@node(
    "files.read",
    title="Read file",
    description="Reads a text file; JSON is understood as well.",
    icon="file-input",
    keywords=["load", "open", "text", "json", "import"],
    inputs=[
        inp(
            "uri",
            Type.STRING,
            required=True,
            title="File",
            tags=["path"],
            widget=Widget(kind="file"),
            description="Such as user://notes/a.md.",
        ),
        inp(
            "encoding",
            Type.STRING,
            default="utf-8",
            handle=False,
            description="How letters are stored in the file.",
            widget=select(("utf-8", "UTF-8"), ("utf-16", "UTF-16"), ("gb18030", "GB 18030"), ("latin-1", "Latin-1")),
        ),
    ],
    outputs=[
        out("text", Type.STRING, description="The whole text."),
        out("json", Type.ANY, title="JSON", tags=["json"], description="What it says, if it is JSON."),
        out("size_bytes", Type.INTEGER, title="Size", description="Bytes of the file."),
    ],
    effect="nondet",
    services=(Library,),
    example={
        "files": {"user://numbers.json": "[0, 1]"},
        "inputs": {"uri": "user://numbers.json"},
        "outputs": {"text": "[0, 1]", "json": [0, 1], "size_bytes": 6},
    },
    zh=Words(
        title="读取文件",
        description="读取文本文件，也能理解 JSON。",
        ports={
            "uri": ("文件", "例如 user://notes/a.md。"),
            "encoding": ("编码", "文件中文字的编码方式。"),
            "text": ("文本", "全部文本。"),
            "json": ("JSON", "文件是 JSON 时的内容。"),
            "size_bytes": ("大小", "文件的字节数。"),
        },
        options={"utf-8": "UTF-8", "utf-16": "UTF-16", "gb18030": "GB 18030", "latin-1": "Latin-1"},
        keywords=["打开", "载入", "文本", "导入"],
    ),
)
async def read(ctx: Context, uri: str, encoding: str) -> tuple[str, Any, int]:
    """Return text, JSON and size. Raises `Invalid` (`files.encoding`) when it is not text of that encoding."""
    data = await ctx.use(Library).read(uri, owner=ctx.owner, bytes_max=TEXT_BYTES_MAX)
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise Invalid("files.encoding", f"{uri} is not text in {encoding}.", hint="Choose another encoding.", uri=uri) from error
    return text, _json(uri, text), len(data)


def _json(uri: str, text: str) -> Any:
    if not uri.lower().endswith(".json"):
        return DEAD
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid("files.json", f"{uri} is not valid JSON: {error}.", uri=uri) from error
