"""The page about writing nodes is true."""

import re
from pathlib import Path

from comfytavern.engine.implementation import Implementation

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "writing-nodes.md"


def test_the_node_on_the_page_works(tmp_path: Path) -> None:
    source = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert source
    scope: dict[str, object] = {}
    exec(source[1], scope)
    repeat = scope["repeat"]
    assert isinstance(repeat.__node__, Implementation)
    assert repeat("ab", 2) == repeat.__node__.kind.example["outputs"]["text"]
