"""One of many ways."""

import re
from typing import Any

from comfytavern.nodes.kit import Failure, Type, Widget, Words, as_text, inp, node, out, select, toggle


@node(
    "flow.switch",
    title="Switch",
    description="Sends a value to the first case that fits; what hangs on the other cases does not run.",
    icon="route",
    keywords=["case", "branch", "match", "router", "choose"],
    inputs=[
        inp("key", Type.ANY, required=True, description="What the cases are compared with."),
        inp("value", Type.ANY, default=None, convertible=True, description="What to send; without a wire, the key itself."),
        inp(
            "cases",
            Type.ARRAY,
            default=[],
            handle=False,
            widget=Widget(kind="ports"),
            description="The cases in order. The title of a case is what the key has to be.",
        ),
        inp(
            "fits",
            Type.STRING,
            default="equal",
            handle=False,
            description="When a case fits.",
            widget=select(("equal", "Key is the title"), ("contains", "Key contains the title"), ("starts", "Key starts with the title")),
        ),
        inp("ignore_case", Type.BOOLEAN, default=True, widget=toggle(), description="Take capitals and small letters as the same."),
    ],
    outputs=[
        out("otherwise", Type.ANY, convertible=True, description="The value, if no case fits."),
        out("case", Type.STRING, description="The title of the case that fits; empty if none does."),
    ],
    dynamic_outputs="cases",
    effect="pure",
    example={
        "inputs": {"key": "b", "value": 0, "cases": [{"id": "case_1", "title": "A"}, {"id": "case_2", "title": "B"}]},
        "outputs": {"case_2": 0, "case": "B"},
    },
    zh=Words(
        title="多路选择",
        description="把值送往第一个符合的分支；其他分支上的节点不会运行。",
        ports={
            "key": ("键", "与各分支比较的内容。"),
            "value": ("值", "要送出的值；没有连线时送出键本身。"),
            "cases": ("分支", "按顺序列出的分支。分支的标题就是键要符合的内容。"),
            "fits": ("符合条件", "什么时候算符合。"),
            "ignore_case": ("忽略大小写", "不区分大小写。"),
            "otherwise": ("其他", "没有分支符合时送出的值。"),
            "case": ("符合的分支", "符合的分支的标题；没有时为空。"),
        },
        options={"equal": "键等于标题", "contains": "键包含标题", "starts": "键以标题开头"},
        keywords=["分支", "匹配", "路由", "选择"],
    ),
)
def switch(key: Any, value: Any, cases: list[Any], fits: str, ignore_case: bool) -> dict[str, Any]:
    """Return the value under the id of the first case that fits, or under `otherwise`."""
    sent = key if value is None else value
    text = _plain(as_text(key), ignore_case)
    for case in cases or []:
        id, title = (case, case) if isinstance(case, str) else (case["id"], case.get("title") or case["id"])
        if _fits(text, _plain(as_text(title), ignore_case), fits):
            return {id: sent, "case": title}
    return {"otherwise": sent, "case": ""}


def _plain(text: str, ignore_case: bool) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return text.casefold() if ignore_case else text


def _fits(text: str, title: str, how: str) -> bool:
    match how:
        case "equal":
            return text == title
        case "contains":
            return title in text
        case "starts":
            return text.startswith(title)
        case _:
            raise Failure("flow.switch", f"There is no way of fitting called {how!r}.", fits=how)
