"""A few lines of Python."""

from typing import Any

from comfytavern.nodes.kit import Context, Type, Widget, Words, code, inp, node, number, out
from comfytavern.nodes.sandbox.pool import Sandbox

MEMORY_BYTES = 256 << 20


@node(
    "code.python",
    title="Python",
    description="Runs Python in a sandbox without files or network. Inputs are variables; so are outputs. The last line is the result.",
    icon="code-xml",
    keywords=["script", "function", "code", "expression", "custom", "monty"],
    inputs=[
        inp("code", Type.STRING, default="", widget=code("python", 8), tags=["code"], description="The lines to run."),
        inp("inputs", Type.ARRAY, default=[], handle=False, widget=Widget(kind="ports"), description="Names that the code may read."),
        inp("outputs", Type.ARRAY, default=[], handle=False, widget=Widget(kind="ports"), description="Names that the code sets."),
        inp("time_limit", Type.FLOAT, default=5.0, handle=False, widget=number(0.1, 60, 0.1), description="Seconds it may run."),
    ],
    outputs=[
        out("result", Type.ANY, description="The value of the last line."),
        out("printed", Type.STRING, description="What the code printed."),
    ],
    dynamic_inputs="inputs",
    dynamic_outputs="outputs",
    effect="nondet",
    services=(Sandbox,),
    example={
        "inputs": {
            "code": "double = [2 * x for x in numbers]\nprint(len(double))\nsum(double)",
            "inputs": ["numbers"],
            "outputs": ["double"],
            "numbers": [0, 4],
        },
        "outputs": {"result": 8, "printed": "2\n", "double": [0, 8]},
    },
    zh=Words(
        title="Python",
        description="在没有文件和网络的沙箱里运行 Python。输入和输出都是变量，最后一行是结果。",
        ports={
            "code": ("代码", "要运行的代码。"),
            "inputs": ("输入变量", "代码可以读取的名称。"),
            "outputs": ("输出变量", "由代码赋值的名称。"),
            "time_limit": ("时限", "最多运行多少秒。"),
            "result": ("结果", "最后一行的值。"),
            "printed": ("打印内容", "代码打印的内容。"),
        },
        keywords=["脚本", "函数", "代码", "表达式", "自定义"],
    ),
)
async def python(ctx: Context, code: str, inputs: list[Any], outputs: list[Any], time_limit: float, more: dict[str, Any]) -> dict[str, Any]:
    """Return the result, what was printed, and the variables that the code set; one that it did not set is DEAD."""
    seconds = min(60.0, max(0.1, time_limit))
    payload = {
        "code": code,
        "inputs": dict.fromkeys(_names(inputs)) | more,
        "outputs": _names(outputs),
        "time_s": seconds,
        "memory_bytes": MEMORY_BYTES,
    }
    done = await ctx.use(Sandbox).run("python", payload, time_s=seconds)
    return {"result": done["result"], "printed": done["printed"], **done["outputs"]}


def _names(ports: list[Any]) -> list[str]:
    return [one if isinstance(one, str) else one["id"] for one in ports or []]
