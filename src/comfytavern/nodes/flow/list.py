"""A list, put into another order or cut."""

from typing import Any

import msgspec

from comfytavern.nodes.kit import Failure, Type, Words, as_text, inp, json_widget, node, number, out, select, text_widget


@node(
    "flow.list",
    title="Arrange list",
    description="Sorts, reverses, flattens or cuts a list, or leaves out what is in it twice.",
    icon="list-ordered",
    keywords=["sort", "reverse", "unique", "slice", "flatten", "order", "range"],
    inputs=[
        inp("items", Type.ARRAY, required=True, widget=json_widget(), description="The list."),
        inp(
            "action",
            Type.STRING,
            default="sort",
            handle=False,
            description="What to do with it.",
            widget=select(
                ("sort", "Sort"),
                ("reverse", "Reverse"),
                ("unique", "Leave out repetitions"),
                ("flatten", "Flatten one level"),
                ("slice", "Cut out a part"),
            ),
        ),
        inp(
            "field",
            Type.STRING,
            default="",
            widget=text_widget(),
            description="For Sort and repetitions: the member that counts, if items are objects.",
        ),
        inp(
            "start",
            Type.INTEGER,
            default=0,
            widget=number(step=1),
            description="For a part: where it begins, counted from 0; negative from the end.",
        ),
        inp("count", Type.INTEGER, default=0, widget=number(0, None, 1), description="For a part: how many items; 0 takes all."),
    ],
    outputs=[
        out("items", Type.ARRAY, description="The new list."),
        out("count", Type.INTEGER, description="How many items it has."),
    ],
    effect="pure",
    example={"inputs": {"items": [3, 0, "b", "a", 0]}, "outputs": {"items": [0, 0, 3, "a", "b"], "count": 5}},
    zh=Words(
        title="整理列表",
        description="排序、反转、展开或截取列表，或去掉重复的项。",
        ports={
            "items": ("列表", "要整理的列表，以及得到的列表。"),
            "action": ("操作", "如何整理。"),
            "field": ("成员", "用于排序和去重：各项是对象时以哪个成员为准。"),
            "start": ("开始", "截取时从哪里开始，从 0 数起；负数从末尾数起。"),
            "count": ("数量", "截取时取多少项，0 表示全部；输出时为列表的项数。"),
        },
        options={"sort": "排序", "reverse": "反转", "unique": "去重", "flatten": "展开一层", "slice": "截取"},
        keywords=["排序", "反转", "去重", "截取", "展开"],
    ),
)
def arrange(items: list[Any], action: str, field: str, start: int, count: int) -> tuple[list[Any], int]:
    """Return the new list and its length. Sorting is stable: numbers first, then texts, then the rest."""
    match action:
        case "sort":
            made = sorted(items, key=lambda one: _rank(_looked_at(one, field)))
        case "reverse":
            made = items[::-1]
        case "unique":
            made = _unique(items, field)
        case "flatten":
            made = [inner for one in items for inner in (one if isinstance(one, list) else [one])]
        case "slice":
            rest = items[start:]
            made = rest[:count] if count > 0 else rest
        case _:
            raise Failure("flow.list", f"There is no action called {action!r}.", action=action)
    return made, len(made)


def _unique(items: list[Any], field: str) -> list[Any]:
    first: dict[bytes, Any] = {}
    for one in items:
        first.setdefault(msgspec.json.encode(_looked_at(one, field), order="deterministic"), one)
    return list(first.values())


def _looked_at(one: Any, field: str) -> Any:
    return one.get(field) if field and isinstance(one, dict) else one


def _rank(value: Any) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return 0, value, ""
    return (1, 0.0, value) if isinstance(value, str) else (2, 0.0, as_text(value))
