"""And, or, not."""

from comfytavern.nodes.kit import Failure, Type, Words, inp, node, out, select


@node(
    "numbers.logic",
    title="Logic",
    description="Combines any number of yes/no values.",
    icon="circuit-board",
    keywords=["and", "or", "not", "xor", "all", "any", "boolean"],
    inputs=[
        inp("values", Type.BOOLEAN, many=True, description="The values to combine."),
        inp(
            "operation",
            Type.STRING,
            default="and",
            handle=False,
            description="How to combine them.",
            widget=select(
                ("and", "All of them"),
                ("or", "At least one"),
                ("xor", "An odd number"),
                ("one", "Exactly one"),
                ("nand", "Not all"),
                ("not", "None of them (not)"),
            ),
        ),
    ],
    outputs=[out("result", Type.BOOLEAN, description="What they come to.")],
    effect="pure",
    example={"inputs": {"values": [True, False], "operation": "or"}, "outputs": {"result": True}},
    zh=Words(
        title="逻辑",
        description="组合任意多个是/否值。",
        ports={
            "values": ("各个值", "要组合的值。"),
            "operation": ("运算", "如何组合。"),
            "result": ("结果", "组合的结果。"),
        },
        options={
            "and": "全部为真",
            "or": "至少一个为真",
            "xor": "奇数个为真",
            "one": "恰好一个为真",
            "nand": "不全为真",
            "not": "全不为真（非）",
        },
        keywords=["与", "或", "非", "异或", "布尔"],
    ),
)
def logic(values: list[bool], operation: str) -> bool:
    """Return the combined value. Of no values at all, `and` is true and `or` is false."""
    true = sum(map(bool, values or []))
    match operation:
        case "and":
            return true == len(values or [])
        case "or":
            return true > 0
        case "xor":
            return true % 2 == 1
        case "one":
            return true == 1
        case "nand":
            return true < len(values or [])
        case "not":
            return true == 0
        case _:
            raise Failure("numbers.logic", f"There is no operation called {operation!r}.", operation=operation)
