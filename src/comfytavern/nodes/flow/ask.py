"""A question to a person."""

from typing import Any

from comfytavern.nodes.kit import Failure, Type, WaitRequest, Widget, Words, inp, node, number, out, select, text_widget


@node(
    "flow.ask",
    title="Ask a person",
    description="Stops here until a person has answered; everything else goes on. Waiting survives a restart.",
    icon="message-circle-question",
    keywords=["human", "input", "question", "form", "wait", "interactive"],
    inputs=[
        inp("question", Type.STRING, default="", widget=text_widget("What should the title be?"), description="The question."),
        inp("shown", Type.ANY, default=None, description="What the person should look at before answering."),
        inp(
            "kind",
            Type.STRING,
            default="text",
            handle=False,
            description="What an answer looks like.",
            widget=select(("text", "Text"), ("number", "Number"), ("boolean", "Yes or no"), ("choice", "One of several")),
        ),
        inp("choices", Type.ARRAY, default=[], widget=Widget(kind="list"), description="The answers to choose from."),
        inp(
            "expires_s",
            Type.FLOAT,
            default=0.0,
            title="Expires after",
            widget=number(0, None, 1),
            description="Seconds to wait; 0 waits for ever.",
        ),
    ],
    outputs=[out("answer", Type.ANY, description="What the person answered.")],
    effect="nondet",
    waits=True,
    example={"inputs": {"question": "How many?", "kind": "number"}, "answer": 0, "outputs": {"answer": 0}},
    zh=Words(
        title="询问",
        description="在这里停下，等人回答；其他节点照常运行。等待状态在重启后仍然保留。",
        ports={
            "question": ("问题", "要问的问题。"),
            "shown": ("展示内容", "回答之前要看的内容。"),
            "kind": ("回答形式", "回答是什么样的。"),
            "choices": ("选项", "可供选择的回答。"),
            "expires_s": ("过期时间", "等待多少秒；0 表示一直等待。"),
            "answer": ("回答", "得到的回答。"),
        },
        options={"text": "文本", "number": "数值", "boolean": "是或否", "choice": "多选一"},
        keywords=["人工", "输入", "提问", "表单", "等待"],
    ),
)
def ask(question: str, shown: Any, kind: str, choices: list[Any], expires_s: float) -> WaitRequest:
    """Return what is asked."""
    schemas: dict[str, dict[str, Any]] = {
        "text": {"type": "string"},
        "number": {"type": "number"},
        "boolean": {"type": "boolean"},
        "choice": {"enum": list(choices or [])},
    }
    if kind not in schemas:
        raise Failure("flow.ask", f"There is no kind of answer called {kind!r}.", kind=kind)
    if kind == "choice" and not choices:
        raise Failure("flow.ask_choices", "There is nothing to choose from.", hint="Write the choices, or ask for a text.")
    return WaitRequest(title=question, schema=schemas[kind], shown=shown, expires_s=expires_s or None)
