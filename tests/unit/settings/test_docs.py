"""Every setting is documented, and nothing else is."""

import re
from pathlib import Path

from pydantic import AliasChoices

from comfytavern.settings.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def variables() -> set[str]:
    names: set[str] = set()
    for field in Settings.model_fields.values():
        alias = field.validation_alias
        names |= {str(choice) for choice in alias.choices} if isinstance(alias, AliasChoices) else {str(alias)}
    return names


def test_every_setting_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row.split("|")[1])}
    assert documented == variables()


def test_every_setting_stands_in_the_example_file() -> None:
    example = (ROOT / ".env.example").read_text()
    listed = set(re.findall(r"^# ([A-Z][A-Z_]+)=", example, re.MULTILINE))
    assert listed == variables() - {"NODE_ENV", "SESSION_SECRET"}
