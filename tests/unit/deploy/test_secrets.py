"""Secrets come from where the spec says, and go nowhere else."""

from pathlib import Path

import pytest

from comfytavern.deploy.agent.environment import parse
from comfytavern.deploy.errors import Refused
from comfytavern.deploy.secrets import resolve, variables
from comfytavern.deploy.stage import Step
from comfytavern.deploy.supply import Supply, salted


def test_files_commands_and_the_environment_are_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jwt").write_text("from a file\n")
    monkeypatch.setenv("MINE", "from outside")
    found = resolve({"A": "file:jwt", "B": "cmd:echo 'from a command'", "C": "env:MINE"}, tmp_path)
    assert [found[name].reveal() for name in "ABC"] == ["from a file", "from a command", "from outside"]
    assert "from a file" not in repr(found)


def test_all_that_cannot_be_read_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    sources = {"A": "file:none", "B": "cmd:false", "C": "env:NO_SUCH_NAME", "D": "file:empty", "E": "cmd:no-such-program"}
    with pytest.raises(Refused) as caught:
        resolve(sources, tmp_path)
    assert [each.message.split()[0] for each in caught.value.problems] == list("ABCDE")


@pytest.mark.parametrize("value", ["plain", "with space", 'a"b', "it's", "$HOME `x` \\n", "#x", "", "ä=é", "a;b"])
def test_a_value_arrives_as_it_is(value: str) -> None:
    assert parse(variables({"A": value}).encode()) == {"A": value}


@pytest.mark.parametrize("value", ["a\nb", "'\"", "'$"])
def test_what_no_environment_file_can_hold_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(Refused, match="The value of A cannot stand") as caught:
        variables({"A": value})
    assert value not in caught.value.sentence


def test_the_digest_of_secrets_tells_nothing() -> None:
    supply = Supply()
    step = Step(host="h1", verb="put", content="secrets.env")
    digests = set()
    for _ in range(2):
        supply.texts["secrets.env"] = salted("A=1\n")
        digests.add(supply.args(step)["sha256"])
    assert len(digests) == 2
