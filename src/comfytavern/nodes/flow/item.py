"""One item of a list, or one member of an object."""

from typing import Any

from comfytavern.nodes.kit import DEAD, Failure, Type, Words, as_text, inp, json_widget, node, out, select, text_widget


@node(
    "flow.item",
    title="Take item",
    description="Takes one item out of a list by its place, or one member out of an object by its name.",
    icon="list-filter",
    keywords=["index", "get", "field", "member", "first", "last", "pick"],
    inputs=[
        inp("value", Type.ANY, required=True, widget=json_widget(), description="A list or an object."),
        inp("key", Type.ANY, default="0", widget=text_widget("0"), description="A place, counted from 0 (-1 is the last one), or a name."),
        inp(
            "missing",
            Type.STRING,
            default="fail",
            handle=False,
            description="What to do when it is not there.",
            widget=select(("fail", "Fail"), ("null", "Give null"), ("skip", "Give nothing")),
        ),
    ],
    outputs=[out("item", Type.ANY, description="What is there.")],
    effect="pure",
    example={"inputs": {"value": ["a", 0], "key": -1}, "outputs": {"item": 0}},
    zh=Words(
        title="取一项",
        description="按位置取列表中的一项，或按名称取对象的一个成员。",
        ports={
            "value": ("值", "列表或对象。"),
            "key": ("位置或名称", "从 0 数起的位置（-1 为最后一项），或名称。"),
            "missing": ("不存在时", "没有这一项时怎么办。"),
            "item": ("项", "取到的内容。"),
        },
        options={"fail": "报错", "null": "输出 null", "skip": "不输出"},
        keywords=["下标", "索引", "成员", "字段", "第一个", "最后一个"],
    ),
)
def item(value: Any, key: Any, missing: str) -> Any:
    """Return the item. Raises `Failure` (`flow.missing`) when it is not there and nothing else was asked for."""
    try:
        return value[as_text(key)] if isinstance(value, dict) else value[int(key)]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        if missing == "fail":
            size = f"It has {len(value)} items." if isinstance(value, list | dict) else "It is neither a list nor an object."
            raise Failure("flow.missing", f"There is nothing at {as_text(key)!r}. {size}", key=as_text(key)) from error
        return None if missing == "null" else DEAD
