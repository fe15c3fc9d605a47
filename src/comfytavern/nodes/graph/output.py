"""The outputs of the graph this node stands in."""

from comfytavern.nodes.kit import Control, Words, control

OUTPUT = control(
    "graph.output",
    Control.OUTPUT,
    title="Group output",
    description="Its inputs are the outputs of this graph: what comes back from a run.",
    icon="log-out",
    keywords=["end", "result", "return", "interface"],
    zh=Words(
        title="组输出",
        description="它的输入就是这张图的输出：一次运行返回的内容。",
        keywords=["结束", "结果", "返回", "接口", "输出"],
    ),
)
