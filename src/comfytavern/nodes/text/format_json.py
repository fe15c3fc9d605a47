"""Values into JSON text."""

from typing import Any

import msgspec

from comfytavern.nodes.kit import Type, Words, inp, json_widget, node, number, out, toggle


@node(
    "text.format_json",
    title="Format JSON",
    description="Writes any value as JSON.",
    icon="file-json",
    keywords=["encode", "dump", "stringify", "serialize"],
    inputs=[
        inp("value", Type.ANY, default=None, widget=json_widget(), description="Any value."),
        inp("indent", Type.INTEGER, default=2, widget=number(0, 8, 1), description="Spaces per level; 0 writes one line."),
        inp("sort_keys", Type.BOOLEAN, default=False, widget=toggle(), description="Members in the order of their names."),
    ],
    outputs=[out("text", Type.STRING, tags=["json"], description="The JSON.")],
    effect="pure",
    example={"inputs": {"value": {"b": 0, "a": False}, "indent": 0}, "outputs": {"text": '{"b":0,"a":false}'}},
    zh=Words(
        title="格式化 JSON",
        description="把任意值写成 JSON。",
        ports={
            "value": ("值", "任意值。"),
            "indent": ("缩进", "每层的空格数；0 表示写成一行。"),
            "sort_keys": ("按名称排序", "按名称排列各成员。"),
            "text": ("文本", "得到的 JSON。"),
        },
        keywords=["编码", "序列化"],
    ),
)
def format_json(value: Any, indent: int, sort_keys: bool) -> str:
    """Return the JSON text."""
    encoded = msgspec.json.encode(value, order="sorted" if sort_keys else None)
    return (msgspec.json.format(encoded, indent=max(0, min(8, indent))) if indent > 0 else encoded).decode()
