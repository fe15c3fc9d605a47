"""Some of a list."""

from typing import Any

from comfytavern.nodes.kit import Failure, Type, Words, as_text, inp, json_widget, node, out, select, text_widget


@node(
    "flow.filter",
    title="Filter list",
    description="Keeps the items of a list that pass a test.",
    icon="filter",
    keywords=["where", "select", "keep", "remove", "list"],
    inputs=[
        inp("items", Type.ARRAY, required=True, widget=json_widget(), description="The list."),
        inp(
            "field",
            Type.STRING,
            default="",
            widget=text_widget(),
            description="Member to look at when items are objects; empty means the item itself.",
        ),
        inp(
            "test",
            Type.STRING,
            default="filled",
            handle=False,
            description="Which items to keep.",
            widget=select(
                ("filled", "Not empty"),
                ("equal", "Equal to"),
                ("different", "Different from"),
                ("contains", "Contains"),
                ("greater", "Greater than"),
                ("less", "Less than"),
            ),
        ),
        inp("value", Type.ANY, default=None, widget=text_widget(), description="What they are compared with."),
    ],
    outputs=[
        out("kept", Type.ARRAY, description="The items that pass, in order."),
        out("dropped", Type.ARRAY, description="The others, in order."),
    ],
    effect="pure",
    example={"inputs": {"items": [0, "", "a", None]}, "outputs": {"kept": [0, "a"], "dropped": ["", None]}},
    zh=Words(
        title="筛选列表",
        description="保留列表中符合条件的项。",
        ports={
            "items": ("列表", "要筛选的列表。"),
            "field": ("成员", "各项是对象时要看的成员；为空表示该项本身。"),
            "test": ("条件", "保留哪些项。"),
            "value": ("比较值", "与之比较的值。"),
            "kept": ("保留", "符合条件的项，保持顺序。"),
            "dropped": ("其余", "其他的项，保持顺序。"),
        },
        options={
            "filled": "不为空",
            "equal": "等于",
            "different": "不等于",
            "contains": "包含",
            "greater": "大于",
            "less": "小于",
        },
        keywords=["过滤", "筛选", "保留", "列表"],
    ),
)
def filter_list(items: list[Any], field: str, test: str, value: Any) -> tuple[list[Any], list[Any]]:
    """Return the items that pass and those that do not. Zero and false are not empty."""
    kept: list[Any] = []
    dropped: list[Any] = []
    for item in items:
        looked_at = item.get(field) if field and isinstance(item, dict) else item
        (kept if _passes(looked_at, test, value) else dropped).append(item)
    return kept, dropped


def _passes(item: Any, test: str, value: Any) -> bool:
    match test:
        case "filled":
            return item is not None and item not in ("", [], {})
        case "equal":
            return item == value or as_text(item) == as_text(value)
        case "different":
            return not _passes(item, "equal", value)
        case "contains":
            return value in item if isinstance(item, list | dict) else as_text(value) in as_text(item)
        case "greater" | "less":
            try:
                return float(item) > float(value) if test == "greater" else float(item) < float(value)
            except (TypeError, ValueError):
                return False
        case _:
            raise Failure("flow.filter", f"There is no test called {test!r}.", test=test)
