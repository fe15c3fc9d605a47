"""Whoever is first."""

from comfytavern.nodes.kit import Control, Type, Words, control, inp, out

RACE = control(
    "flow.race",
    Control.RACE,
    title="Race",
    description="Takes the value that arrives first in time and cancels what only the others need. Failures lose, unless all fail.",
    icon="flag",
    keywords=["fastest", "first", "fallback", "timeout", "any"],
    inputs=[inp("values", Type.ANY, many=True, accepts_dead=True, accepts_error=True, convertible=True, description="The runners.")],
    outputs=[
        out("value", Type.ANY, convertible=True, description="What the winner brought."),
        out("index", Type.INTEGER, title="Winner", description="Which wire it came by, counted from 0."),
    ],
    effect="nondet",
    zh=Words(
        title="竞速",
        description="取最先到达的值，并取消只有其他各路需要的节点。失败者算输，除非全部失败。",
        ports={
            "values": ("各路", "参与竞速的各路。"),
            "value": ("值", "胜出者带来的值。"),
            "index": ("胜出者", "它来自第几条连线，从 0 数起。"),
        },
        keywords=["最快", "第一", "后备", "超时"],
    ),
)
