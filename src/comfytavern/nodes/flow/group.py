"""A graph inside a node."""

from comfytavern.nodes.kit import Control, Type, Widget, Words, control, inp, number

GROUP = control(
    "flow.group",
    Control.GROUP,
    title="Group",
    description="A graph inside a node. It runs exactly as if its nodes stood here; its ports are its inputs and outputs.",
    icon="group",
    keywords=["subgraph", "sub-workflow", "nested", "component", "reuse"],
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
    ],
    zh=Words(
        title="组",
        description="节点里的一张图。运行起来与把其中的节点直接放在这里完全一样；端口就是它的输入和输出。",
        ports={
            "group": ("组", "本文档中的一个组。"),
            "workflow": ("工作流", "或者一个已保存的工作流。"),
            "version": ("版本", "工作流的版本；为空表示最新版本。"),
        },
        keywords=["子图", "子工作流", "嵌套", "复用"],
    ),
)
