"""A picture into a file."""

import base64
import binascii
from typing import Any

from comfytavern.files.library import Library
from comfytavern.files.media import HEAD_BYTES, media_type
from comfytavern.kernel.errors import Invalid
from comfytavern.nodes.kit import Context, Type, Words, inp, node, out, text_widget, toggle

SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/avif": ".avif",
}
FILES = ("user://", "shared://", "project://")
DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


@node(
    "files.image_save",
    title="Save image",
    description="Stores a picture as a file; the ending follows from what the picture is.",
    icon="image-down",
    keywords=["picture", "store", "export", "write"],
    inputs=[
        inp("image", Type.IMAGE, required=True, description="The picture."),
        inp(
            "uri",
            Type.STRING,
            required=True,
            title="File",
            tags=["path"],
            widget=text_widget("user://pictures/sunset"),
            description="Where to store it; the ending may be left out.",
        ),
        inp("overwrite", Type.BOOLEAN, default=True, widget=toggle(), description="Replace a file of the same name."),
    ],
    outputs=[
        out("image", Type.IMAGE, description="The stored picture."),
        out("uri", Type.STRING, title="File", tags=["path"], description="Where it was stored."),
    ],
    effect="effect",
    idempotent=True,
    services=(Library,),
    example={
        "inputs": {"image": DOT, "uri": "user://pictures/dot"},
        "outputs": {"image": "user://pictures/dot.gif", "uri": "user://pictures/dot.gif"},
    },
    zh=Words(
        title="保存图片",
        description="把图片存为文件；扩展名由图片的实际类型决定。",
        ports={
            "image": ("图片", "要保存的图片，以及保存后的图片。"),
            "uri": ("文件", "存到哪里，可以不写扩展名；输出时为实际的地址。"),
            "overwrite": ("覆盖", "替换同名文件。"),
        },
        keywords=["存储", "导出", "写入"],
    ),
)
async def image_save(ctx: Context, image: Any, uri: str, overwrite: bool) -> tuple[str, str]:
    """Return the picture and its address."""
    data = await _bytes(ctx, image)
    suffix = SUFFIXES.get(media_type(data[:HEAD_BYTES], ""))
    if suffix is None:
        raise Invalid("files.image", "What arrived is not a picture that can be stored.", hint="Wire a picture to it.")
    name = uri if uri.lower().endswith(suffix) else uri.removesuffix("/") + suffix
    entry = await ctx.use(Library).write(name, data, owner=ctx.owner, overwrite=overwrite)
    return entry.uri, entry.uri


async def _bytes(ctx: Context, image: Any) -> bytes:
    """Return the bytes of a picture: bytes, a file's address, or a data: URL."""
    if isinstance(image, bytes):
        return image
    if isinstance(image, str) and image.startswith(FILES):
        return await ctx.use(Library).read(image, owner=ctx.owner)
    if isinstance(image, str) and image.startswith("data:"):
        try:
            return base64.b64decode(image.partition(",")[2], validate=True)
        except binascii.Error as error:
            raise Invalid("files.image", "The picture's data: URL is damaged.") from error
    raise Invalid("files.image", "What arrived is not a picture.", hint="Use Download first for a picture on the web.")
