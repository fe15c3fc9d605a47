"""Another process manager on a host that serves: an ordinary deployment, there and back. In a file of its own: one fleet at a time."""

from pathlib import Path

import pytest

from tests.lab.fleet import Fleet
from tests.lab.installation import Installation
from tests.lab.traffic import NAME, PASSWORD, SMALL, Traffic


@pytest.mark.slow
def test_another_manager_takes_over_and_gives_back(able: None, artifacts: list[Path], tmp_path: Path) -> None:
    with Fleet(1, engine="podman") as fleet:
        site = Installation(fleet, tmp_path)
        site.prepare()
        site.deploy("apply", str(artifacts[0]), "--yes")
        site.add_person(NAME, PASSWORD)
        site.driver = "podman"
        site.prepare()
        with Traffic(site, 60.0, SMALL) as traffic:
            site.deploy("apply", str(artifacts[1]), "--yes")
            assert "comfytavern-green" in fleet.machines[0].run(["podman", "ps"])
            assert site.deploy("rollback", "--yes")["plan"]["kind"] == "rollback warm", "it runs under systemd still"
            site.driver = "systemd"
            site.deploy("apply", str(artifacts[2]), "--yes")
            counted = traffic.end()
        assert counted["failures"] == {}, counted["first_failures"]
        assert (counted["ws_abrupt"], counted["ws_lost"]) == (0, 0)
        assert site.serving() == ["0.1.0+test2"]
        assert "comfytavern-green" not in fleet.machines[0].run(["podman", "ps"]), "what ran there was stopped"
