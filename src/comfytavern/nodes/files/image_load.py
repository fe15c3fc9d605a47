"""A picture from a file."""

from comfytavern.files.library import Library
from comfytavern.kernel.errors import Invalid
from comfytavern.nodes.files.pixels import size_of
from comfytavern.nodes.kit import Context, Type, Widget, Words, inp, node, out

IMAGE_BYTES_MAX = 64 * 1024 * 1024
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="


@node(
    "files.image_load",
    title="Load image",
    description="Takes a picture from a file: PNG, JPEG, WebP, GIF or BMP.",
    icon="image",
    keywords=["picture", "photo", "open", "upload"],
    inputs=[
        inp(
            "uri",
            Type.STRING,
            required=True,
            title="File",
            tags=["path"],
            widget=Widget(kind="image", accept="image/*"),
            description="The picture's file.",
        )
    ],
    outputs=[
        out("image", Type.IMAGE, description="The picture."),
        out("width", Type.INTEGER, description="In pixels."),
        out("height", Type.INTEGER, description="In pixels."),
        out("media_type", Type.STRING, description="Such as image/png."),
    ],
    effect="nondet",
    services=(Library,),
    example={
        "files": {"user://dot.png": PIXEL},
        "inputs": {"uri": "user://dot.png"},
        "outputs": {"image": "user://dot.png", "width": 1, "height": 1, "media_type": "image/png"},
    },
    zh=Words(
        title="载入图片",
        description="从文件取得图片：PNG、JPEG、WebP、GIF 或 BMP。",
        ports={
            "uri": ("文件", "图片文件。"),
            "image": ("图片", "得到的图片。"),
            "width": ("宽度", "单位为像素。"),
            "height": ("高度", "单位为像素。"),
            "media_type": ("类型", "例如 image/png。"),
        },
        keywords=["照片", "打开", "上传"],
    ),
)
async def image_load(ctx: Context, uri: str) -> tuple[str, int, int, str]:
    """Return the picture (by its address), its size and media type. Raises `Invalid` (`files.image`) for anything else."""
    library = ctx.use(Library)
    entry = await library.info(uri, owner=ctx.owner)
    size = size_of(await library.read(uri, owner=ctx.owner, bytes_max=IMAGE_BYTES_MAX)) if entry.kind == "file" else None
    if size is None or not (entry.media_type or "").startswith("image/"):
        raise Invalid("files.image", f"{uri} is not a picture that can be read.", hint="Use PNG, JPEG, WebP, GIF or BMP.", uri=uri)
    return entry.uri, *size, entry.media_type or ""
