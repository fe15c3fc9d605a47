"""A file, written."""

import json
from typing import Any

from comfytavern.files.library import Library
from comfytavern.kernel.errors import NotFound
from comfytavern.nodes.kit import Context, Failure, Type, Words, inp, node, out, select, text_widget, textarea

NUMBERS_MAX = 1000


@node(
    "files.write",
    title="Write file",
    description="Stores text, bytes, or anything else as JSON in a file. The file is written as a whole or not at all.",
    icon="file-output",
    keywords=["save", "store", "export", "append", "text"],
    inputs=[
        inp(
            "uri",
            Type.STRING,
            required=True,
            title="File",
            tags=["path"],
            widget=text_widget("user://answers/today.md"),
            description="Where to write; folders on the way are made.",
        ),
        inp("content", Type.ANY, required=True, widget=textarea(), description="Text as it is, anything else as JSON."),
        inp(
            "if_exists",
            Type.STRING,
            default="overwrite",
            handle=False,
            description="What to do when the file is there already.",
            widget=select(
                ("overwrite", "Overwrite it"), ("append", "Append to it"), ("number", "Write beside it, with a number"), ("fail", "Fail")
            ),
        ),
    ],
    outputs=[
        out("uri", Type.STRING, title="File", tags=["path"], description="Where it was written."),
        out("size_bytes", Type.INTEGER, title="Size", description="Bytes of the file."),
    ],
    effect="effect",
    services=(Library,),
    example={"inputs": {"uri": "user://zero.json", "content": 0}, "outputs": {"uri": "user://zero.json", "size_bytes": 1}},
    zh=Words(
        title="写入文件",
        description="把文本、字节存入文件，其他内容存为 JSON。文件要么完整写入，要么完全不写。",
        ports={
            "uri": ("文件", "写到哪里；途中的文件夹会自动创建。"),
            "content": ("内容", "文本原样写入，其他作为 JSON。"),
            "if_exists": ("文件已存在时", "文件已经存在时怎么办。"),
            "size_bytes": ("大小", "文件的字节数。"),
        },
        options={"overwrite": "覆盖", "append": "追加", "number": "加编号另存", "fail": "报错"},
        keywords=["保存", "存储", "导出", "追加"],
    ),
)
async def write(ctx: Context, uri: str, content: Any, if_exists: str) -> tuple[str, int]:
    """Return where it was written, and how many bytes the file has."""
    library, data = ctx.use(Library), _bytes(content)
    match if_exists:
        case "overwrite" | "fail":
            entry = await library.write(uri, data, owner=ctx.owner, overwrite=if_exists == "overwrite")
        case "append":
            try:
                data = await library.read(uri, owner=ctx.owner) + data
            except NotFound:
                ctx.log(f"{uri} is new")
            entry = await library.write(uri, data, owner=ctx.owner, overwrite=True)
        case "number":
            entry = await library.write(await _free(library, uri, ctx.owner), data, owner=ctx.owner)
        case _:
            raise Failure("files.if_exists", f"There is no choice called {if_exists!r}.", if_exists=if_exists)
    return entry.uri, entry.size_bytes or 0


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)).encode()


async def _free(library: Library, uri: str, owner: str) -> str:
    """Return the address, or the first one with a number that is not taken, such as `a (2).md`."""
    folder, slash, name = uri.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    stem, ending = (stem, dot + suffix) if stem else (name, "")
    for at in range(1, NUMBERS_MAX):
        candidate = f"{folder}{slash}{stem}{f' ({at})' if at > 1 else ''}{ending}"
        try:
            await library.info(candidate, owner=owner)
        except NotFound:
            return candidate
    raise Failure("files.numbers", f"There are {NUMBERS_MAX} files of this name already.")
