"""The same graph for every item of a list."""

from comfytavern.nodes.kit import Control, Type, Widget, Words, control, inp, number, select, toggle

MAP = control(
    "flow.map",
    Control.MAP,
    title="For each",
    description="Runs a group once for every item of a list, several at a time. The results keep the order of the items.",
    icon="repeat-1",
    keywords=["map", "list", "each", "batch", "parallel", "iterate"],
    inputs=[
        inp("group", Type.STRING, default="", handle=False, description="A group of this document."),
        inp("workflow", Type.STRING, default="", handle=False, widget=Widget(kind="workflow"), description="Or a saved workflow."),
        inp(
            "version",
            Type.INTEGER,
            default=None,
            handle=False,
            widget=number(1, None, 1),
            description="Of the workflow; empty means the newest.",
        ),
        inp(
            "mapped",
            Type.ARRAY,
            default=[],
            handle=False,
            widget=Widget(kind="list"),
            description="The inputs that are taken apart, all of one length; empty: every list that is wired.",
        ),
        inp("concurrency", Type.INTEGER, default=8, handle=False, widget=number(1, 256, 1), description="How many items run at a time."),
        inp(
            "on_item_error",
            Type.STRING,
            default="fail",
            handle=False,
            title="If an item fails",
            description="What becomes of the others.",
            widget=select(("fail", "Stop and fail"), ("drop", "Leave it out"), ("collect", "Put null in its place and list the errors")),
        ),
        inp(
            "keep_gaps",
            Type.BOOLEAN,
            default=False,
            handle=False,
            widget=toggle(),
            description="Put null where an item gave nothing, instead of leaving it out.",
        ),
    ],
    zh=Words(
        title="逐项处理",
        description="对列表中的每一项运行一次组，可同时运行多项。结果保持各项的顺序。",
        ports={
            "group": ("组", "本文档中的一个组。"),
            "workflow": ("工作流", "或者一个已保存的工作流。"),
            "version": ("版本", "工作流的版本；为空表示最新版本。"),
            "mapped": ("逐项的输入", "要拆开的输入，长度须相同；其余输入对每一项都相同。为空表示所有接入的列表。"),
            "concurrency": ("并发数", "同时运行多少项。"),
            "on_item_error": ("某项失败时", "其余各项怎么办。"),
            "keep_gaps": ("保留空位", "某项没有结果时放入 null，而不是略过。"),
        },
        options={"fail": "停止并报错", "drop": "略过该项", "collect": "在原位放入 null 并列出错误"},
        keywords=["映射", "列表", "批量", "并行", "遍历", "循环"],
    ),
)
