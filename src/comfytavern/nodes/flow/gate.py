"""Open or shut."""

from typing import Any

from comfytavern.nodes.kit import DEAD, Type, Words, inp, node, out, toggle


@node(
    "flow.gate",
    title="Gate",
    description="Lets a value through while it is open; shut, everything behind it does not run.",
    icon="door-open",
    keywords=["filter", "pass", "block", "stop", "allow"],
    inputs=[
        inp("value", Type.ANY, required=True, convertible=True, description="What waits at the gate."),
        inp("open", Type.BOOLEAN, default=True, widget=toggle(), description="Whether the gate is open."),
    ],
    outputs=[out("value", Type.ANY, convertible=True, description="The same value, if the gate is open.")],
    effect="pure",
    example={"inputs": {"value": 0, "open": True}, "outputs": {"value": 0}},
    zh=Words(
        title="闸门",
        description="打开时让值通过；关闭时，后面的节点都不会运行。",
        ports={"value": ("值", "等待通过的值，以及通过后的值。"), "open": ("打开", "闸门是否打开。")},
        keywords=["过滤", "通过", "阻止", "放行"],
    ),
)
def gate(value: Any, open: bool) -> Any:
    """Return the value, or DEAD when the gate is shut."""
    return value if open else DEAD
