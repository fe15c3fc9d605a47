"""What an operator reads when a deployment is refused before it is begun."""

import pytest

from comfytavern.deploy.service import refusal
from comfytavern.kernel.errors import Problem

FULL = "h1: 19 MiB are free; 664 MiB are needed."


@pytest.mark.parametrize(
    ("count", "more"), [(1, ""), (2, " 1 more speaks against it."), (3, " 2 more speak against it.")], ids=["one", "two", "three"]
)
def test_the_first_reason_stands_in_the_sentence_however_many_there_are(count: int, more: str) -> None:
    found = refusal(tuple(Problem(code="deploy.no_room", message=FULL) for _ in range(count)))
    assert found.sentence == f"Nothing was begun: {FULL}{more}"
    assert len(found.problems) == count
