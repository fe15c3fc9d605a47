"""A name for a value."""

from typing import Any

from comfytavern.nodes.kit import Type, Words, inp, json_widget, node, out, text_widget


@node(
    "flow.variable",
    title="Variable",
    description="Gives a value a name, so that one place of the graph says what it means. It is set once in a run.",
    icon="variable",
    keywords=["name", "constant", "reroute", "pass", "set"],
    inputs=[
        inp(
            "value",
            Type.ANY,
            default=None,
            convertible=True,
            widget=json_widget(2),
            description="The value; without a wire, what is written here.",
        ),
        inp("name", Type.STRING, default="", handle=False, cosmetic=True, widget=text_widget(), description="What it is called."),
    ],
    outputs=[out("value", Type.ANY, convertible=True, description="The same value.")],
    effect="pure",
    example={"inputs": {"value": False, "name": "quiet"}, "outputs": {"value": False}},
    zh=Words(
        title="变量",
        description="给一个值取名，让图中某处说明它的含义。在一次运行中只赋值一次。",
        ports={"value": ("值", "变量的值；没有连线时为这里填写的内容。"), "name": ("名称", "变量的名称。")},
        keywords=["名称", "命名", "传递"],
    ),
)
def variable(value: Any, name: str) -> Any:
    """Return the value."""
    return value
