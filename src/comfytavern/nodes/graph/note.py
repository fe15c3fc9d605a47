"""A note for people."""

from comfytavern.nodes.kit import Control, Type, Words, control, inp, textarea

NOTE = control(
    "graph.note",
    Control.NOTE,
    title="Note",
    description="Markdown for people. It never runs and nothing can be wired to it.",
    icon="sticky-note",
    keywords=["comment", "markdown", "text", "remark"],
    inputs=[
        inp(
            "text",
            Type.STRING,
            default="",
            widget=textarea(6),
            handle=False,
            cosmetic=True,
            tags=["markdown"],
            description="What the note says, in Markdown.",
        )
    ],
    zh=Words(
        title="便签",
        description="写给人看的 Markdown，不参与运行，也不能连线。",
        ports={"text": ("内容", "便签的内容，使用 Markdown。")},
        keywords=["注释", "备注", "说明"],
    ),
)
