"""A text with holes."""

from typing import Any

from comfytavern.nodes.kit import Context, Type, Widget, Words, code, inp, node, out
from comfytavern.nodes.sandbox.pool import Sandbox


@node(
    "text.template",
    title="Template",
    description="Fills in a Jinja template: {{ name }}, {% if %}, {% for %}. Every variable is an input of its own.",
    icon="braces",
    keywords=["jinja", "prompt", "format", "variables", "interpolate"],
    inputs=[
        inp(
            "template",
            Type.STRING,
            default="",
            widget=code("jinja"),
            tags=["prompt"],
            description="The text; {{ name }} stands for the variable of that name.",
        ),
        inp("variables", Type.ARRAY, default=[], handle=False, widget=Widget(kind="ports"), description="The names to fill in."),
    ],
    outputs=[out("text", Type.STRING, tags=["prompt"], description="The text with everything filled in.")],
    dynamic_inputs="variables",
    effect="pure",
    services=(Sandbox,),
    example={
        "inputs": {"template": "Dear {{ name }}, you have {{ count }} letters.", "variables": ["name", "count"], "name": "Ada", "count": 0},
        "outputs": {"text": "Dear Ada, you have 0 letters."},
    },
    zh=Words(
        title="模板",
        description="填写 Jinja 模板：{{ 名称 }}、{% if %}、{% for %}。每个变量都是一个输入。",
        ports={
            "template": ("模板", "模板文本；{{ name }} 代表同名变量。"),
            "variables": ("变量", "要填写的变量名。"),
            "text": ("文本", "填写完成的文本。"),
        },
        keywords=["提示词", "格式化", "变量", "填空"],
    ),
)
async def template(ctx: Context, template: str, variables: list[Any], more: dict[str, Any]) -> str:
    """Return the filled-in text; an optional variable without a value is empty."""
    names = [one if isinstance(one, str) else one["id"] for one in variables or []]
    return await ctx.use(Sandbox).run("template", {"template": template, "variables": dict.fromkeys(names) | more})
