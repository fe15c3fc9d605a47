"""One turn of a conversation."""

from typing import Any

from comfytavern.llm.messages import ImagePart, Message, TextPart, to_wire
from comfytavern.nodes.kit import Failure, Type, Words, inp, node, out, select, text_widget, textarea
from comfytavern.nodes.llm.pictures import picture_reference

ROLES = ("user", "assistant", "system", "tool")


@node(
    "llm.message",
    title="Message",
    description="Makes one message of a conversation: who says it, and what. Several are joined by Merge messages.",
    icon="message-circle",
    keywords=["chat", "role", "user", "assistant", "system", "turn"],
    inputs=[
        inp("content", Type.STRING, default="", tags=["prompt"], widget=textarea(4), description="What is said."),
        inp("role", Type.STRING, default="user", handle=False, widget=select(*ROLES), description="Who says it."),
        inp("images", Type.IMAGE, many=True, description="Pictures that belong to it."),
        inp("name", Type.STRING, default="", handle=False, widget=text_widget(), description="Name of the speaker, if it matters."),
        inp(
            "tool_call_id",
            Type.STRING,
            title="Answers call",
            default="",
            handle=False,
            widget=text_widget("call_…"),
            description="Role tool: the id of the call it answers.",
        ),
    ],
    outputs=[out("message", Type.MESSAGE, tags=["chat-history"], description="The message.")],
    effect="pure",
    example={"inputs": {"content": "Hello"}, "outputs": {"message": {"role": "user", "content": "Hello"}}},
    zh=Words(
        title="消息",
        description="生成对话中的一条消息：谁说的，说了什么。多条消息用“合并消息”连接起来。",
        ports={
            "content": ("内容", "说了什么。"),
            "role": ("角色", "谁说的。"),
            "images": ("图片", "属于这条消息的图片。"),
            "name": ("姓名", "说话者的名字（如果需要）。"),
            "tool_call_id": ("回答的调用", "角色为工具时：所回答的调用的 id。"),
            "message": ("消息", "这条消息。"),
        },
        options={"user": "用户", "assistant": "助手", "system": "系统", "tool": "工具"},
        keywords=["对话", "聊天", "角色", "用户", "助手", "系统"],
    ),
)
def message(content: str, role: str, images: list[Any] | None, name: str, tool_call_id: str) -> dict[str, Any]:
    """Return the message as JSON."""
    if role not in ROLES:
        raise Failure("llm.messages", f"There is no role “{role}”.", hint="Roles are " + ", ".join(ROLES) + ".", role=role)
    pictures = [ImagePart(url=picture_reference(image)) for image in images or ()]
    said = (*([TextPart(text=content)] if content else []), *pictures) if pictures else content
    return to_wire(Message(role=role, content=said, name=name or "", tool_call_id=tool_call_id or ""))
