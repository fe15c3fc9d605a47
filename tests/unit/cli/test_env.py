"""`comfytavern env`, as a person at a terminal meets it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from comfytavern.cli.main import app
from comfytavern.kernel.errors import Invalid

SECRET = "aF3kN7v0qfW3mZt8RyLx2Hc5uJdPbS9aGeT1oXi4"
OTHER = "bG4lO8w1rgX4nAu9SzMy3Id6vKeQcT0bHfU2pYj5"


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["env", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def written(file: Path, text: str) -> str:
    file.write_text(text)
    return str(file)


def test_a_check_says_everything_and_ends_with_one(tmp_path: Path) -> None:
    code, text = call("check", "--file", written(tmp_path / "a.env", f"PORT_BACKEND=x\nLOG_LEVEL=loud\nDATABSE_URL=x\nJWT_SECRET={SECRET}"))
    assert code == 1
    assert [line.split()[0] for line in text.splitlines()] == ["given"] * 3 + ["WRONG", "WRONG", "doubtful", "WRONG"]
    assert "given     PORT_BACKEND = x from a.env" in text
    assert "did you mean DATABASE_URL?" in text
    assert SECRET not in text


def test_a_check_is_as_if_in_production_when_asked(tmp_path: Path) -> None:
    file = written(tmp_path / "a.env", f"DATA_DIR={tmp_path}\n")
    assert call("check", "--file", file)[0] == 0
    code, text = call("check", "--file", file, "--production", "--json")
    assert code == 1
    found = json.loads(text)
    assert found["ok"] is False
    assert [(each["variable"], each["fix"]) for each in found["errors"]] == [("JWT_SECRET", "make one with: openssl rand -base64 48")]
    assert [each["variable"] for each in found["warnings"]] == ["API_BASE_URL"]


def test_a_difference_shows_no_secret(tmp_path: Path) -> None:
    left = written(tmp_path / "a.env", f"JWT_SECRET={SECRET}\nPORT_BACKEND=3233\nDATABASE_URL=postgresql://u:{SECRET}@h/one")
    right = written(tmp_path / "b.env", f"JWT_SECRET={OTHER}\nLOG_LEVEL=info\nDATABASE_URL=postgresql://u:{OTHER}@h/one")
    code, text = call("diff", left, right)
    assert code == 1
    assert [line for line in text.splitlines() if line[0] != " "] == ["DATABASE_URL", "JWT_SECRET", "LOG_LEVEL"]
    assert "+ info from b.env" in text
    assert SECRET not in text
    assert OTHER not in text
    assert text.count("secret ") == 4
    assert call("diff", left, left) == (0, "")


def test_an_example_comes_in_the_form_that_is_asked_for() -> None:
    assert call("example")[1] == (Path(__file__).resolve().parents[3] / ".env.example").read_text()
    assert json.loads(call("example", "--format", "json")[1])["PORT_BACKEND"]["default"] == "3233"
    with pytest.raises(Invalid):
        call("example", "--format", "xml")


def test_a_rotation_prints_no_secret(tmp_path: Path) -> None:
    file = written(tmp_path / ".env", f"JWT_SECRET={SECRET}\n")
    code, text = call("rotate", "--file", file)
    new = Path(file).read_text().partition("JWT_SECRET='")[2].partition("'")[0]
    assert code == 0
    assert new
    assert new not in text
    assert SECRET not in text
    assert "1 earlier" in call("rotate", "--file", file, "--finish")[1]
    assert SECRET not in Path(file).read_text()
