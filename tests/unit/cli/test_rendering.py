"""`comfytavern deploy render` and `monitoring render`: what they write, and never over somebody's own."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from comfytavern.cli.main import app
from comfytavern.deploy.render import compose, images
from comfytavern.kernel.errors import Conflict, Unavailable

VERBS = {
    "docker": ("deploy", "render", "docker"),
    "compose": ("deploy", "render", "compose"),
    "kubernetes": ("deploy", "render", "kubernetes"),
    "ecs": ("deploy", "render", "ecs"),
    "monitoring": ("monitoring", "render"),
}
every_verb = pytest.mark.parametrize("verb", VERBS)


def rendered(verb: str, out: Path, *more: str) -> Result:
    return CliRunner().invoke(app, [*VERBS[verb], "--out", str(out), *more])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@every_verb
def test_a_folder_that_cannot_be_written_is_named(verb: str, tmp_path: Path) -> None:
    """Bug: it ended with a traceback."""
    (tmp_path / "file").write_text("in the way")
    done = rendered(verb, tmp_path / "file")
    assert isinstance(done.exception, Unavailable)
    assert done.exception.code == "output.unwritable"
    assert str(tmp_path / "file") in done.exception.sentence
    assert (tmp_path / "file").read_text() == "in the way"


@every_verb
def test_files_of_somebody_elses_stay_and_nothing_else_is_written(verb: str, tmp_path: Path) -> None:
    """Bug: a Dockerfile, compose file or prometheus.yml of one's own was replaced without a word."""
    assert rendered(verb, tmp_path / "made").exit_code == 0
    made = files(tmp_path / "made")
    theirs = sorted(made)[:2]
    for name in theirs:
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"ours\n")
    done = rendered(verb, tmp_path / "out")
    assert isinstance(done.exception, Conflict)
    assert done.exception.code == "output.exists"
    assert sorted(done.exception.params["files"]) == theirs
    assert all(name in done.exception.sentence for name in theirs)
    assert "--force" in done.exception.hint
    assert files(tmp_path / "out") == dict.fromkeys(theirs, b"ours\n")
    assert rendered(verb, tmp_path / "out", "--force").exit_code == 0
    assert files(tmp_path / "out") == made


@every_verb
def test_what_is_there_byte_for_byte_is_no_reason_to_refuse_and_is_not_touched(verb: str, tmp_path: Path) -> None:
    assert rendered(verb, tmp_path).exit_code == 0
    made = files(tmp_path)
    one, *rest = sorted(made)
    for name in made:
        os.utime(tmp_path / name, (1, 1))
    for name in rest:
        (tmp_path / name).unlink()
    assert rendered(verb, tmp_path).exit_code == 0
    assert files(tmp_path) == made
    assert (tmp_path / one).stat().st_mtime == 1


def test_other_line_ends_are_another_content(tmp_path: Path) -> None:
    """Bug: text was compared, not bytes, so that a file with line ends of Windows counted as the same."""
    name, text = next(iter(compose.render(compose.Box()).items()))
    (tmp_path / name).write_bytes(text.replace("\n", "\r\n").encode())
    done = rendered("compose", tmp_path)
    assert isinstance(done.exception, Conflict)
    assert done.exception.params["files"] == [name]


def test_a_folder_of_that_name_is_never_replaced(tmp_path: Path) -> None:
    name = next(iter(compose.render(compose.Box())))
    (tmp_path / name).mkdir()
    assert isinstance(rendered("compose", tmp_path).exception, Conflict)
    done = rendered("compose", tmp_path, "--force")
    assert isinstance(done.exception, Unavailable)
    assert name in done.exception.sentence


def test_programs_can_be_run_also_where_they_were_there(tmp_path: Path) -> None:
    for _ in range(2):
        assert rendered("docker", tmp_path).exit_code == 0
        assert all(os.access(tmp_path / name, os.X_OK) for name in images.PROGRAMS)
        for name in images.PROGRAMS:
            (tmp_path / name).chmod(0o644)
