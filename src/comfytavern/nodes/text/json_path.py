"""A place in a value."""

from typing import Any

from comfytavern.nodes.kit import DEAD, Context, Type, Words, inp, json_widget, node, out, text_widget
from comfytavern.nodes.sandbox.pool import Sandbox


@node(
    "text.json_path",
    title="JSON path",
    description="Finds everything in a value that a JSONPath (RFC 9535) points at.",
    icon="locate",
    keywords=["query", "extract", "select", "field", "get", "jsonpath"],
    inputs=[
        inp("value", Type.ANY, required=True, widget=json_widget(), tags=["json"], description="An object, a list, or JSON text."),
        inp("path", Type.STRING, default="$", widget=text_widget("$.items[*].name"), description="Where to look."),
    ],
    outputs=[
        out("first", Type.ANY, description="The first match; nothing runs behind it when there is none."),
        out("matches", Type.ARRAY, description="All matches in order."),
        out("count", Type.INTEGER, description="How many there are."),
    ],
    effect="pure",
    services=(Sandbox,),
    example={
        "inputs": {"value": {"items": [{"n": 0}, {"n": 1}]}, "path": "$.items[*].n"},
        "outputs": {"first": 0, "matches": [0, 1], "count": 2},
    },
    zh=Words(
        title="JSON 路径",
        description="找出值中 JSONPath（RFC 9535）指向的所有内容。",
        ports={
            "value": ("值", "对象、列表，或 JSON 文本。"),
            "path": ("路径", "在哪里找。"),
            "first": ("第一个", "第一个匹配；没有匹配时后面的节点不运行。"),
            "matches": ("全部", "按顺序排列的所有匹配。"),
            "count": ("数量", "匹配的数量。"),
        },
        keywords=["查询", "提取", "字段"],
    ),
)
async def json_path(ctx: Context, value: Any, path: str) -> tuple[Any, list[Any], int]:
    """Return the first match, all of them, and their number."""
    matches: list[Any] = await ctx.use(Sandbox).run("json_path", {"path": path, "value": value})
    return (matches[0] if matches else DEAD), matches, len(matches)
