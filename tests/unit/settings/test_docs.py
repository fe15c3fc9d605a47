"""Every setting is documented, and what is generated says what a server would do."""

import json
import re
from pathlib import Path

import pytest

from comfytavern.settings import render
from comfytavern.settings.settings import Settings, examine
from comfytavern.settings.variables import schema, variables

ROOT = Path(__file__).resolve().parents[3]


def test_every_setting_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row.split("|")[1])}
    assert documented == {name for variable in variables() for name in variable.names}


def test_every_variable_says_what_it_is() -> None:
    assert len(variables()) == len(Settings.model_fields)
    assert all(variable.meaning and variable.fix for variable in variables())


def test_the_example_file_is_harmless_and_its_lines_are_the_defaults(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    assert example == render.env()
    lines = re.findall(r"^# ([A-Z][A-Z_]+=.*)$", example, re.MULTILINE)
    assert {line.partition("=")[0] for line in lines} == {variable.name for variable in variables()}
    (tmp_path / ".env").write_text("\n".join(lines))
    report = examine({}, tmp_path / ".env", secrets=tmp_path / "none")
    assert (report.errors, report.warnings) == ([], [])
    assert report.settings == Settings.model_validate({})


@pytest.mark.parametrize("form", render.FORMATS)
def test_every_form_has_every_setting_for_people_and_no_secret(form: str) -> None:
    text = render.FORMATS[form]()
    for variable in variables():
        if not variable.by_deploy and not (variable.secret and form in {"docker", "compose"}):
            assert variable.name in text, variable.name
    assert "://user:" not in text


def test_compose_and_ci_are_yaml_and_compose_passes_no_secret_as_environment() -> None:
    yaml = pytest.importorskip("yaml")
    compose = yaml.safe_load(render.compose())
    assert compose["services"]["backend"]["environment"].keys() == {v.name for v in variables() if not v.secret and not v.by_deploy}
    assert yaml.safe_load(render.ci())["env"]["JWT_SECRET"] == "${{ secrets.JWT_SECRET }}"


def test_the_schema_is_json_and_names_what_production_needs() -> None:
    found = json.loads(json.dumps(schema()))
    assert [name for name, about in found.items() if about["required_in_production"]] == ["JWT_SECRET"]
    assert found["PORT_BACKEND"] == {
        "type": "integer",
        "default": "3233",
        "secret": False,
        "required_in_production": False,
        "by_deploy": False,
        "minimum": 1,
        "maximum": 65535,
    }
    assert all(about["default"] is None for about in found.values() if about["secret"])
