"""How long a text is for a model."""

from typing import Any

from comfytavern.llm.gateway import Gateway
from comfytavern.llm.messages import parse_messages
from comfytavern.nodes.kit import Context, Type, Words, inp, node, out, textarea
from comfytavern.nodes.llm.ports import MODEL_ZH, model_port


@node(
    "llm.token_count",
    title="Count tokens",
    description="Counts the tokens of a text or a conversation: exact for OpenAI's models, a close estimate for others. Asks no model.",
    icon="hash",
    keywords=["length", "context", "budget", "tokenizer", "size"],
    inputs=[
        model_port("chat"),
        inp("text", Type.STRING, default="", widget=textarea(3), description="A text."),
        inp("messages", Type.MESSAGES, default=[], tags=["chat-history"], description="A conversation."),
    ],
    outputs=[
        out("tokens", Type.INTEGER, description="Tokens of both together."),
        out("characters", Type.INTEGER, description="Characters of both together."),
    ],
    effect="pure",
    services=(Gateway,),
    example={"inputs": {"text": "Hello, world!"}, "outputs": {"tokens": 4, "characters": 13}},
    zh=Words(
        title="统计词元",
        description="统计文本或对话的词元数：对 OpenAI 的模型是精确的，对其他模型是接近的估计。不会调用任何模型。",
        ports={
            "model": MODEL_ZH,
            "text": ("文本", "一段文本。"),
            "messages": ("消息", "一段对话。"),
            "tokens": ("词元数", "两者合计的词元数。"),
            "characters": ("字符数", "两者合计的字符数。"),
        },
        keywords=["长度", "上下文", "预算", "分词", "token"],
    ),
)
async def token_count(ctx: Context, model: str, text: str, messages: Any) -> dict[str, int]:
    """Return both counts."""
    said = parse_messages(messages)
    tokens = await ctx.use(Gateway).count_tokens(text, model, messages=said)
    return {"tokens": tokens, "characters": len(text) + sum(len(message.text) for message in said)}
