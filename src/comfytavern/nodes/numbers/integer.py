"""A whole number that stands in the graph."""

from comfytavern.nodes.kit import Type, Words, inp, node, number, out


@node(
    "numbers.integer",
    title="Integer",
    description="A whole number written here, for any number of readers.",
    icon="binary",
    keywords=["constant", "int", "whole", "count"],
    inputs=[inp("number", Type.INTEGER, default=0, widget=number(step=1), description="The number itself.")],
    outputs=[out("number", Type.INTEGER, description="The same number.")],
    effect="pure",
    example={"inputs": {"number": 0}, "outputs": {"number": 0}},
    zh=Words(
        title="整数",
        description="写在这里的一个整数，可供任意多个节点读取。",
        ports={"number": ("整数", "整数本身。")},
        keywords=["常量", "计数"],
    ),
)
def integer_constant(number: int) -> int:
    """Return the number."""
    return number
