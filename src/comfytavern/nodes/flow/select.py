"""One of two values, without computing the other."""

from typing import Any

from comfytavern.nodes.kit import Type, Words, inp, node, out, toggle


def want(available: dict[str, Any]) -> list[str]:
    """Return the one input that the condition asks for."""
    needed = "when_true" if available.get("condition") else "when_false"
    return [] if needed in available else [needed]


@node(
    "flow.select",
    title="Select",
    description="Takes one of two inputs. Lazy: the one that is not taken is never computed. (If computes first and then sends one way.)",
    icon="git-compare",
    keywords=["lazy", "choose", "ternary", "condition", "either"],
    inputs=[
        inp("condition", Type.BOOLEAN, required=True, widget=toggle(), description="Which one."),
        inp(
            "when_true", Type.ANY, title="If yes", default=None, lazy=True, convertible=True, description="Taken if the condition is true."
        ),
        inp(
            "when_false", Type.ANY, title="If no", default=None, lazy=True, convertible=True, description="Taken if the condition is false."
        ),
    ],
    outputs=[out("value", Type.ANY, convertible=True, description="The one that was taken.")],
    effect="pure",
    want=want,
    example={"inputs": {"condition": False, "when_true": "yes", "when_false": ""}, "outputs": {"value": ""}},
    zh=Words(
        title="二选一",
        description="取两个输入之一。惰性：没有被取的一个不会计算。（“如果”则是先计算、再选路。）",
        ports={
            "condition": ("条件", "取哪一个。"),
            "when_true": ("为真时", "条件为真时取它。"),
            "when_false": ("为假时", "条件为假时取它。"),
            "value": ("值", "取到的值。"),
        },
        keywords=["惰性", "选择", "三元", "条件"],
    ),
)
def select(condition: bool, when_true: Any, when_false: Any) -> Any:
    """Return the input that was asked for."""
    return when_true if condition else when_false
