"""`comfytavern ci init` writes a pipeline, and never over somebody's own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from comfytavern.cli.main import app
from comfytavern.deploy.render.pipelines import SERVICES, WAYS, Pipeline, render
from comfytavern.kernel.errors import Conflict, Invalid, Unavailable

RUNNER = CliRunner()


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("way", WAYS)
def test_it_writes_what_is_rendered_and_says_where(service: str, way: str, tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["ci", "init", service, "--deploy", way, "--out", str(tmp_path)])
    assert done.exit_code == 0
    assert files(tmp_path) == render(Pipeline(service, way))  # type: ignore[arg-type]
    assert all(str(tmp_path / path) in done.output for path in files(tmp_path))


def test_a_file_of_somebody_elses_stays_and_nothing_else_is_written(tmp_path: Path) -> None:
    theirs = tmp_path / ".github" / "workflows" / "rollback.yml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("name: Ours\n")
    done = RUNNER.invoke(app, ["ci", "init", "github", "--out", str(tmp_path)])
    assert isinstance(done.exception, Conflict)
    assert done.exception.code == "output.exists"
    assert ".github/workflows/rollback.yml is there already" in done.exception.sentence
    assert files(tmp_path) == {".github/workflows/rollback.yml": "name: Ours\n"}
    assert RUNNER.invoke(app, ["ci", "init", "github", "--out", str(tmp_path), "--force"]).exit_code == 0
    assert files(tmp_path) == render(Pipeline("github"))


def test_writing_the_same_again_is_no_conflict(tmp_path: Path) -> None:
    for _ in range(2):
        assert RUNNER.invoke(app, ["ci", "init", "gitlab", "--out", str(tmp_path)]).exit_code == 0


@pytest.mark.parametrize("words", [["jenkins"], ["github", "--deploy", "ftp"]])
def test_what_is_not_known_is_refused_with_what_is(words: list[str], tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["ci", "init", *words, "--out", str(tmp_path)])
    assert isinstance(done.exception, Invalid)
    assert "Use one of" in done.exception.hint
    assert files(tmp_path) == {}


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = RUNNER.invoke(app, ["ci", "init", "gitlab", "--out", str(tmp_path / "file")])
    assert isinstance(done.exception, Unavailable)
    assert done.exception.code == "output.unwritable"
