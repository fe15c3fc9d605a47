"""Yes or no."""

from comfytavern.nodes.kit import Type, Words, inp, node, out, toggle


@node(
    "numbers.boolean",
    title="Yes or no",
    description="True or false, set here.",
    icon="toggle-left",
    keywords=["boolean", "constant", "switch", "flag", "true", "false"],
    inputs=[inp("value", Type.BOOLEAN, default=False, widget=toggle(), description="The value itself.")],
    outputs=[out("value", Type.BOOLEAN, description="The same value.")],
    effect="pure",
    example={"inputs": {"value": False}, "outputs": {"value": False}},
    zh=Words(
        title="是或否",
        description="在这里设定的真或假。",
        ports={"value": ("值", "真或假。")},
        keywords=["布尔", "常量", "开关", "真", "假"],
    ),
)
def boolean(value: bool) -> bool:
    """Return the value."""
    return value
