"""Texts become vectors."""

from typing import Any

from comfytavern.llm.gateway import Gateway
from comfytavern.llm.request import EmbedRequest
from comfytavern.nodes.kit import Context, Failure, Type, Words, as_text, inp, json_widget, node, number, out
from comfytavern.nodes.llm.ports import MODEL_ZH, USAGE, USAGE_ZH, account, model_port, pools_of


@node(
    "llm.embeddings",
    title="Embeddings",
    description="Turns texts into vectors: texts of like meaning get vectors that are near each other.",
    icon="scatter-chart",
    keywords=["vector", "similarity", "semantic", "search", "embed"],
    inputs=[
        model_port("embedding"),
        inp("texts", Type.ARRAY, required=True, convertible=True, widget=json_widget(3), description="A list of texts, or one text."),
        inp("dimensions", Type.INTEGER, handle=False, widget=number(1, 4096), description="Length of the vectors. Empty: the model's own."),
    ],
    outputs=[
        out("vectors", Type.ARRAY, tags=["embedding"], description="One vector for each text, in order."),
        out("vector", Type.ARRAY, tags=["embedding"], description="The first vector."),
        USAGE,
    ],
    effect="nondet",
    pools=pools_of,
    services=(Gateway,),
    example={"inputs": {"texts": ["a red cat", "a red dog"], "dimensions": 8}},
    zh=Words(
        title="向量嵌入",
        description="把文本变成向量：含义相近的文本，其向量也相近。",
        ports={
            "model": MODEL_ZH,
            "texts": ("文本", "一组文本，或一段文本。"),
            "dimensions": ("维度", "向量的长度。留空则使用模型自己的长度。"),
            "vectors": ("向量组", "每段文本一个向量，顺序相同。"),
            "vector": ("向量", "第一个向量。"),
            "usage": USAGE_ZH,
        },
        keywords=["向量", "相似度", "语义", "搜索"],
    ),
)
async def embeddings(ctx: Context, model: str, texts: Any, dimensions: int | None) -> dict[str, Any]:
    """Return the vectors."""
    wanted = tuple(as_text(text) for text in (texts if isinstance(texts, list) else [texts]))
    if not wanted or not all(wanted):
        raise Failure("llm.no_text", "There is an empty text, or none at all.", hint="Give at least one text, and leave empty ones out.")
    found = await ctx.use(Gateway).embed(EmbedRequest(model=model, texts=wanted, dimensions=dimensions), owner=ctx.owner)
    return {"vectors": found.vectors, "vector": found.vectors[0], "usage": account(ctx, found.usage, found.model)}
