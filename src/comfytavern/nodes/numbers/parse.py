"""A number out of a text."""

import re

from comfytavern.nodes.kit import DEAD, Failure, Type, Words, inp, node, out, select, textarea

_NUMBER = re.compile(r"[-+]?(?:\d+(?:[ ,_]\d{3})*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?")


@node(
    "numbers.parse",
    title="Read number",
    description="Finds a number in a text, such as a score in a model's reply.",
    icon="scan-search",
    keywords=["extract", "score", "convert", "to number", "parse"],
    inputs=[
        inp("text", Type.STRING, required=True, widget=textarea(), description="The text that holds a number."),
        inp(
            "which",
            Type.STRING,
            default="first",
            handle=False,
            description="Which of several numbers.",
            widget=select(("first", "The first"), ("last", "The last")),
        ),
        inp(
            "missing",
            Type.STRING,
            default="fail",
            handle=False,
            description="What to do when there is no number.",
            widget=select(("fail", "Fail"), ("zero", "Give 0"), ("skip", "Give nothing")),
        ),
    ],
    outputs=[
        out("number", Type.FLOAT, description="The number."),
        out("integer", Type.INTEGER, description="The number without its fraction."),
    ],
    effect="pure",
    example={"inputs": {"text": "Score: 8.5 of 10"}, "outputs": {"number": 8.5, "integer": 8}},
    zh=Words(
        title="读取数值",
        description="从文本中找出一个数，例如模型回复里的评分。",
        ports={
            "text": ("文本", "包含数值的文本。"),
            "which": ("哪一个", "有多个数时取哪一个。"),
            "missing": ("没有数值时", "文本中没有数值时怎么办。"),
            "number": ("数值", "找到的数。"),
            "integer": ("整数", "去掉小数部分的数。"),
        },
        options={"first": "第一个", "last": "最后一个", "fail": "报错", "zero": "输出 0", "skip": "不输出"},
        keywords=["提取", "评分", "转换", "解析"],
    ),
)
def parse(text: str, which: str, missing: str) -> tuple[object, object]:
    """Return the number and its whole part."""
    found = _NUMBER.findall(text)
    if not found:
        if missing == "fail":
            raise Failure(
                "numbers.none", "There is no number in this text.", hint="Ask for a number alone, or choose what to do without one."
            )
        return (0.0, 0) if missing == "zero" else (DEAD, DEAD)
    number = float(re.sub(r"[ ,_]", "", found[-1 if which == "last" else 0]))
    if number in (float("inf"), float("-inf")):
        raise Failure("numbers.range", "The number in this text is too large.")
    return number, int(number)
