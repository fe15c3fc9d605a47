"""What stands in a page of Markdown: headings, code, links, and the commands that a reader would type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
OPERATE: Final = ROOT / "docs" / "operate"
ENGLISH: Final = sorted(path for path in OPERATE.glob("*.md") if not path.name.endswith(".zh-CN.md"))
BLOCK: Final = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE: Final = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^(#+) (.+)$", re.MULTILINE)
STARTS: Final = re.compile(r"(?:^|[|;&]|\$\(|\s)(comfytavern|tavern) (?=[a-z…-])")
"""The program, or its short name on a host, where a command may begin."""
ENDS: Final = frozenset({"|", ";", "&&", "#", ">", ">>", "<"})


@dataclass(frozen=True)
class Code:
    """A fenced block: its language and its text without indentation."""

    language: str
    text: str


def blocks(text: str) -> list[Code]:
    """Return the fenced blocks in their order."""
    return [Code(found[2], re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE)) for found in BLOCK.finditer(text)]


def prose(text: str) -> str:
    """Return the page without its fenced blocks."""
    return BLOCK.sub("", text)


def headings(text: str) -> list[tuple[int, str]]:
    """Return level and words of each heading."""
    return [(len(found[1]), found[2]) for found in HEADING.finditer(prose(text))]


def anchors(text: str) -> set[str]:
    """Return what a link to a heading of the page may say after `#`."""
    plain = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", words) for _, words in headings(text))
    return {re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-") for words in plain}


def links(text: str) -> list[str]:
    """Return the targets of links that lead to another place of the repository."""
    return [target for target in LINK.findall(prose(text)) if not target.startswith(("http://", "https://"))]


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words after `comfytavern` of every command in blocks and in running text."""
    for code in blocks(text):
        if code.language in {"bash", "console", "sh", ""}:
            for line in code.text.replace("\\\n", " ").splitlines():
                yield from _in(line)
    for found in INLINE.findall(prose(text)):
        if found.startswith(("comfytavern ", "tavern ")):
            yield from _in(found)


def _in(line: str) -> Iterator[list[str]]:
    for start in STARTS.finditer(line):
        rest = line[start.end() :]
        words = _words(rest.partition(")")[0] if start[0].startswith("$(") else rest)
        yield words[: next((at for at, word in enumerate(words) if word in ENDS), len(words))]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text.rstrip('")') if text.count('"') % 2 else text)
    except ValueError:
        return text.split()
