"""N-1: this code on the database of the next release. What a deployment does while both run, and after a rollback of code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITES = ("test_accounts_repo.py", "test_channels_repo.py", "test_projects_repo.py", "test_runs_repo.py", "test_log.py")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_contract_of_the_store_holds_on_a_database_that_is_one_release_ahead() -> None:
    suites = [f"tests/contracts/{name}" for name in SUITES if (ROOT / "tests" / "contracts" / name).is_file()]
    assert len(suites) >= 4
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.ahead", "-k", "sqlite or postgresql", *suites]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 50
