"""deploy.toml: every problem at once, each with its line."""

from pathlib import Path

import pytest

from comfytavern.deploy.errors import Refused
from comfytavern.deploy.spec import parse, read

EXAMPLE = Path(__file__).parents[3] / "examples" / "deploy" / "deploy.toml"
HOST = '[hosts.one]\naddress = "a"\n'


def problems(text: str, target: str = "") -> list[str]:
    with pytest.raises(Refused) as caught:
        parse(text, target=target)
    return [each.message for each in caught.value.problems] or [caught.value.sentence]


def test_the_example_is_read() -> None:
    spec = read(EXAMPLE)
    assert list(spec.hosts) == ["one", "two", "three"]
    assert spec.machine("one").user == "deploy"
    assert spec.machine("three").jump
    assert spec.secret_sources() == {"JWT_SECRET": "file:secrets/jwt", "DATABASE_URL": "file:secrets/database-url"}


def test_a_target_says_what_differs() -> None:
    spec = read(EXAMPLE, "staging")
    assert list(spec.hosts) == ["stage"]
    assert spec.strategy.name == "blue_green"
    assert spec.strategy.bake_s == 600
    assert spec.ssh.user == "deploy"


def test_all_problems_come_at_once_with_their_lines() -> None:
    text = 'drivr = "systemd"\nkeep = 1\n[hosts.one]\nadress = "a"\n[strategy]\nname = "blue-green"\n'
    assert problems(text) == [
        "line 1: drivr: there is no such key; did you mean driver?",
        "line 2: keep: expected `int` >= 2",
        "line 4: hosts.one.adress: there is no such key; did you mean address?",
        "line 3: hosts.one.address: is missing",
        "line 6: strategy.name: invalid enum value 'blue-green'",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no host"),
        ("a = ", "is not TOML"),
        (HOST + "[hosts.two]\naddress = 'a'\n", "two hosts have the same address"),
        (HOST + "[strategy]\nsteps = [5, 1]\n", "steps must grow and end with 100"),
        (HOST + "[strategy]\nsteps = [5, 200]\n", "expected `int` <= 100"),
        (HOST + "[env]\nA = 1\n[secrets]\nA = 'env:A'\n", "A stands in env too"),
        (HOST + "[env]\nDATABASE_URL = 'postgresql://u:p@h/d'\n", "give its source as database.url"),
        (HOST + "[secrets]\nJWT_SECRET = 'hunter2'\n", "secrets.JWT_SECRET"),
        (HOST + "[target.staging.sshh]\nuser = 'a'\n", "target.staging.sshh: there is no such key; did you mean ssh?"),
        ("root = 'relative'\n" + HOST, "line 1: root"),
        (HOST + "[ssh]\nport = 0\n", "line 4: ssh.port"),
        (HOST + "[ssh]\nport = '22'\n", "expected `int`, got `str`"),
        (HOST + "[database]\n", "database.url: is missing"),
    ],
)
def test_a_mistake_is_named(text: str, said: str) -> None:
    assert any(said in each for each in problems(text)), problems(text)


def test_an_unknown_target_is_named_with_the_known_ones() -> None:
    assert problems(HOST + "[target.staging]\n", "stage") == ["target.stage: there is no target stage (there is: staging)"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        read(tmp_path / "deploy.toml")
