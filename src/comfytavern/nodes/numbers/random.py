"""A number by chance, or by turns."""

import random as chance

from comfytavern.nodes.kit import Context, Failure, Type, Words, inp, node, number, out, select, text_widget
from comfytavern.nodes.numbers.counters import Counters


@node(
    "numbers.random",
    title="Random",
    description="A number from a range: by chance, always the same for one seed, or one step up or down at every run.",
    icon="dices",
    keywords=["seed", "chance", "dice", "counter", "increase", "decrease"],
    inputs=[
        inp(
            "mode",
            Type.STRING,
            default="random",
            handle=False,
            description="Where the number comes from.",
            widget=select(
                ("fixed", "Fixed by the seed"),
                ("increase", "Increases with every run"),
                ("decrease", "Decreases"),
                ("random", "New every run"),
            ),
        ),
        inp("seed", Type.INTEGER, default=0, widget=number(step=1), description="For Fixed: the same seed gives the same number."),
        inp("minimum", Type.FLOAT, default=0.0, widget=number(), description="The lowest number."),
        inp("maximum", Type.FLOAT, default=100.0, widget=number(), description="The highest number."),
        inp("step", Type.FLOAT, default=1.0, widget=number(0), description="Numbers lie so far apart; 0 allows any fraction."),
        inp(
            "series",
            Type.STRING,
            default="",
            widget=text_widget(),
            description="For Increase and Decrease: nodes of one series share their count. Empty means this node alone.",
        ),
    ],
    outputs=[
        out("number", Type.FLOAT, description="The number."),
        out("integer", Type.INTEGER, description="The number, rounded."),
    ],
    effect="nondet",
    services=(Counters,),
    example={"inputs": {"mode": "fixed", "seed": 7, "minimum": 3, "maximum": 3}, "outputs": {"number": 3.0, "integer": 3}},
    zh=Words(
        title="随机数",
        description="某个范围内的数：随机产生、由种子固定，或每次运行增减一步。",
        ports={
            "mode": ("方式", "数从哪里来。"),
            "seed": ("种子", "“固定”时，相同的种子得到相同的数。"),
            "minimum": ("最小值", "最小的数。"),
            "maximum": ("最大值", "最大的数。"),
            "step": ("步长", "相邻两数的间隔；0 表示允许任意小数。"),
            "series": ("系列", "用于“递增”和“递减”：同一系列的节点共用计数。为空表示仅此节点。"),
            "number": ("数值", "得到的数。"),
            "integer": ("整数", "取整后的数。"),
        },
        options={"fixed": "由种子固定", "increase": "每次运行递增", "decrease": "每次运行递减", "random": "每次运行随机"},
        keywords=["种子", "骰子", "计数", "递增", "递减"],
    ),
)
async def random(ctx: Context, mode: str, seed: int, minimum: float, maximum: float, step: float, series: str) -> tuple[float, int]:
    """Return the number. Increase and decrease start over when they have left the range."""
    if minimum > maximum:
        raise Failure("numbers.range_order", f"The lowest number, {minimum}, is above the highest, {maximum}.")
    places = int((maximum - minimum) / step) + 1 if step > 0 else 0
    match mode:
        case "fixed" | "random":
            source = chance.Random(seed) if mode == "fixed" else chance.Random()
            found = minimum + source.randrange(places) * step if places else source.uniform(minimum, maximum)
        case "increase" | "decrease":
            turn = await ctx.use(Counters).next(ctx.owner, series or ctx.path) % max(1, places)
            found = minimum + turn * step if mode == "increase" else maximum - turn * step
        case _:
            raise Failure("numbers.random", f"There is no way called {mode!r}.", mode=mode)
    return float(found), round(found)
