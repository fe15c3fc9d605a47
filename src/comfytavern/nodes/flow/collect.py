"""Several wires into one list."""

from typing import Any

from comfytavern.nodes.kit import Type, Words, inp, node, out


@node(
    "flow.collect",
    title="Collect",
    description="A list of all values that arrive, in the order of the wires; branches that were not taken are left out.",
    icon="list-plus",
    keywords=["list", "array", "gather", "join", "pack"],
    inputs=[inp("values", Type.ANY, many=True, description="The values to collect.")],
    outputs=[
        out("items", Type.ARRAY, description="The list."),
        out("count", Type.INTEGER, description="How many values there are."),
    ],
    effect="pure",
    example={"inputs": {"values": [0, "", False]}, "outputs": {"items": [0, "", False], "count": 3}},
    zh=Words(
        title="收集",
        description="按连线顺序把到达的值组成列表；没有走到的分支不计入。",
        ports={"values": ("各个值", "要收集的值。"), "items": ("列表", "得到的列表。"), "count": ("数量", "值的数量。")},
        keywords=["列表", "数组", "汇总", "打包"],
    ),
)
def collect(values: list[Any]) -> tuple[list[Any], int]:
    """Return the list and its length."""
    return list(values or []), len(values or [])
