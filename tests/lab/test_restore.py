"""Back to the release before and its data, on real machines: nobody writes meanwhile, everybody is told to come back, nothing is lost for good."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from tests.lab.attempt import Attempt
from tests.lab.fleet import Fleet
from tests.lab.installation import PLACE, SITE, Installation
from tests.lab.postgres import Postgres

BEFORE, AFTER = "Olive", "Paul"
RESTORE = ("rollback", "--restore-db")
AGREED = (*RESTORE, "--yes", "--lose-data")


class Visitor:
    """Asks each machine for the API and the page, again and again, and keeps what was answered."""

    def __init__(self, site: Installation) -> None:
        """Begin with the block."""
        self._site, self._end = site, threading.Event()
        self.answers: set[str] = set()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(30)

    def _ask(self) -> None:
        wanted = "%{http_code} %header{retry-after} %{content_type}\\n"
        while not self._end.is_set():
            for machine in self._site.fleet.machines:
                urls = [
                    word for path in ("/version", "/settings/models") for word in (f"http://{machine.address}{path}", "-o", "/dev/null")
                ]
                asked = ["curl", "-s", "-m", "10", "-H", f"Host: {SITE}", "-w", wanted, *urls]
                self.answers |= set(self._site.fleet.controller(asked).stdout.splitlines())


def people(site: Installation) -> set[str]:
    """Return who can log in."""
    return {name for name in (BEFORE, AFTER) if name in site.on(site.fleet.machines[0], "users", "list")}


def upgraded(site: Installation, artifacts: list[Path]) -> None:
    """Deploy, let somebody in, back up, deploy the next release, and let another one in."""
    site.prepare()
    site.deploy("apply", str(artifacts[0]), "--yes")
    site.add_person(BEFORE, "a long password")
    site.on(site.fleet.machines[0], "db", "backup", "--no-verify")
    time.sleep(1.1)  # The ledger counts whole seconds.
    site.deploy("apply", str(artifacts[1]), "--yes")
    site.add_person(AFTER, "a long password")


@pytest.fixture(scope="module", params=[pytest.param(1, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def site(
    request: pytest.FixtureRequest, able: None, artifacts: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One machine with SQLite, and three on a PostgreSQL; tests/unit/deploy/test_restore.py is the short form."""
    with Fleet(request.param) as fleet, ExitStack() as stack:
        database = stack.enter_context(Postgres(fleet)) if request.param > 1 else None
        site = Installation(fleet, tmp_path_factory.mktemp("site"), database=database)
        upgraded(site, artifacts)
        yield site


def test_data_is_not_lost_without_being_agreed_to(site: Installation) -> None:
    assert site.run(*RESTORE, "--yes").returncode == 3
    assert people(site) == {BEFORE, AFTER}


@pytest.mark.slow
def test_a_backup_that_is_damaged_changes_nothing(site: Installation) -> None:
    machine = site.fleet.machines[0]
    made = machine.run(f"ls -d {PLACE}/shared/data/backups/bak_*").split()[0]
    bad = f"{PLACE}/shared/data/backups/bak_damaged"
    machine.run(f"cp -a {made} {bad} && sed -i 's/{made.rpartition('/')[2]}/bak_damaged/' {bad}/backup.json")
    machine.run(f"dd if=/dev/urandom of=$(ls {bad}/database.*) bs=1 seek=2000 count=400 conv=notrunc 2>/dev/null")
    done = site.run(*AGREED, "--backup", "bak_damaged", "--json")
    machine.run(f"rm -r {bad}")
    assert done.returncode == 1
    assert "damaged" in done.stdout
    assert "serves again" in done.stdout
    assert site.serving() == ["0.1.0+test1"] * len(site.fleet.machines)
    assert people(site) == {BEFORE, AFTER}


@pytest.mark.slow
@pytest.mark.parametrize("at", range(2, 22, 3))
def test_after_the_command_was_killed_resume_brings_everybody_to_one_release_and_its_data(
    site: Installation, artifacts: list[Path], at: int
) -> None:
    attempt = Attempt(site, *AGREED)
    attempt.until(at, lambda _event: attempt.kill())
    attempt.end()
    site.deploy("resume", "--yes", "--wait", "40")
    serving = set(site.serving())
    assert (serving, people(site)) in (({"0.1.0+test1"}, {BEFORE, AFTER}), ({"0.1.0+test0"}, {BEFORE}))
    if serving == {"0.1.0+test0"}:
        site.deploy("apply", str(artifacts[1]), "--yes")
        site.add_person(AFTER, "a long password")


def test_the_release_before_and_its_data_serve_again_and_the_replaced_database_is_kept(site: Installation) -> None:
    machine = site.fleet.machines[0]
    with Visitor(site) as visitor:
        said = site.deploy(*AGREED)
    assert said["lost"]["rows"]["users"] == 1
    assert site.serving() == ["0.1.0+test0"] * len(site.fleet.machines)
    assert people(site) == {BEFORE}
    assert {answer for answer in visitor.answers if not answer.startswith("200 ")} == {
        "503 15 application/problem+json",
        "503 15 text/html",
    }
    if site.database is None:
        assert machine.run(f"ls {said['aside']}").strip() == said["aside"]
    else:
        assert site.database.sql("SELECT count(*) FROM users", database=said["aside"]) == "2"
    assert "data of bak_" in machine.read(f"{PLACE}/state/ledger.jsonl").splitlines()[-1]
    assert "gate_close" in machine.read(f"{PLACE}/state/audit.jsonl")
    assert not machine.run(f"ls {PLACE}/state/gate.json /run/comfytavern/closed", check=False).startswith("/")
    assert site.run("audit", "verify").returncode == 0


@pytest.mark.slow
def test_from_there_the_next_release_is_deployed_as_ever(site: Installation, artifacts: list[Path]) -> None:
    site.deploy("apply", str(artifacts[2]), "--yes")
    assert site.serving() == ["0.1.0+test2"] * len(site.fleet.machines)
    assert people(site) == {BEFORE}
