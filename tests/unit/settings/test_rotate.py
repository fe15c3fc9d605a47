"""A new secret in a file: the rest stays as it was, byte for byte."""

import stat
from pathlib import Path

import pytest

from comfytavern.kernel.errors import Failure
from comfytavern.settings.rotate import drop_previous, rotate
from comfytavern.settings.settings import examine

OLD = "aF3kN7v0qfW3mZt8RyLx2Hc5uJdPbS9aGeT1oXi4"
OLDER = "bG4lO8w1rgX4nAu9SzMy3Id6vKeQcT0bHfU2pYj5"
REST = "# a comment with ünïcode \n\n  PORT_BACKEND = 4000  # odd spaces\nexport LOG_LEVEL='info'\nnot a line\n{}DATA_DIR=data"


def written(tmp_path: Path, lines: str, *, rest: str = REST) -> Path:
    file = tmp_path / ".env"
    file.write_bytes(rest.format(lines).encode())
    return file


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_the_secret_moves_to_the_earlier_ones_and_all_else_stays(tmp_path: Path, quote: str, ending: str) -> None:
    rest = REST.replace("\n", ending)
    file = written(tmp_path, f"JWT_SECRET={quote}{OLD}{quote}{ending}", rest=rest)
    rotated = rotate(file)
    text = file.read_bytes().decode()
    new = text.partition("JWT_SECRET='")[2].partition("'")[0]
    assert (rotated.name, rotated.earlier) == ("JWT_SECRET", 1)
    assert len(new) == 64
    assert text == rest.format(f"JWT_SECRET='{new}'{ending}JWT_SECRET_PREVIOUS='{OLD}'{ending}")


def test_the_new_secret_is_good_for_production_and_the_file_is_private(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"COMFYTAVERN_ENV=production\nDATA_DIR={tmp_path}\nAPI_BASE_URL=https://x.org\nJWT_SECRET={OLD}\n")
    file.chmod(0o644)
    rotate(file)
    report = examine({}, file, secrets=tmp_path / "none")
    assert (report.errors, report.warnings) == ([], [])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


def test_earlier_secrets_stay_in_their_line_and_the_oldest_goes_at_last(tmp_path: Path) -> None:
    file = written(tmp_path, f"JWT_SECRET_PREVIOUS={OLDER}\nJWT_SECRET={OLD}\n")
    for kept in (2, 3, 3):
        assert rotate(file).earlier == kept
    text = file.read_text()
    assert text.count("JWT_SECRET_PREVIOUS") == 1
    assert OLD in text
    assert OLDER not in text


def test_the_secret_under_its_other_name_is_rotated_there(tmp_path: Path) -> None:
    file = written(tmp_path, f"SESSION_SECRET={OLD}\n")
    assert rotate(file).name == "SESSION_SECRET"
    assert "SESSION_SECRET='" in file.read_text()


def test_the_overlap_ends_and_all_else_stays(tmp_path: Path) -> None:
    file = written(tmp_path, f"JWT_SECRET={OLD}\n")
    rotate(file)
    new = file.read_text().partition("JWT_SECRET='")[2].partition("'")[0]
    assert drop_previous(file) == 1
    assert file.read_text() == REST.format(f"JWT_SECRET='{new}'\n")
    assert drop_previous(file) == 0


@pytest.mark.parametrize(
    ("lines", "code"),
    [("", "settings.no_secret"), ("JWT_SECRET=\n", "settings.no_secret"), ("JWT_SECRET=cmd:pass x\n", "settings.not_here")],
)
def test_what_is_not_in_the_file_is_not_rotated_there(tmp_path: Path, lines: str, code: str) -> None:
    file = written(tmp_path, lines)
    before = file.read_bytes()
    with pytest.raises(Failure) as caught:
        rotate(file)
    assert caught.value.code == code
    assert file.read_bytes() == before


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(f"JWT_SECRET={OLD}\n")
    (tmp_path / ".env").symlink_to("real")
    rotate(tmp_path / ".env")
    assert (tmp_path / ".env").is_symlink()
    assert OLD in (tmp_path / "real").read_text()
