"""Pictures from words."""

from typing import Any

from comfytavern.files.library import Library
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.request import ImageRequest
from comfytavern.nodes.kit import Context, Failure, Type, Words, inp, node, number, out, textarea
from comfytavern.nodes.llm.media import keep
from comfytavern.nodes.llm.ports import MODEL_ZH, model_port, pools_of

SIDE_MAX = 4096
COUNT_MAX = 10


@node(
    "llm.image",
    title="Make a picture",
    description="Asks an image model for pictures of a description. They are kept among your files, in the folder generated.",
    icon="image-plus",
    keywords=["AI", "draw", "paint", "generate", "text to image", "illustration"],
    inputs=[
        model_port("image"),
        inp(
            "prompt",
            Type.STRING,
            required=True,
            tags=["prompt"],
            widget=textarea(3, "A lighthouse at dusk"),
            description="What is to be seen.",
        ),
        inp("width", Type.INTEGER, default=1024, handle=False, widget=number(16, SIDE_MAX, 64), description="In pixels."),
        inp("height", Type.INTEGER, default=1024, handle=False, widget=number(16, SIDE_MAX, 64), description="In pixels."),
        inp("count", Type.INTEGER, default=1, handle=False, widget=number(1, COUNT_MAX, 1), description="How many."),
    ],
    outputs=[
        out("image", Type.IMAGE, description="The first picture."),
        out("images", Type.ARRAY, description="All pictures."),
    ],
    effect="nondet",
    pools=pools_of,
    services=(Gateway, Library),
    example={"inputs": {"prompt": "A lighthouse at dusk", "width": 256, "height": 128}},
    zh=Words(
        title="生成图片",
        description="请图像模型按描述生成图片。图片保存在你的文件中的 generated 文件夹。",
        ports={
            "model": MODEL_ZH,
            "prompt": ("描述", "要画什么。"),
            "width": ("宽度", "单位为像素。"),
            "height": ("高度", "单位为像素。"),
            "count": ("数量", "生成几张。"),
            "image": ("图片", "第一张图片。"),
            "images": ("全部图片", "所有图片。"),
        },
        keywords=["绘画", "文生图", "插图", "生成"],
    ),
)
async def image(ctx: Context, model: str, prompt: str, width: int, height: int, count: int) -> dict[str, Any]:
    """Return the addresses of the pictures."""
    if not prompt:
        raise Failure("llm.no_prompt", "There is no description of a picture.", hint="Write one, or wire one in.")
    if not (16 <= width <= SIDE_MAX and 16 <= height <= SIDE_MAX and 1 <= count <= COUNT_MAX):
        hint = f"A side has 16 to {SIDE_MAX} pixels, and there are 1 to {COUNT_MAX} pictures."
        raise Failure("llm.image_size", f"{count} pictures of {width} × {height} cannot be asked for.", hint=hint)
    request = ImageRequest(model=model, prompt=prompt, width=width, height=height, count=count)
    made = await ctx.use(Gateway).image(request, owner=ctx.owner)
    kept = [await keep(ctx, picture, "image") for picture in made]
    return {"image": kept[0], "images": kept}
