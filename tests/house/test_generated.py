"""Everything generated from the code and committed is up to date."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted([*(ROOT / "tools").glob("schemas_*.py"), *(ROOT / "tools").glob("docs_*.py")])


def test_there_are_generators() -> None:
    assert len(SCRIPTS) >= 3


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_generator_would_change_nothing(script: Path) -> None:
    done = subprocess.run([sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"run `make schemas`\n{done.stdout}{done.stderr}"
