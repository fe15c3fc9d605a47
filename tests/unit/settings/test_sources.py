"""Where values come from, which one wins, and what is probably not meant."""

import sys
from pathlib import Path

import pytest

from comfytavern.settings.settings import Report, examine

FIRST = "aF3kN7v0qfW3mZt8RyLx2Hc5uJdPbS9aGeT1oXi4"
SECOND = "bG4lO8w1rgX4nAu9SzMy3Id6vKeQcT0bHfU2pYj5"


def look(tmp_path: Path, environ: dict[str, str], lines: str = "") -> Report:
    (tmp_path / ".env").write_text(lines)
    return examine(environ, tmp_path / ".env", secrets=tmp_path / "secrets")


def test_the_environment_wins_over_the_file_and_the_file_over_named_files_and_those_over_run_secrets(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "LOG_LEVEL").write_text("error\n")
    (tmp_path / "level").write_text("info\n")
    named = {"LOG_LEVEL_FILE": str(tmp_path / "level")}
    levels = [
        look(tmp_path, {"LOG_LEVEL": "debug", **named}, "LOG_LEVEL=warning"),
        look(tmp_path, named, "LOG_LEVEL=warning"),
        look(tmp_path, named),
        look(tmp_path, {}, f"LOG_LEVEL_FILE={tmp_path / 'level'}"),
        look(tmp_path, {}),
    ]
    assert [report.settings.log_level for report in levels if report.settings] == ["debug", "warning", "info", "info", "error"]


def test_a_value_can_come_from_a_command_which_no_shell_sees(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    report = look(tmp_path, {"JWT_SECRET": f'cmd:{sys.executable} -c \'print("{FIRST}" + "$HOME;ls")\''})
    assert report.settings is not None
    assert report.settings.secret.get_secret_value() == f"{FIRST}$HOME;ls"


def test_what_a_failing_command_prints_is_not_repeated(tmp_path: Path) -> None:
    code = "import sys; print('planted'); sys.stderr.write('planted'); sys.exit(3)"
    report = look(tmp_path, {"JWT_SECRET": f'cmd:{sys.executable} -c "{code}"'})
    assert "ended with code 3" in report.errors[0].message
    assert "planted" not in report.errors[0].message


def test_a_command_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comfytavern.settings.sources.COMMAND_S", 0.05)
    report = look(tmp_path, {"JWT_SECRET": f'cmd:{sys.executable} -c "import time; time.sleep(60)"'})
    assert "did not end" in report.errors[0].message


def test_a_dollar_in_the_file_is_a_dollar_and_quotes_and_export_are_understood(tmp_path: Path) -> None:
    report = look(tmp_path, {}, f"export JWT_SECRET='{FIRST}${{HOME}}#x'\nDATA_DIR=\"a b\" # where\n")
    assert report.settings is not None
    assert report.settings.secret.get_secret_value() == f"{FIRST}${{HOME}}#x"
    assert report.settings.data_dir == Path("a b")


@pytest.mark.parametrize(
    ("environ", "lines", "name", "near"),
    [
        ({"DATABSE_URL": "x"}, "", "DATABSE_URL", "DATABASE_URL"),
        ({"COMFYTAVERN_ENVIRONMENT": "x"}, "", "COMFYTAVERN_ENVIRONMENT", ""),
        ({"COMFYTAVERN_RELEAS": "x"}, "", "COMFYTAVERN_RELEAS", "COMFYTAVERN_RELEASE"),
        ({"JWT_SECRETS": "x"}, "", "JWT_SECRETS", "JWT_SECRET"),
        ({}, "CORS_ORIGINS=x", "CORS_ORIGINS", "CORS_ORIGIN"),
        ({}, "SOMETHING_ELSE=x", "SOMETHING_ELSE", ""),
    ],
)
def test_a_name_that_looks_like_ours_is_warned_about(tmp_path: Path, environ: dict[str, str], lines: str, name: str, near: str) -> None:
    report = look(tmp_path, environ, lines)
    assert report.errors == []
    assert [problem.place["field"] for problem in report.warnings] == [name]
    assert near in report.warnings[0].message


def test_other_programs_variables_are_nobodys_business(tmp_path: Path) -> None:
    names = "PATH HOME LANG TERM PORT LOG HOST USER PWD SHLVL VIRTUAL_ENV NODE_VERSION XDG_DATA_DIRS PGHOST AWS_REGION DEBUG LOG_FILE"
    assert look(tmp_path, dict.fromkeys(names.split(), "x")).warnings == []


def test_two_names_that_disagree_are_warned_about_and_the_first_wins(tmp_path: Path) -> None:
    report = look(tmp_path, {"COMFYTAVERN_ENV": "development", "NODE_ENV": "production"})
    assert report.settings is not None
    assert report.settings.environment == "development"
    assert [problem.place["field"] for problem in report.warnings] == ["NODE_ENV"]


def test_http_in_production_is_warned_about_only(tmp_path: Path) -> None:
    report = look(
        tmp_path, {"COMFYTAVERN_ENV": "production", "JWT_SECRET": FIRST, "DATA_DIR": str(tmp_path), "API_BASE_URL": "http://x.org"}
    )
    assert report.settings is not None
    assert [problem.place["field"] for problem in report.warnings] == ["API_BASE_URL"]


def test_a_secret_that_ends_with_a_slash_keeps_it(tmp_path: Path) -> None:
    report = look(tmp_path, {"JWT_SECRET": f"{FIRST}/", "JWT_SECRET_PREVIOUS": f"{SECOND}/,{FIRST}//"})
    assert report.settings is not None
    assert [secret.reveal() for secret in report.settings.secrets] == [f"{FIRST}/", f"{SECOND}/", f"{FIRST}//"]


def test_everything_wrong_is_said_at_once_also_what_only_production_refuses(tmp_path: Path) -> None:
    report = look(tmp_path, {"COMFYTAVERN_ENV": "production", "PORT_BACKEND": "x", "LOG_LEVEL": "debug", "CORS_ORIGIN": "*"})
    assert {problem.place["field"] for problem in report.errors} >= {"PORT_BACKEND", "LOG_LEVEL", "CORS_ORIGIN", "JWT_SECRET"}
    assert "found 'x' in environment" in next(p.message for p in report.errors if p.place["field"] == "PORT_BACKEND")
