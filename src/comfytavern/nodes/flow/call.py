"""A graph that is chosen while the run goes on."""

from comfytavern.nodes.kit import Control, Type, Widget, Words, control, inp, json_widget, number, out

CALL = control(
    "flow.call",
    Control.CALL,
    title="Sub-run",
    description="Runs a saved workflow that is known only now. When it is known before, a group is better: it streams and shows its ports.",
    icon="phone-call",
    keywords=["sub-run", "invoke", "dynamic", "workflow", "execute"],
    inputs=[
        inp("workflow", Type.STRING, required=True, widget=Widget(kind="workflow"), description="Which workflow."),
        inp("version", Type.INTEGER, default=None, widget=number(1, None, 1), description="Which version; empty means the newest."),
        inp("inputs", Type.OBJECT, default={}, widget=json_widget(), description="Its inputs by name."),
    ],
    outputs=[out("outputs", Type.OBJECT, description="Its outputs by name.")],
    effect="nondet",
    zh=Words(
        title="子运行",
        description="运行一个到此时才确定的已保存工作流。事先确定时用“组”更好：可以流式输出，也能显示端口。",
        ports={
            "workflow": ("工作流", "运行哪个工作流。"),
            "version": ("版本", "哪个版本；为空表示最新版本。"),
            "inputs": ("输入", "按名称给出的输入。"),
            "outputs": ("输出", "按名称给出的输出。"),
        },
        keywords=["调用", "动态", "工作流", "执行"],
    ),
)
