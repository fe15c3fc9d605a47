"""docs/reference/models.md knows every failure of this room and of its nodes."""

import re
from pathlib import Path

import comfytavern
from comfytavern.llm.profiles import profiles
from comfytavern.nodes.registry import Catalogue

PACKAGE = Path(comfytavern.__file__).parent
PAGE = (PACKAGE.parent.parent / "docs" / "reference" / "models.md").read_text(encoding="utf-8")


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    sources = [path.read_text(encoding="utf-8") for folder in ("llm", "nodes/llm") for path in (PACKAGE / folder).rglob("*.py")]
    kinds = {kind.id for kind in Catalogue.built_in().kinds()}
    raised = {code for source in sources for code in re.findall(r'"(llm\.[a-z_]+)"', source)} - kinds
    assert raised == set(re.findall(r"`(llm\.[a-z_]+)`", PAGE))


def test_every_profile_is_documented() -> None:
    assert all(f"`{name}`" in PAGE for name in profiles())


def test_every_profile_has_patterns_that_can_be_reached() -> None:
    for profile in profiles().values():
        assert profile.title
        assert all(pattern.match and pattern.capabilities for pattern in profile.models)
        assert not any("*" in pattern.match for pattern in profile.models[:-1])
