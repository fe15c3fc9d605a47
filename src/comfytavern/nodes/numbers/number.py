"""A number that stands in the graph."""

from comfytavern.nodes.kit import Type, Words, inp, node, number, out


@node(
    "numbers.number",
    title="Number",
    description="A number written here, for any number of readers.",
    icon="hash",
    keywords=["constant", "float", "value", "decimal"],
    inputs=[inp("number", Type.FLOAT, default=0.0, widget=number(), description="The number itself.")],
    outputs=[out("number", Type.FLOAT, description="The same number.")],
    effect="pure",
    example={"inputs": {"number": 0}, "outputs": {"number": 0}},
    zh=Words(
        title="数值",
        description="写在这里的一个数，可供任意多个节点读取。",
        ports={"number": ("数值", "数值本身。")},
        keywords=["常量", "小数"],
    ),
)
def number_constant(number: float) -> float:
    """Return the number."""
    return number
