"""Every verb and option of the command line is documented, in the section of its verb, and no other is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from comfytavern.cli.main import app

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n", 1)[0].strip(): part for part in PAGE.split("\n## ")[1:]}


def verbs(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for word, inner in getattr(command, "commands", {}).items():
        path = f"{name} {word}".strip()
        if hasattr(inner, "commands"):
            yield from verbs(inner, path)
        if getattr(inner, "invoke_without_command", True):  # a verb, or a group that is one itself
            yield path, inner


VERBS = dict(verbs(get_command(app)))


def options(verb: str) -> set[str]:
    taken = [param for param in VERBS[verb].params if param.param_type_name == "option"]
    return {name for param in taken for name in (*param.opts, *param.secondary_opts)} - {"--help"}


def test_the_table_of_verbs_has_every_verb_and_no_other() -> None:
    documented = set(re.findall(r"^\| \[`([a-z ]+)`\]\(#", PAGE, re.MULTILINE))
    assert documented == VERBS.keys()


def test_every_option_stands_in_the_section_of_its_verb() -> None:
    for room in {verb.split()[0] for verb in VERBS}:
        expected = {option for verb in VERBS if verb.split()[0] == room for option in options(verb)}
        documented = set(re.findall(r"`(--?[a-z][a-z-]*)`", SECTIONS[room]))
        assert documented == expected, room


def test_every_verb_with_a_group_names_its_own_options() -> None:
    for verb in (verb for verb in VERBS if " " in verb):
        row = next(line for line in SECTIONS[verb.split()[0]].splitlines() if line.startswith(f"| `{verb}"))
        assert set(re.findall(r"`(--?[a-z][a-z-]*)`", row)) == options(verb)
