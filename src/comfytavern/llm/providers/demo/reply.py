"""What the demo model says: a pure function of the request, so every run is the same.

- asked to score, rate, judge or grade (评分, 打分, 评价): `{"score": n, …}`, n from 1 to 10, growing with the length of the
  last message: 4 for a short one, one more for each 80 units (a letter is one unit, a Chinese character three)
- asked to improve, refine, revise or rewrite (改进, 润色, 修改, 改写): the draft (what follows the first colon or line break)
  with one sentence more. So a loop of the two ends.
  (asked for both, the word that comes first counts)
- given a schema: an instance of it. Given tools: a call of the one that is named in the prompt, else the first
- everything else: a quotation of the prompt, and what it is made of

It answers in Chinese when the last message has Chinese in it.
"""

import re
from typing import Any, Final

import msgspec

from comfytavern.llm.messages import ImagePart, Message, ToolCall
from comfytavern.llm.providers.demo.sample import sample
from comfytavern.llm.reply import Reply
from comfytavern.llm.request import ChatRequest

_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_JUDGE: Final = re.compile(r"\b(?:scor(?:e|es|ing)|rate|rating|judge|grade)\b|评分|打分|评价", re.IGNORECASE)
_IMPROVE: Final = re.compile(r"\b(?:improve|refine|revise|rewrite)\b|改进|润色|修改|改写", re.IGNORECASE)
_QUOTED_MAX: Final = 160

_LABEL: Final = {"en": "[demo model]", "zh": "[演示模型]"}
_ECHO: Final = {
    "en": (
        "{label} You wrote: “{quote}”. That is {size} characters in the last of {turns} message(s){system}{images}. "
        "No model was asked: this text is made by a fixed rule, to show how an answer streams through the nodes. "
        "Add a real model in the settings, choose it in this node, and run again."
    ),
    "zh": (
        "{label} 你写道：“{quote}”。这是 {turns} 条消息中的最后一条，共 {size} 个字符{system}{images}。"
        "这里没有调用任何模型：这段文字由固定规则生成，用来演示回答如何在节点之间流动。"
        "请在设置中添加真实的模型，在此节点中选择它，然后再次运行。"
    ),
}
_SYSTEM: Final = {"en": ", with a system prompt of {size} characters", "zh": "，系统提示词有 {size} 个字符"}
_IMAGES: Final = {"en": ", with {count} picture(s)", "zh": "，附带 {count} 张图片"}
_MORE: Final = {
    "en": " Revision {number} adds a sentence like this one, so that the text grows with every round.",
    "zh": "第 {number} 次修改会像这样添加一句话，让文本一轮比一轮长。",
}
_REASON: Final = {"en": "{label} The text is {units} units long.", "zh": "{label} 文本长度为 {units} 个单位。"}
_TOOL_ANSWER: Final = {"en": "{label} The tool answered: {quote}", "zh": "{label} 工具的回答是：{quote}"}
_THINKING: Final = {
    "en": "{label} A reasoning model would think here. The demo model only counts letters.",
    "zh": "{label} 推理模型会在这里思考。演示模型只是数一数字符。",
}


def language_of(text: str) -> str:
    """Return `zh` when there is Chinese in the text, else `en`."""
    return "zh" if _CHINESE.search(text) else "en"


def demo_reply(request: ChatRequest) -> Reply:
    """Return the whole reply; the provider cuts it into pieces."""
    last = request.messages[-1] if request.messages else Message(role="user")
    language = language_of(last.text)
    thinking = _THINKING[language].format(label=_LABEL[language]) if request.effort else ""
    if request.tools and last.role != "tool" and request.tool_choice != "none":
        return Reply(reasoning=thinking, tool_calls=(_call(request, last.text),))
    return Reply(reasoning=thinking, text=_text(request, last, language))


def continuation(prompt: str) -> str:
    """Return the demo model's continuation of a text."""
    language = language_of(prompt)
    return " " + _ECHO[language].format(
        label=_LABEL[language], quote=_quote(prompt[-_QUOTED_MAX:]), size=len(prompt), turns=1, system="", images=""
    )


def _text(request: ChatRequest, last: Message, language: str) -> str:
    label = _LABEL[language]
    if last.role == "tool":
        return _TOOL_ANSWER[language].format(label=label, quote=_quote(last.text))
    asked = "\n".join((*(each.text for each in request.messages if each.role == "system"), last.text))
    score = _score(last.text)
    if request.schema is not None:
        return _json(sample(request.schema, text=f"{label} {_quote(last.text)}", number=score))
    judge, improve = _JUDGE.search(asked), _IMPROVE.search(asked)
    if judge and not (improve and improve.start() < judge.start()):
        return _json({"score": score, "reason": _REASON[language].format(label=label, units=_units(last.text))})
    if improve:
        return _improved(last.text, label, language)
    return _echo(request, last, language)


def _echo(request: ChatRequest, last: Message, language: str) -> str:
    system = sum(len(each.text) for each in request.messages if each.role == "system")
    turns = sum(each.role != "system" for each in request.messages)
    images = 0 if isinstance(last.content, str) else sum(isinstance(part, ImagePart) for part in last.content)
    return _ECHO[language].format(
        label=_LABEL[language],
        quote=_quote(last.text),
        size=len(last.text),
        turns=turns,
        system=_SYSTEM[language].format(size=system) if system else "",
        images=_IMAGES[language].format(count=images) if images else "",
    )


def _improved(text: str, label: str, language: str) -> str:
    parts = re.split(r"[:：\n]+", text, maxsplit=1)
    draft = parts[-1].strip().removeprefix(label).strip()
    number = draft.count(_MORE[language].partition("{number}")[2]) + 1
    return f"{label} {draft}{_MORE[language].format(number=number)}"


def _score(text: str) -> int:
    return min(10, 4 + _units(text) // 80)


def _units(text: str) -> int:
    return len(text) + 2 * len(_CHINESE.findall(text))


def _call(request: ChatRequest, text: str) -> ToolCall:
    wanted = [tool for tool in request.tools if tool.name in (request.tool_choice, "") or tool.name in text]
    tool = (wanted or list(request.tools))[0]
    return ToolCall(id="call_demo_1", name=tool.name, arguments=_json(sample(tool.parameters, text=_quote(text), number=_score(text))))


def _quote(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTED_MAX else flat[: _QUOTED_MAX - 1] + "…"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
