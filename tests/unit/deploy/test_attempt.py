"""The lab's ear for the command line."""

import subprocess
import sys
from typing import Any, cast

from tests.lab.attempt import Attempt
from tests.lab.installation import Installation

SCRIPT = """
import json, sys
for state in ("begin", "ok"):
    print(json.dumps({"host": "h1", "verb": "setw", "state": state}), file=sys.stderr, flush=True)
print(json.dumps({"ok": False, "code": "deploy.aborted"}))
sys.exit(5)
"""


class _Site:
    """Somebody whose command line says two things and aborts."""

    def begin(self, *_: str) -> "subprocess.Popen[bytes]":
        """Start it."""
        return subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_the_end_is_told_at_once_to_who_has_heard_every_step() -> None:
    """Once, `end` after `steps` waited four minutes for an end that had been told."""
    attempt = Attempt(cast(Installation, _Site()), "apply")
    heard: list[dict[str, Any]] = list(attempt.steps())
    end = attempt.end()
    assert [event["state"] for event in heard] == ["begin", "ok"]
    assert (end.code, end.said["code"], end.events) == (5, "deploy.aborted", 2)
    assert end.ms < 60_000
