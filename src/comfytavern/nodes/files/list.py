"""What is in a folder."""

from fnmatch import fnmatchcase
from typing import Any

import msgspec

from comfytavern.files.library import Entry, Library
from comfytavern.nodes.kit import Context, Type, Words, inp, node, number, out, text_widget, toggle


@node(
    "files.list",
    title="List files",
    description="Lists the files of a folder. Wire it to For each to handle every one of them.",
    icon="folder-open",
    keywords=["folder", "directory", "find", "glob", "batch"],
    inputs=[
        inp(
            "uri",
            Type.STRING,
            default="user://",
            title="Folder",
            tags=["path"],
            widget=text_widget("user://notes"),
            description="Which folder.",
        ),
        inp("pattern", Type.STRING, default="*", widget=text_widget("*.md"), description="* stands for anything, ? for one character."),
        inp("recursive", Type.BOOLEAN, default=False, widget=toggle(), description="Look into folders inside it too."),
        inp("limit", Type.INTEGER, default=1000, widget=number(1, 10_000, 1), description="At most so many files."),
    ],
    outputs=[
        out("uris", Type.ARRAY, title="Addresses", description="The files' addresses, by name."),
        out("entries", Type.ARRAY, description="The same with name, size, media type and time."),
        out("count", Type.INTEGER, description="How many files there are."),
    ],
    effect="nondet",
    services=(Library,),
    example={
        "files": {"user://b.md": "b", "user://a.md": "a", "user://c.txt": "c"},
        "inputs": {"pattern": "*.md"},
        "outputs": {"uris": ["user://a.md", "user://b.md"], "count": 2},
    },
    zh=Words(
        title="列出文件",
        description="列出文件夹中的文件。接到“逐项处理”即可处理每一个。",
        ports={
            "uri": ("文件夹", "哪个文件夹。"),
            "pattern": ("匹配", "* 代表任意内容，? 代表一个字符。"),
            "recursive": ("包含子文件夹", "也查找其中的文件夹。"),
            "limit": ("上限", "最多多少个文件。"),
            "uris": ("地址", "按名称排列的文件地址。"),
            "entries": ("条目", "同样的文件，带有名称、大小、类型和时间。"),
            "count": ("数量", "文件的数量。"),
        },
        keywords=["目录", "查找", "批量"],
    ),
)
async def list_files(ctx: Context, uri: str, pattern: str, recursive: bool, limit: int) -> tuple[list[str], list[Any], int]:
    """Return addresses, entries and their number."""
    library = ctx.use(Library)
    found: list[Entry] = []
    folders = [uri]
    while folders and len(found) < limit:
        for entry in await library.list(folders.pop(), owner=ctx.owner):
            if entry.kind == "file" and fnmatchcase(entry.name.casefold(), (pattern or "*").casefold()):
                found.append(entry)
            elif entry.kind == "folder" and recursive:
                folders.append(entry.uri)
    found = sorted(found, key=lambda entry: entry.uri.casefold())[: max(0, limit)]
    return [entry.uri for entry in found], [msgspec.to_builtins(entry) for entry in found], len(found)
