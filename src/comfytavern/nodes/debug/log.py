"""A line in the log."""

from typing import Any

from comfytavern.nodes.kit import Context, Type, Words, as_text, inp, node, out, select, text_widget


@node(
    "debug.log",
    title="Log",
    description="Writes a line to the run's log and passes the value on.",
    icon="file-text",
    keywords=["print", "trace", "console", "message"],
    inputs=[
        inp("value", Type.ANY, default=None, convertible=True, description="What to write and pass on."),
        inp("label", Type.STRING, default="", widget=text_widget(), description="Written before the value."),
        inp(
            "level",
            Type.STRING,
            default="info",
            handle=False,
            description="How loud.",
            widget=select(("debug", "Debug"), ("info", "Information"), ("warning", "Warning"), ("error", "Error")),
        ),
    ],
    outputs=[out("value", Type.ANY, convertible=True, description="The same value.")],
    effect="nondet",
    bypass={"value": "value"},
    example={"inputs": {"value": 0, "label": "count"}, "outputs": {"value": 0}},
    zh=Words(
        title="日志",
        description="在运行日志里写一行，并把值原样传下去。",
        ports={"value": ("值", "要写入并传下去的值。"), "label": ("标签", "写在值的前面。"), "level": ("级别", "日志的级别。")},
        options={"debug": "调试", "info": "信息", "warning": "警告", "error": "错误"},
        keywords=["打印", "跟踪", "消息"],
    ),
)
def log(ctx: Context, value: Any, label: str, level: str) -> Any:
    """Return the value."""
    text = as_text(value)
    ctx.log(f"{label}: {text}" if label else text, level)
    return value
