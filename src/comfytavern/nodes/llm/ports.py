"""Ports and values that several nodes of this family share."""

from typing import Any, Final

from comfytavern.graph.kinds import Port, Widget
from comfytavern.llm.reply import Usage
from comfytavern.llm.request import Sampling
from comfytavern.nodes.kit import Context, Type, inp, json_widget, number, out

DEMO_MODEL: Final = "demo/demo"


def model_port(capability: str) -> Port:
    """Declare the choice of a model that can do `capability`."""
    return inp(
        "model",
        Type.STRING,
        default=DEMO_MODEL,
        tags=["model"],
        handle=False,
        widget=Widget(kind="model", capability=capability),
        description="Who answers, as channel/model. The demo model needs no key. Channels are added under Models.",
    )


SAMPLING: Final = (
    inp(
        "temperature",
        Type.FLOAT,
        handle=False,
        widget=number(0, 2, 0.1),
        description="0 is sober, 1 is lively. Empty: the model's default.",
    ),
    inp("top_p", Type.FLOAT, title="Top P", handle=False, widget=number(0, 1, 0.05), description="Choose among the likeliest words only."),
    inp("max_tokens", Type.INTEGER, title="Longest reply", handle=False, widget=number(1), description="In tokens. Empty: no limit."),
    inp("stop", Type.ARRAY, title="Stop at", default=[], handle=False, widget=json_widget(2), description="Texts that end the reply."),
    inp(
        "seed", Type.INTEGER, handle=False, widget=number(0), description="The same seed asks for the same reply; not every model listens."
    ),
)

USAGE: Final = out(
    "usage",
    Type.OBJECT,
    description="Tokens read (input_tokens) and written (output_tokens), the price (cost_usd) and who answered (model).",
)

MODEL_ZH: Final = ("模型", "由谁回答，格式为 渠道/模型。演示模型不需要密钥。渠道在“模型”页面中添加。")
SAMPLING_ZH: Final[dict[str, tuple[str, str]]] = {
    "temperature": ("温度", "0 稳重，1 活泼。留空则使用模型的默认值。"),
    "top_p": ("Top P", "只在最可能的词中选择。"),
    "max_tokens": ("最长回复", "以词元计。留空则不限制。"),
    "stop": ("停止词", "遇到这些文本时结束回复。"),
    "seed": ("种子", "相同的种子请求相同的回复；并非所有模型都支持。"),
}
USAGE_ZH: Final = ("用量", "读取的词元数（input_tokens）、写出的词元数（output_tokens）、费用（cost_usd）以及实际回答的模型（model）。")


def sampling(
    temperature: float | None, top_p: float | None, max_tokens: int | None, stop: list[Any] | str | None, seed: int | None
) -> Sampling:
    """Return the values of the `SAMPLING` ports as one value."""
    stops = [stop] if isinstance(stop, str) else stop or []
    return Sampling(
        temperature=temperature, top_p=top_p, max_tokens=max_tokens, stop=tuple(str(each) for each in stops if each != ""), seed=seed
    )


def pools_of(values: dict[str, Any]) -> tuple[str, ...]:
    """Return the pool a call of this node's model occupies: one per channel."""
    return ("llm:" + str(values.get("model") or DEMO_MODEL).partition("/")[0],)


def account(ctx: Context, usage: Usage, model: str) -> dict[str, Any]:
    """Tell the run what a call used, and return it as the value of the `USAGE` port."""
    ctx.usage(model, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cost_usd=usage.cost_usd)
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_usd": usage.cost_usd,
        "estimated": usage.estimated,
        "model": model,
    }
