"""The pages for who operates ComfyTavern do not rot: commands exist, links lead somewhere, both languages say the same."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from comfytavern.cli.main import app
from tests.unit.docs.pages import ENGLISH, OPERATE, ROOT, anchors, blocks, commands, headings, links

PAGES = [*sorted(OPERATE.glob("*.md")), ROOT / "README.md", ROOT / "README.zh-CN.md"]
ERRORS = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
CODES = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", ERRORS, re.MULTILINE))
CODE = re.compile(r"[`(]((?:deploy|release|db|settings|store|build|check)\.[a-z_]+)[`)]")
OPEN = {"…", "VERB"}
"""Stands for any verb."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def problem(words: list[str]) -> str | None:
    """Return why the command line does not know this command, None when it does."""
    command: Any = get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] in OPEN:
            return None
        if rest[0] not in command.commands:
            return None if command.invoke_without_command else f"there is no {rest[0]}"
        command = command.commands[rest.pop(0)]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help", "-"}
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known]
    return f"there is no {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_exists(page: Path) -> None:
    said = {" ".join(words): problem(words) for words in commands(page.read_text(encoding="utf-8"))}
    assert {words: why for words, why in said.items() if why} == {}


def test_a_command_that_does_not_exist_is_found() -> None:
    text = "`comfytavern deploy conquer`, `comfytavern deploy apply X --fast`, `comfytavern lock`\n```bash\nR=$(comfytavern status)\n```\n"
    assert [problem(words) for words in commands(text)] == [
        "there is no status",
        "there is no conquer",
        "there is no --fast",
        "there is no lock",
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lost: list[str] = []
    for target in links(text):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", ENGLISH, ids=name_of)
def test_both_languages_have_the_same_headings_and_the_same_code(page: Path) -> None:
    english, chinese = (path.read_text(encoding="utf-8") for path in (page, page.with_suffix(".zh-CN.md")))
    assert [level for level, _ in headings(english)] == [level for level, _ in headings(chinese)]
    assert [bare(text) for text in code(english)] == [bare(text) for text in code(chinese)]
    assert f"({page.with_suffix('.zh-CN.md').name})" in english
    assert f"({page.name})" in chinese


def code(text: str) -> list[str]:
    """Return the blocks that are no pictures made of words: those are translated."""
    return [each.text for each in blocks(text) if each.language]


def bare(text: str) -> str:
    """Return code without its comments."""
    return re.sub(r"\s+# .*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_code_of_a_failure_exists(page: Path) -> None:
    named = set(CODE.findall(page.read_text(encoding="utf-8")))
    assert {code for code in named - CODES if not code.endswith((".md", ".toml"))} == set()


def test_the_index_names_every_page() -> None:
    for index, suffix in ((OPERATE / "README.md", ".md"), (OPERATE / "README.zh-CN.md", ".zh-CN.md")):
        named = set(links(index.read_text(encoding="utf-8")))
        assert {page.with_suffix(suffix).name for page in ENGLISH if page.stem != "README"} <= named
