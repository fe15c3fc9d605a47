"""The inputs of the graph this node stands in."""

from comfytavern.nodes.kit import Control, Words, control

INPUT = control(
    "graph.input",
    Control.INPUT,
    title="Group input",
    description="Its outputs are the inputs of this graph: what a person, an app or an outer graph hands in.",
    icon="log-in",
    keywords=["start", "parameter", "argument", "interface"],
    zh=Words(
        title="组输入",
        description="它的输出就是这张图的输入：由使用者、应用或外层图传入的内容。",
        keywords=["开始", "参数", "接口", "输入"],
    ),
)
