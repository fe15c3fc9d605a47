"""A release that is broken never serves: the old one goes on, the command fails in time, and its sentence names the cause."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.broken import CLASSES, DEADLINES, Broken, verdict
from tests.lab.fleet import Fleet
from tests.lab.installation import Installation
from tests.lab.traffic import NAME, PASSWORD, SMALL, Traffic

QUICK = {"import_error", "bad_setting", "wrong_checksum", "disk_full"}


@pytest.fixture(scope="module")
def site(able: None, artifacts: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One machine with a small disk and little memory, on which a good release serves."""
    with Fleet(1, disk_mib=2500, memory_mib=1500) as fleet:
        site = Installation(fleet, tmp_path_factory.mktemp("site"), more=DEADLINES)
        site.prepare()
        site.deploy("apply", str(artifacts[0]), "--yes")
        site.add_person(NAME, PASSWORD)
        yield site


@pytest.mark.parametrize(
    "broken", [pytest.param(each, id=each.name, marks=[] if each.name in QUICK else [pytest.mark.slow]) for each in CLASSES]
)
def test_a_broken_release_never_serves(site: Installation, broken: Broken, base: Path) -> None:
    with Traffic(site, 30.0, SMALL) as traffic:
        problems, _, _ = verdict(site, broken, base)
        counted = traffic.end()
    assert problems == []
    assert counted["failures"] == {}, counted["first_failures"]
    assert counted["ws_abrupt"] == counted["ws_lost"] == 0


def test_after_all_of_that_a_good_release_is_deployed(site: Installation, artifacts: list[Path]) -> None:
    site.deploy("apply", str(artifacts[1]), "--yes")
    assert site.serving() == ["0.1.0+test1"]
