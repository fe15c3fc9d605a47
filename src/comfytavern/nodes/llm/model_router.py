"""Which model is asked."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from comfytavern.llm.gateway import Gateway
from comfytavern.llm.routing import ANY
from comfytavern.nodes.kit import Context, Failure, Type, Words, inp, json_widget, node, out, textarea
from comfytavern.nodes.llm.ports import MODEL_ZH, model_port

_MATCH_S: Final = 0.5


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Chooses `model` when all its conditions hold; a rule without conditions always holds."""

    model: str
    longer_than: int | None = None
    """Characters."""
    shorter_than: int | None = None
    contains: str = ""
    """Upper and lower case are the same."""
    matches: str = ""
    """Regular expression."""


@node(
    "llm.model_router",
    title="Model router",
    description="Chooses a model by rules: the first rule that holds and whose model can be had now. Wire its answer into a chat's model.",
    icon="route",
    keywords=["choose", "switch", "fallback", "rules", "select"],
    inputs=[
        inp(
            "text", Type.STRING, default="", tags=["prompt"], widget=textarea(2), description="What the rules look at, usually the prompt."
        ),
        inp(
            "rules",
            Type.ARRAY,
            default=[],
            handle=False,
            widget=json_widget(6),
            description='A list like {"model": "chn_…/name", "longer_than": 2000}; also shorter_than, contains, matches (a regex).',
        ),
        model_port("chat"),
    ],
    outputs=[
        out("model", Type.STRING, tags=["model"], description="The model chosen."),
        out("rule", Type.INTEGER, description="Number of the rule that chose it, from 1; 0 when none did."),
    ],
    effect="nondet",
    services=(Gateway,),
    example={
        "inputs": {"text": "Hi", "rules": [{"model": "demo/demo", "shorter_than": 100}]},
        "outputs": {"model": "demo/demo", "rule": 1},
    },
    zh=Words(
        title="模型路由",
        description="按规则选择模型：取第一条成立且其模型当前可用的规则。把结果连到对话节点的模型输入。",
        ports={
            "text": ("文本", "规则所检查的内容，通常是提示词。"),
            "rules": (
                "规则",
                '形如 {"model": "chn_…/名称", "longer_than": 2000} 的列表；还有 shorter_than、contains、matches（正则）。',
            ),
            "model": MODEL_ZH,
            "rule": ("规则序号", "选中它的规则序号，从 1 开始；没有规则选中时为 0。"),
        },
        keywords=["选择", "切换", "备用", "规则"],
    ),
)
async def model_router(ctx: Context, text: str, rules: list[Any], model: str) -> dict[str, Any]:
    """Return the model of the first rule that holds, else the model given."""
    wanted = _parse(rules)
    offered = {offer.id for offer in await ctx.use(Gateway).models(ctx.owner) if offer.enabled} if wanted else set[str]()
    names = {offer.partition("/")[2] for offer in offered}
    for index, rule in enumerate(wanted, start=1):
        available = rule.model in offered or (rule.model.startswith(f"{ANY}/") and rule.model.partition("/")[2] in names)
        if available and _holds(rule, text):
            return {"model": rule.model, "rule": index}
    return {"model": model, "rule": 0}


def _parse(rules: Any) -> Sequence[Rule]:
    try:
        return msgspec.convert(rules or [], tuple[Rule, ...])
    except msgspec.ValidationError as error:
        hint = 'A rule looks like {"model": "demo/demo", "contains": "poem"}.'
        raise Failure("llm.rules", f"The rules cannot be read: {error}.", hint=hint, why=str(error)) from error


def _holds(rule: Rule, text: str) -> bool:
    if rule.longer_than is not None and len(text) <= rule.longer_than:
        return False
    if rule.shorter_than is not None and len(text) >= rule.shorter_than:
        return False
    if rule.contains and rule.contains.lower() not in text.lower():
        return False
    return not rule.matches or _matches(rule.matches, text)


def _matches(pattern: str, text: str) -> bool:
    import regex  # noqa: PLC0415 -- only rules with a pattern need it, for its time limit

    try:
        return regex.search(pattern, text, timeout=_MATCH_S) is not None
    except (regex.error, TimeoutError) as error:
        why = "it takes too long" if isinstance(error, TimeoutError) else str(error)
        hint = "Correct the regular expression of this rule."
        raise Failure("llm.rules", f"The pattern “{pattern}” cannot be used: {why}.", hint=hint, pattern=pattern, why=why) from error
