"""The bill of materials of an image: of the web app by Node alone, of the rest by `comfytavern build bill`."""

import json
import subprocess
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from typer.testing import CliRunner

from comfytavern.cli.main import app
from comfytavern.deploy.build import sbom

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "web" / "package-lock.json"


@pytest.mark.slow
def test_node_writes_the_same_packages_as_we_do_and_the_same_bytes_twice() -> None:
    first, second = (
        subprocess.run(["node", "scripts/bill.mjs"], cwd=ROOT / "web", capture_output=True, check=True).stdout for _ in range(2)
    )
    assert first == second
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(first.decode()) is None
    ours = json.loads(sbom.bill("x", "1", seconds=0, wheels=[], npm_lock=LOCK))
    parts = {part["purl"]: part for part in json.loads(first)["components"]}
    assert parts.keys() == {part["purl"] for part in ours["components"]}
    assert all(
        parts[part["purl"]].get("hashes") == [{**each} for each in part["hashes"]] for part in ours["components"] if "hashes" in part
    )


def test_the_verb_writes_the_bill_of_a_folder_of_wheels(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app,
        ["build", "bill", "--wheels", str(tmp_path), "--out", str(tmp_path / "b.json"), "--release", "1"],
        env={"SOURCE_DATE_EPOCH": "0"},
    )
    assert done.exit_code == 0, done.output
    bill = json.loads((tmp_path / "b.json").read_text())
    assert bill["metadata"]["timestamp"].startswith("1970-01-01T00:00:00")
    assert bill["metadata"]["component"]["name"] == "comfytavern"
    assert "components" not in bill or bill["components"] == []
