"""A time of day."""

import time
from datetime import UTC, datetime

from comfytavern.nodes.kit import Failure, Type, WaitRequest, Widget, Words, inp, node, out


@node(
    "flow.wait_until",
    title="Wait until",
    description="Waits for a moment in time. Wire it to `after` of what should come then; the wait survives a restart.",
    icon="alarm-clock",
    keywords=["schedule", "date", "time", "later", "wait"],
    inputs=[
        inp(
            "moment",
            Type.STRING,
            required=True,
            widget=Widget(kind="date", placeholder="2030-01-31T09:00:00Z"),
            description="ISO 8601; without a zone it is UTC. A moment in the past is now.",
        )
    ],
    outputs=[out("done", Type.ANY, description="Nothing, once the moment has come.")],
    effect="nondet",
    waits=True,
    example={"inputs": {"moment": "2001-01-01T00:00:00Z"}, "answer": None, "outputs": {"done": None}},
    zh=Words(
        title="等到",
        description="等到某个时刻。接到后续节点的“之后”端口；等待状态在重启后仍然保留。",
        ports={
            "moment": ("时刻", "ISO 8601 格式；没有时区时为 UTC。过去的时刻视为现在。"),
            "done": ("到时", "到了该时刻时给出，内容为空。"),
        },
        keywords=["定时", "日期", "时间", "稍后", "等待"],
    ),
)
def wait_until(moment: str) -> WaitRequest:
    """Return a request that the clock answers."""
    try:
        at = datetime.fromisoformat(moment.strip())
    except ValueError as error:
        raise Failure("flow.moment", f"{moment!r} is not a moment.", hint="Write it like 2030-01-31T09:00:00Z.") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return WaitRequest(title=at.isoformat(), schema={"type": "null"}, until_s=max(0.0, at.timestamp() - time.time()))
