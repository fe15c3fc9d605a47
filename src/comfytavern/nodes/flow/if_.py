"""One of two ways."""

from typing import Any

from comfytavern.nodes.kit import DEAD, Type, Words, inp, node, out, toggle


@node(
    "flow.if",
    title="If",
    description="Sends a value one of two ways; what hangs on the other way does not run. Both ways can meet again in First of.",
    icon="split",
    keywords=["branch", "condition", "else", "then", "route"],
    inputs=[
        inp("condition", Type.BOOLEAN, required=True, widget=toggle(), description="Which way."),
        inp("value", Type.ANY, default=None, convertible=True, description="What to send."),
    ],
    outputs=[
        out("then", Type.ANY, title="Yes", convertible=True, description="The value, if the condition is true."),
        out("otherwise", Type.ANY, title="No", convertible=True, description="The value, if the condition is false."),
    ],
    effect="pure",
    bypass={"then": "value", "otherwise": "value"},
    example={"inputs": {"condition": True, "value": 0}, "outputs": {"then": 0}},
    zh=Words(
        title="如果",
        description="把值送往两条路中的一条；另一条路上的节点不会运行。两条路可以在“取第一个”处汇合。",
        ports={
            "condition": ("条件", "走哪条路。"),
            "value": ("值", "要送出的值。"),
            "then": ("是", "条件为真时送出的值。"),
            "otherwise": ("否", "条件为假时送出的值。"),
        },
        keywords=["分支", "条件", "否则", "判断"],
    ),
)
def if_(condition: bool, value: Any) -> tuple[Any, Any]:
    """Return the value on one output and DEAD on the other."""
    return (value, DEAD) if condition else (DEAD, value)
