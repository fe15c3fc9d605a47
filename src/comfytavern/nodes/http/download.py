"""A file from another server."""

from comfytavern.files.library import Library
from comfytavern.kernel.errors import NotFound, Unavailable
from comfytavern.nodes.http.exchange import TIMEOUT, URL, ZH
from comfytavern.nodes.http.guard import Fetcher
from comfytavern.nodes.kit import Context, Type, Words, inp, node, out, text_widget, toggle


@node(
    "http.download",
    title="Download",
    description="Keeps what is at a web address as a file, whatever it is. Large files never fill the memory.",
    icon="download",
    keywords=["fetch", "save", "binary", "image", "url"],
    inputs=[
        URL,
        inp(
            "uri",
            Type.STRING,
            required=True,
            title="File",
            tags=["path"],
            widget=text_widget("user://downloads/picture.png"),
            description="Where to keep it.",
        ),
        inp("overwrite", Type.BOOLEAN, default=True, widget=toggle(), description="Replace a file of the same name."),
        TIMEOUT,
    ],
    outputs=[
        out("uri", Type.STRING, title="File", tags=["path"], description="Where it was kept."),
        out("media_type", Type.STRING, description="What it is, by its content."),
        out("size_bytes", Type.INTEGER, title="Size", description="Bytes of the file."),
    ],
    effect="effect",
    idempotent=True,
    services=(Fetcher, Library),
    example={
        "inputs": {"url": "http://example.test/a", "uri": "user://downloads/a.txt"},
        "reply": {"body": "hello", "headers": {"content-type": "text/plain"}},
        "outputs": {"uri": "user://downloads/a.txt", "media_type": "text/plain", "size_bytes": 5},
    },
    zh=Words(
        title="下载",
        description="把网址上的内容存为文件，不论是什么类型。大文件也不会占满内存。",
        ports={
            "url": ZH["url"],
            "timeout_s": ZH["timeout_s"],
            "uri": ("文件", "存到哪里。"),
            "overwrite": ("覆盖", "替换同名文件。"),
            "media_type": ("类型", "根据内容判断的类型。"),
            "size_bytes": ("大小", "文件的字节数。"),
        },
        keywords=["抓取", "保存", "图片", "网址"],
    ),
)
async def download(ctx: Context, url: str, uri: str, overwrite: bool, timeout_s: float) -> tuple[str, str, int]:
    """Return where it was kept, what it is and how large."""
    async with ctx.use(Fetcher).open("GET", url, timeout_s=timeout_s) as reply:
        if reply.status >= 500:
            raise Unavailable("http.status", f"The server has a problem ({reply.status}).", hint="Try again later.", status=reply.status)
        if reply.status >= 400:
            raise NotFound(
                "http.status", f"The server does not give this ({reply.status}).", hint="Check the address.", status=reply.status
            )
        entry = await ctx.use(Library).write(uri, reply.body, owner=ctx.owner, overwrite=overwrite)
    return entry.uri, entry.media_type or "", entry.size_bytes or 0
