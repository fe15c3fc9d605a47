"""Where branches meet."""

from typing import Any

from comfytavern.nodes.kit import DEAD, Type, Words, inp, node, out


@node(
    "flow.merge",
    title="First of",
    description="The first value, in the order of the wires, whose branch was taken. Waits until every branch is decided.",
    icon="merge",
    keywords=["merge", "join", "coalesce", "first", "branch", "meet"],
    inputs=[inp("values", Type.ANY, many=True, convertible=True, description="Branches that meet here, in the order of preference.")],
    outputs=[out("value", Type.ANY, convertible=True, description="The first value that is there.")],
    effect="pure",
    example={"inputs": {"values": [0, "b"]}, "outputs": {"value": 0}},
    zh=Words(
        title="取第一个",
        description="按连线顺序取第一条走到的分支的值。会等所有分支都有结论，因此结果是确定的。",
        ports={"values": ("各分支", "在这里汇合的分支，按优先顺序排列。"), "value": ("值", "第一个存在的值。")},
        keywords=["合并", "汇合", "分支", "第一个"],
    ),
)
def merge(values: list[Any]) -> Any:
    """Return the first value, or DEAD when there is none."""
    return values[0] if values else DEAD
