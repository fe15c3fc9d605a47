"""Write docs/reference/nodes.md and nodes.zh-CN.md from the kinds; with --check, fail when they would change."""

import json
import sys
from pathlib import Path
from typing import Any

from comfytavern.graph.kinds import Kind, Port
from comfytavern.nodes.registry import Catalogue

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
FAMILIES = {
    "graph": ("Interface", "接口"),
    "text": ("Text", "文本"),
    "numbers": ("Numbers", "数值"),
    "flow": ("Flow", "流程"),
    "llm": ("Models", "模型"),
    "stream": ("Streams", "流"),
    "files": ("Files", "文件"),
    "http": ("HTTP", "HTTP"),
    "code": ("Code", "代码"),
    "debug": ("Debug", "调试"),
}
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Nodes",
        "intro": "Every built-in kind of node. This page is generated from the kinds themselves (`make schemas`).",
        "other": "[中文](nodes.zh-CN.md)",
        "inputs": "Input",
        "outputs": "Output",
        "type": "Type",
        "default": "Default",
        "meaning": "Meaning",
        "required": "required",
        "stream": "stream",
        "many": "many",
        "lazy": "lazy",
        "choices": "Choices",
        "example": "Example",
        "pure": "Same inputs, same outputs; results are reused.",
        "nondet": "Depends on time, chance, the network or a model; reused as the run's policy says.",
        "effect": "Changes something outside; runs once and is never repeated by itself.",
        "dynamic": "Further ports: those that `{}` lists.",
        "stop": ".",
    },
    "zh-CN": {
        "title": "节点",
        "intro": "所有内置的节点种类。本页由节点种类自动生成（`make schemas`）。",
        "other": "[English](nodes.md)",
        "inputs": "输入",
        "outputs": "输出",
        "type": "类型",
        "default": "默认值",
        "meaning": "说明",
        "required": "必填",
        "stream": "流",
        "many": "多个",
        "lazy": "惰性",
        "choices": "可选值",
        "example": "示例",
        "pure": "输入相同则输出相同，结果会被重用。",
        "nondet": "取决于时间、随机、网络或模型；是否重用由运行策略决定。",
        "effect": "会改变外部状态，只运行一次，不会自动重复。",
        "dynamic": "更多端口由 `{}` 列出。",
        "stop": "。",
    },
}


def main() -> int:
    """Return the exit code."""
    pages = {FOLDER / ("nodes.md" if language == "en" else f"nodes.{language}.md"): page(language) for language in WORDS}
    if "--check" in sys.argv:
        return int(any(not path.is_file() or path.read_text(encoding="utf-8") != text for path, text in pages.items()))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    return 0


def page(language: str) -> str:
    """Return the whole page in one language."""
    words, kinds = WORDS[language], Catalogue.built_in().kinds()
    families = [*FAMILIES, *sorted({kind.family for kind in kinds} - FAMILIES.keys())]
    parts = [f"# {words['title']}", f"{words['intro']} {words['other']}"]
    groups = {family: [kind for kind in kinds if kind.family == family] for family in families}
    for family, members in groups.items():
        links = " · ".join(f"[{title(kind, language)}](#{anchor(kind)})" for kind in members)
        parts.append(f"**{family_title(family, language)}**: {links}")
    for family, members in groups.items():
        parts.append(f"## {family_title(family, language)}")
        parts += [section(kind, language) for kind in members]
    return "\n\n".join(parts) + "\n"


def family_title(family: str, language: str) -> str:
    """Return a family's name."""
    return FAMILIES.get(family, (family.capitalize(),) * 2)[language != "en"]


def title(kind: Kind, language: str) -> str:
    """Return a kind's name."""
    return kind.title if language == "en" else kind.words[language].title


def anchor(kind: Kind) -> str:
    """Return where a kind stands on the page."""
    return kind.id.replace(".", "-").replace("_", "-")


def section(kind: Kind, language: str) -> str:
    """Return what the page says about one kind."""
    words = WORDS[language]
    description = kind.description if language == "en" else kind.words[language].description
    effect = "" if kind.control else f" {words[kind.effect.value]}"
    parts = [f'### <a id="{anchor(kind)}"></a>{title(kind, language)}', f"`{kind.id}` — {description}{effect}"]
    if kind.inputs:
        rows = [row(kind, port, language, default=True) for port in kind.inputs]
        head = f"| {words['inputs']} | {words['type']} | {words['default']} | {words['meaning']} |"
        parts.append("\n".join([head, "|---|---|---|---|", *rows]))
    if kind.outputs:
        rows = [row(kind, port, language, default=False) for port in kind.outputs]
        parts.append("\n".join([f"| {words['outputs']} | {words['type']} | {words['meaning']} |", "|---|---|---|", *rows]))
    parts += [words["dynamic"].format(name) for name in dict.fromkeys((kind.dynamic_inputs, kind.dynamic_outputs)) if name]
    if "inputs" in kind.example and "outputs" in kind.example:
        parts.append(f"{words['example']}: `{plain(kind.example['inputs'])}` → `{plain(kind.example['outputs'])}`")
    return "\n\n".join(parts)


def row(kind: Kind, port: Port, language: str, *, default: bool) -> str:
    """Return one line of a table of ports."""
    words = WORDS[language]
    name, meaning = (port.title, port.description) if language == "en" else kind.words[language].ports[port.id]
    flags = [words[flag] for flag in ("stream", "many", "lazy") if getattr(port, flag)]
    if port.widget and port.widget.kind == "select" and (choices := options(kind, port, language)):
        meaning += f" {words['choices']}: {choices}{words['stop']}"
    cells = [f"{name} `{port.id}`", " ".join([port.type.value, *flags])]
    if default:
        cells.append(words["required"] if port.required else "" if port.default in (None, "", [], {}) else f"`{plain(port.default)}`")
    return "| " + " | ".join([*(cell.replace("|", "\\|") for cell in cells), meaning.replace("|", "\\|")]) + " |"


def options(kind: Kind, port: Port, language: str) -> str:
    """Return the choices of a select, each value with its words."""
    told: list[str] = []
    for option in port.widget.options if port.widget else []:
        value, english = option if isinstance(option, list) else (option, "")
        word = english if language == "en" else kind.words[language].options.get(str(value), "")
        told.append(f"`{value}` {word}" if word and word != value else f"`{value}`")
    return ", ".join(told)


def plain(value: Any) -> str:
    """Return a value on one line, short enough for a page."""
    text = json.dumps(value, ensure_ascii=False).replace("`", "'")
    return text if len(text) <= 160 else text[:159] + "…"


if __name__ == "__main__":
    sys.exit(main())
