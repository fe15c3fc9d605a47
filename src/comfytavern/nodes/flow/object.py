"""Several values as one object."""

from typing import Any

from comfytavern.nodes.kit import Type, Widget, Words, inp, json_widget, node, out, toggle


@node(
    "flow.object",
    title="Make object",
    description="Puts values together as an object, each under the name of its input.",
    icon="braces",
    keywords=["json", "dictionary", "record", "combine", "body"],
    inputs=[
        inp("members", Type.ARRAY, default=[], handle=False, widget=Widget(kind="ports"), description="The names."),
        inp("base", Type.OBJECT, default={}, widget=json_widget(2), description="An object to start from; inputs replace its members."),
        inp("skip_empty", Type.BOOLEAN, default=False, widget=toggle(), description="Leave out members that are null."),
    ],
    outputs=[out("object", Type.OBJECT, tags=["json"], description="The object.")],
    dynamic_inputs="members",
    effect="pure",
    example={
        "inputs": {"members": ["name", "age"], "name": "Ada", "age": 0, "base": {"kind": "person"}},
        "outputs": {"object": {"kind": "person", "name": "Ada", "age": 0}},
    },
    zh=Words(
        title="组成对象",
        description="把多个值组成一个对象，各自以输入的名称命名。",
        ports={
            "members": ("成员", "各个名称。"),
            "base": ("基础", "作为起点的对象；输入会替换其中的同名成员。"),
            "skip_empty": ("跳过空值", "忽略为 null 的成员。"),
            "object": ("对象", "得到的对象。"),
        },
        keywords=["字典", "记录", "组合", "JSON"],
    ),
)
def make_object(members: list[Any], base: dict[str, Any], skip_empty: bool, more: dict[str, Any]) -> dict[str, Any]:
    """Return the object, its members in the order in which they are listed."""
    names = [one if isinstance(one, str) else one["id"] for one in members or []]
    made = {**base, **{name: more.get(name) for name in names}}
    return {name: value for name, value in made.items() if value is not None or not skip_empty}
