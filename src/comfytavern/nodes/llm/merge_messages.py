"""Several messages become one conversation."""

from typing import Any

import msgspec

from comfytavern.llm.messages import Message, TextPart, parse_messages, to_wire
from comfytavern.nodes.kit import Type, Words, inp, node, out, toggle


@node(
    "llm.merge_messages",
    title="Merge messages",
    description="Joins messages and conversations, in the order of the wires, into one conversation.",
    icon="messages-square",
    keywords=["chat", "history", "conversation", "join", "append"],
    inputs=[
        inp("messages", Type.MESSAGES, many=True, required=True, tags=["chat-history"], description="Messages or conversations, in order."),
        inp(
            "join_neighbours",
            Type.BOOLEAN,
            default=False,
            handle=False,
            widget=toggle(),
            description="Neighbours of the same role become one message; some models insist on it.",
        ),
    ],
    outputs=[out("messages", Type.MESSAGES, tags=["chat-history"], description="The conversation.")],
    effect="pure",
    example={
        "inputs": {"messages": [{"role": "user", "content": "Hi"}, [{"role": "assistant", "content": "Hello"}]]},
        "outputs": {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
    },
    zh=Words(
        title="合并消息",
        description="按连线顺序把消息和对话合并成一段对话。",
        ports={
            "messages": ("消息", "按顺序的消息或对话；输出为合并后的对话。"),
            "join_neighbours": ("合并相邻", "把相邻且角色相同的消息合成一条；有些模型要求如此。"),
        },
        keywords=["对话", "聊天", "历史", "连接", "追加"],
    ),
)
def merge_messages(messages: list[Any], join_neighbours: bool) -> list[dict[str, Any]]:
    """Return one list of messages."""
    said = [message for group in messages for message in parse_messages(group)]
    return [to_wire(message) for message in (_joined(said) if join_neighbours else said)]


def _joined(said: list[Message]) -> list[Message]:
    """Join neighbours of one role by a blank line; messages that belong to tools stay as they are."""
    joined: list[Message] = []
    for message in said:
        before = joined[-1] if joined else None
        if before is None or before.role != message.role or before.name != message.name or _of_tools(before) or _of_tools(message):
            joined.append(message)
        else:
            joined[-1] = msgspec.structs.replace(before, content=_content(before, message))
    return joined


def _of_tools(message: Message) -> bool:
    return bool(message.tool_calls) or message.role == "tool"


def _content(first: Message, second: Message) -> Any:
    if isinstance(first.content, str) and isinstance(second.content, str):
        return f"{first.content}\n\n{second.content}"
    return (*_parts(first), *_parts(second))


def _parts(message: Message) -> tuple[Any, ...]:
    return (TextPart(text=message.content),) if isinstance(message.content, str) else message.content
