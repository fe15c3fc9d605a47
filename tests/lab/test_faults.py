"""The command line dies, the cable is pulled, the power goes: running the command again brings everything to its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.faults import trial
from tests.lab.fleet import Fleet
from tests.lab.installation import Installation
from tests.lab.postgres import Postgres

DEADLINES = "[deadlines]\nconnect_s = 3\nready_s = 40\n"


@pytest.fixture(scope="module")
def site(able: None, artifacts: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two machines on which a release serves."""
    with Fleet(2) as fleet, Postgres(fleet) as database:
        site = Installation(fleet, tmp_path_factory.mktemp("site"), database=database, more=DEADLINES)
        site.prepare()
        site.deploy("apply", str(artifacts[0]), "--yes")
        yield site


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        ("kill", 5),
        pytest.param("power", 12, marks=pytest.mark.slow),
        pytest.param("cut", 9, marks=pytest.mark.slow),
        *(pytest.param(kind, at, marks=pytest.mark.slow) for kind in ("kill", "cut", "power") for at in range(2, 30, 4)),
    ],
)
def test_a_deployment_that_was_interrupted_converges_when_it_is_run_again(
    site: Installation, artifacts: list[Path], kind: str, at: int
) -> None:
    wanted = next(path for path in artifacts[1:] if _name(path) not in site.serving())
    outcome = trial(site, kind, at, str(wanted), _name(wanted))
    assert outcome.problems == (), outcome.event


def test_machines_that_lost_power_serve_again_by_themselves(site: Installation) -> None:
    before = site.serving()
    for machine in site.fleet.machines:
        machine.crash()
    for machine in site.fleet.machines:
        machine.start()
    for machine in site.fleet.machines:
        machine.run("for i in $(seq 100); do curl -sf http://127.0.0.1/version && break; sleep 0.1; done")
    assert site.serving() == before


def _name(path: Path) -> str:
    return path.name.removeprefix("comfytavern-").removesuffix(".tar.zst")
