"""`comfytavern deploy render`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from comfytavern.cli.main import app
from comfytavern.kernel.errors import Unavailable


@pytest.mark.parametrize("what", ["docker", "compose", "kubernetes", "ecs"])
def test_a_folder_that_cannot_be_written_is_named(what: str, tmp_path: Path) -> None:
    """Bug: it ended with a traceback."""
    (tmp_path / "file").write_text("in the way")
    done = CliRunner().invoke(app, ["deploy", "render", what, "--out", str(tmp_path / "file")])
    assert isinstance(done.exception, Unavailable)
    assert done.exception.code == "deploy.render_out"
    assert str(tmp_path / "file") in done.exception.sentence
    assert (tmp_path / "file").read_text() == "in the way"
