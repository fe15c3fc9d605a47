"""Pipelines are held to golden files, to the schemas of GitHub and GitLab, to actionlint, to bash, and to rules of our own.

Write them anew with `COMFYTAVERN_GOLDEN=write pytest tests/golden/deploy/test_pipelines.py`, and read the difference before it is committed.
"""

import os
import re
import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from comfytavern.deploy.render.pipelines import PINS, SERVICES, WAYS, Pipeline, render
from tests.golden.deploy import pipeline_rules, validators
from tests.golden.deploy.pipeline_rules import SECRETS

GOLDEN: Final = Path(__file__).parent / "pipelines"
SCRIPTS: Final = Path(__file__).resolve().parents[3] / "src/comfytavern/deploy/render/templates/pipelines/scripts"
ALL: Final = {f"{service}-{way}": Pipeline(service, way) for service, way in product(SERVICES, WAYS)}  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ALL)
def test_a_pipeline_is_rendered_as_its_golden_files_say(name: str) -> None:
    folder, rendered = GOLDEN / name, render(ALL[name])
    if os.environ.get("COMFYTAVERN_GOLDEN") == "write":
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in rendered.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    assert {str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()} == rendered


@pytest.mark.parametrize("name", ALL)
def test_rendered_text_has_no_loose_ends(name: str) -> None:
    for path, text in render(ALL[name]).items():
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert not re.search(r"\[[=%]|[=%]\](?!\])|None|\n\n\n", text), path
        assert not [line for line in text.splitlines() if line != line.rstrip()], path
    assert render(ALL[name]) == render(ALL[name])


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_the_service_takes_it(service: str, tmp_path: Path) -> None:
    texts = [text for pipeline in ALL.values() if pipeline.service == service for text in render(pipeline).values()]
    assert validators.pipeline_schema(texts, service, tmp_path) == [[] for _ in texts]


@pytest.mark.parametrize("name", ALL)
def test_no_rule_is_broken(name: str) -> None:
    for text in render(ALL[name]).values():
        assert getattr(pipeline_rules, ALL[name].service)(text) == []


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.stem)
def test_a_script_is_read_by_its_shell(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    shell = "sh" if script.stem == "images" else "bash"  # the image with docker has no bash
    assert (
        subprocess.run([shell, "-n"], input=re.sub(r"^\[%.*$", "", text, flags=re.MULTILINE), text=True, capture_output=True).stderr == ""
    )


def test_there_are_no_actions_but_githubs_own_and_each_is_a_commit() -> None:
    text = "".join(text for pipeline in ALL.values() for text in render(pipeline).values())
    used = set(re.findall(r"uses: (\S+)@(\S+) # (\S+)", text))
    assert used == {(f"actions/{name}", commit, version) for name, (commit, version) in PINS.items()}


def test_every_secret_of_a_workflow_is_one_the_rules_know() -> None:
    text = "".join(text for pipeline in ALL.values() for text in render(pipeline).values())
    assert set(re.findall(r"secrets\.(\w+)", text)) <= SECRETS
