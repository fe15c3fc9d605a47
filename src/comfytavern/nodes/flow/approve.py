"""Yes or no from a person."""

from typing import Any

from comfytavern.nodes.kit import Type, WaitRequest, Words, inp, node, number, out, text_widget


@node(
    "flow.approve",
    title="Approve",
    description="Shows something to a person and waits for yes or no. Wire `approved` to an If or a Gate to act on it.",
    icon="user-check",
    keywords=["human", "review", "confirm", "gate", "wait", "permission"],
    inputs=[
        inp("title", Type.STRING, default="", widget=text_widget("Send this?"), description="The question."),
        inp("shown", Type.ANY, required=True, description="What is to be approved."),
        inp(
            "expires_s",
            Type.FLOAT,
            default=0.0,
            title="Expires after",
            widget=number(0, None, 1),
            description="Seconds to wait; 0 waits for ever.",
        ),
    ],
    outputs=[
        out("approved", Type.BOOLEAN, description="Whether the person said yes."),
        out("comment", Type.STRING, description="What the person added; may be empty."),
    ],
    effect="nondet",
    waits=True,
    example={
        "inputs": {"title": "Send this?", "shown": "Dear Ada"},
        "answer": {"approved": False, "comment": ""},
        "outputs": {"approved": False, "comment": ""},
    },
    zh=Words(
        title="审批",
        description="向人展示内容并等待“同意”或“不同意”。把“已同意”接到“如果”或“闸门”即可据此行事。",
        ports={
            "title": ("标题", "要问的问题。"),
            "shown": ("展示内容", "需要审批的内容。"),
            "expires_s": ("过期时间", "等待多少秒；0 表示一直等待。"),
            "approved": ("已同意", "是否同意。"),
            "comment": ("意见", "附加的意见，可以为空。"),
        },
        keywords=["人工", "审核", "确认", "许可", "等待"],
    ),
)
def approve(title: str, shown: Any, expires_s: float) -> WaitRequest:
    """Return what is asked; the answer's members become the outputs."""
    schema = {
        "type": "object",
        "properties": {"approved": {"type": "boolean"}, "comment": {"type": "string", "default": ""}},
        "required": ["approved"],
    }
    return WaitRequest(title=title, schema=schema, shown=shown, expires_s=expires_s or None)
