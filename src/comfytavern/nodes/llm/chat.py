"""The next turn of a conversation."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from comfytavern.files.library import Library
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.messages import Message, to_wire
from comfytavern.llm.reply import Fold, Reasoning, Reply, Text
from comfytavern.llm.request import ChatRequest
from comfytavern.nodes.kit import DEAD, Context, Final, Type, Words, inp, json_widget, node, out, select, textarea
from comfytavern.nodes.llm.media import with_files
from comfytavern.nodes.llm.ports import MODEL_ZH, SAMPLING, SAMPLING_ZH, USAGE, USAGE_ZH, account, model_port, pools_of, sampling
from comfytavern.nodes.llm.prompt import conversation, parse_tools
from comfytavern.nodes.llm.structured import check_schema, parse_structured


@node(
    "llm.chat",
    title="Chat with a model",
    description="Asks a language model for the next turn of a conversation and streams its answer. Give it a prompt, or messages, or both.",
    icon="message-square",
    keywords=["LLM", "GPT", "AI", "ask", "answer", "assistant", "generate", "tools", "JSON"],
    inputs=[
        model_port("chat"),
        inp(
            "prompt", Type.STRING, default="", tags=["prompt"], widget=textarea(4, "Ask something…"), description="What the user says last."
        ),
        inp("system", Type.STRING, default="", tags=["prompt"], widget=textarea(2), description="Who the model is and how it answers."),
        inp("messages", Type.MESSAGES, default=[], tags=["chat-history"], description="What was said before the prompt."),
        inp("images", Type.IMAGE, many=True, description="Pictures to look at, for models that see."),
        *SAMPLING,
        inp(
            "schema",
            Type.OBJECT,
            title="Answer as JSON",
            handle=False,
            widget=json_widget(4),
            description="JSON Schema of a structured answer.",
        ),
        inp(
            "tools",
            Type.ARRAY,
            default=[],
            handle=False,
            widget=json_widget(4),
            description="Tools it may call: name, description, parameters.",
        ),
        inp(
            "effort",
            Type.STRING,
            title="Thinking",
            default="",
            handle=False,
            widget=select("", "low", "medium", "high"),
            description="How long a reasoning model thinks. Empty: its own default.",
        ),
    ],
    outputs=[
        out("text", Type.STRING, stream=True, tags=["llm-output", "markdown"], description="The answer, as it is written."),
        out("message", Type.MESSAGE, tags=["chat-history"], description="The answer as a message."),
        out("messages", Type.MESSAGES, title="Conversation", tags=["chat-history"], description="Everything said, the answer included."),
        out("data", Type.ANY, tags=["json"], description="The structured answer; dead when no schema was given."),
        out("reasoning", Type.STRING, title="Thinking", tags=["markdown"], description="What the model thought before it answered."),
        out("tool_calls", Type.ARRAY, title="Tool calls", description="Tools the model wants called: id, name, arguments."),
        USAGE,
    ],
    effect="nondet",
    pools=pools_of,
    services=(Gateway, Library),
    example={"inputs": {"prompt": "Why is the sky blue?"}},
    zh=Words(
        title="与模型对话",
        description="请语言模型给出对话的下一句，并以流的方式输出回答。可以提供提示词、消息，或两者都提供。",
        ports={
            "model": MODEL_ZH,
            "prompt": ("提示词", "用户最后说的话。"),
            "system": ("系统提示词", "模型的身份以及回答方式。"),
            "messages": ("消息", "提示词之前说过的话；作为输出时是包含回答在内的完整对话。"),
            "images": ("图片", "供能看图的模型查看的图片。"),
            **SAMPLING_ZH,
            "schema": ("以 JSON 回答", "结构化回答的 JSON Schema。"),
            "tools": ("工具", "模型可以调用的工具：name、description、parameters。"),
            "effort": ("思考", "推理模型思考多久。留空则使用其默认值。"),
            "text": ("文本", "边写边输出的回答。"),
            "message": ("消息", "作为一条消息的回答。"),
            "data": ("数据", "结构化的回答；未给出 Schema 时无输出。"),
            "reasoning": ("思考内容", "模型回答之前的思考。"),
            "tool_calls": ("工具调用", "模型希望调用的工具：id、name、arguments。"),
            "usage": USAGE_ZH,
        },
        options={"": "默认", "low": "短", "medium": "中", "high": "长"},
        keywords=["大模型", "语言模型", "对话", "聊天", "提问", "回答", "生成", "工具"],
    ),
)
async def chat(  # noqa: PLR0917 -- the engine passes the inputs by position
    ctx: Context,
    model: str,
    prompt: str,
    system: str,
    messages: Any,
    images: list[Any] | None,
    temperature: float | None,
    top_p: float | None,
    max_tokens: int | None,
    stop: list[str],
    seed: int | None,
    schema: dict[str, Any] | None,
    tools: list[Any],
    effort: str,
) -> AsyncIterator[str | Final]:
    """Yield the answer's text as it comes, then everything else about it."""
    if schema:
        check_schema(schema)
    said = conversation(system, messages, prompt, images)
    request = ChatRequest(
        model=model,
        messages=await with_files(ctx, said),
        sampling=sampling(temperature, top_p, max_tokens, stop, seed),
        tools=parse_tools(tools),
        schema=schema or None,
        effort=effort or "",
    )
    fold, thought = Fold(), ""
    async with aclosing(ctx.use(Gateway).chat(request, owner=ctx.owner)) as events:
        async for event in events:
            fold.add(event)
            if isinstance(event, Text):
                yield event.text
            elif isinstance(event, Reasoning):
                thought += event.text
                ctx.preview("reasoning", thought)
    yield _rest(ctx, said, fold.reply, schema)


def _rest(ctx: Context, said: list[Message], reply: Reply, schema: dict[str, Any] | None) -> Final:
    if reply.finish.reason == "length":
        ctx.log("The reply was cut off at its longest length.", level="warning")
    elif reply.finish.reason == "content_filter":
        ctx.log("The provider's filter cut the reply off.", level="warning")
    return Final(
        message=to_wire(reply.message),
        messages=[to_wire(each) for each in (*said, reply.message)],
        data=parse_structured(reply.text, schema) if schema else DEAD,
        reasoning=reply.reasoning,
        tool_calls=[{"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.tool_calls],
        usage=account(ctx, reply.usage, reply.finish.model),
    )
