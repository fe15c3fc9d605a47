"""The continuation of a text."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from comfytavern.llm.gateway import Gateway
from comfytavern.llm.reply import Fold, Text
from comfytavern.llm.request import CompletionRequest
from comfytavern.nodes.kit import Context, Failure, Final, Type, Words, inp, node, out, textarea
from comfytavern.nodes.llm.ports import MODEL_ZH, SAMPLING, SAMPLING_ZH, USAGE, USAGE_ZH, account, model_port, pools_of, sampling


@node(
    "llm.completion",
    title="Continue a text",
    description="Lets a text-completion model write on from where a text ends, and streams what it writes.",
    icon="pen-line",
    keywords=["LLM", "AI", "complete", "continue", "generate", "story", "base model"],
    inputs=[
        model_port("completion"),
        inp("prompt", Type.STRING, required=True, tags=["prompt"], widget=textarea(4, "Once upon a time"), description="The text so far."),
        inp(
            "suffix",
            Type.STRING,
            default="",
            handle=False,
            widget=textarea(2),
            description="What comes after the gap, for models that fill in.",
        ),
        *SAMPLING,
    ],
    outputs=[
        out("text", Type.STRING, stream=True, tags=["llm-output"], description="What the model writes, as it is written."),
        out("whole", Type.STRING, title="Whole text", description="The text so far, what the model wrote, and what comes after."),
        USAGE,
    ],
    effect="nondet",
    pools=pools_of,
    services=(Gateway,),
    example={"inputs": {"prompt": "Once upon a time"}},
    zh=Words(
        title="续写文本",
        description="让文本补全模型从文本结尾处继续写下去，并以流的方式输出。",
        ports={
            "model": MODEL_ZH,
            "prompt": ("文本", "已有的文本。"),
            "suffix": ("后文", "空缺之后的内容，供能填空的模型使用。"),
            **SAMPLING_ZH,
            "text": ("续写", "模型边写边输出的内容。"),
            "whole": ("全文", "已有的文本、模型所写的内容以及后文。"),
            "usage": USAGE_ZH,
        },
        keywords=["大模型", "补全", "续写", "生成", "故事"],
    ),
)
async def completion(  # noqa: PLR0917 -- the engine passes the inputs by position
    ctx: Context,
    model: str,
    prompt: str,
    suffix: str,
    temperature: float | None,
    top_p: float | None,
    max_tokens: int | None,
    stop: list[str],
    seed: int | None,
) -> AsyncIterator[str | Final]:
    """Yield the continuation as it comes, then the whole."""
    if not prompt:
        raise Failure("llm.no_prompt", "There is no text to continue.", hint="Write the beginning of a text, or wire one in.")
    request = CompletionRequest(
        model=model, prompt=prompt, suffix=suffix or "", sampling=sampling(temperature, top_p, max_tokens, stop, seed)
    )
    fold = Fold()
    async with aclosing(ctx.use(Gateway).complete(request, owner=ctx.owner)) as events:
        async for event in events:
            fold.add(event)
            if isinstance(event, Text):
                yield event.text
    reply = fold.reply
    yield Final(whole=f"{prompt}{reply.text}{suffix or ''}", usage=account(ctx, reply.usage, reply.finish.model))
