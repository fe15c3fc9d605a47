"""From three bare machines to production, up, and back, with people on it: nobody notices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.fleet import Fleet
from tests.lab.installation import PLACE, Installation
from tests.lab.postgres import Postgres
from tests.lab.traffic import NAME, PASSWORD, SMALL, Traffic


@pytest.fixture(scope="module")
def site(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory, artifacts: list[Path]) -> Iterator[Installation]:
    """Three machines on one PostgreSQL, with the first release and somebody who can log in."""
    with Postgres(fleet) as database:
        site = Installation(fleet, tmp_path_factory.mktemp("site"), database=database, strategy="rolling")
        site.prepare()
        site.deploy("apply", str(artifacts[0]), "--yes")
        site.add_person(NAME, PASSWORD)
        yield site


def test_the_first_release_serves_everywhere(site: Installation) -> None:
    assert site.serving() == ["0.1.0+test0"] * 3
    for machine in site.fleet.machines:
        assert site.get(machine, "/ready")[0] in {200, 404}, "the details are not for everybody"
        assert "<html" in site.page(machine, "/")
        assert site.page(machine, "/version.json").strip() == '{"release":"0.1.0+test0"}'


def test_deploying_what_serves_changes_nothing(site: Installation, artifacts: list[Path]) -> None:
    before = [machine.run(f"cat {PLACE}/state/state.json; readlink -f {PLACE}/current") for machine in site.fleet.machines]
    said = site.deploy("apply", str(artifacts[0]), "--yes")
    after = [machine.run(f"cat {PLACE}/state/state.json; readlink -f {PLACE}/current") for machine in site.fleet.machines]
    assert not said["plan"].get("stages")
    assert before == after


def test_a_dry_run_shows_the_plan_and_changes_nothing(site: Installation, artifacts: list[Path]) -> None:
    said = site.deploy("apply", str(artifacts[1]), "--dry-run")
    assert said["plan"]["stages"]
    assert site.serving() == ["0.1.0+test0"] * 3
    assert not [machine for machine in site.fleet.machines if "test1" in machine.run(f"ls {PLACE}/releases")]


def test_deploying_and_rolling_back_is_noticed_by_nobody(site: Installation, artifacts: list[Path]) -> None:
    with Traffic(site, 60.0, SMALL) as traffic:
        site.deploy("apply", str(artifacts[1]), "--yes")
        assert site.serving() == ["0.1.0+test1"] * 3
        said = site.deploy("rollback", "--yes")
        assert site.serving() == ["0.1.0+test0"] * 3
        assert said["plan"]["kind"] == "rollback warm"
        assert 0 < said["moved_ms"] <= said["ms"]
        traffic.wait_for(1000, 30, moved=2 * 3 * 3)
        counted = traffic.end()
    assert counted["failures"] == {}, counted["first_failures"]
    assert (counted["failed"], counted["ws_abrupt"], counted["ws_lost"]) == (0, 0, 0)
    assert counted["ws_moved"] >= 2 * 3 * 3
    assert counted["gap_ms_max"] <= 500
    assert {"0.1.0+test0", "0.1.0+test1"} <= set(counted["releases"])


def test_a_cold_rollback_starts_the_old_release_again(site: Installation, artifacts: list[Path]) -> None:
    site.deploy("apply", str(artifacts[2]), "--yes")
    site.deploy("finish", "--yes")
    said = site.deploy("rollback", "--yes")
    assert said["plan"]["kind"] == "rollback cold"
    assert site.serving() == ["0.1.0+test0"] * 3


def test_one_of_two_deployments_at_once_is_told_who_holds_the_lock(site: Installation, artifacts: list[Path]) -> None:
    first = site.begin("apply", str(artifacts[3]), "--yes")
    second = site.begin("apply", str(artifacts[3]), "--yes")
    said = [process.communicate(timeout=200)[0].decode() for process in (first, second)]
    codes = sorted([first.returncode, second.returncode])
    assert codes in ([0, 4], [0, 0]), said
    if codes == [0, 4]:
        locked = next(text for text in said if '"ok": false' in text)
        assert "deploy.locked" in locked
        assert "root@" in locked
    assert site.serving() == ["0.1.0+test3"] * 3


def test_the_planted_secret_is_found_nowhere(site: Installation) -> None:
    planted = site.planted
    places = f"{PLACE}/state {PLACE}/releases/*/manifest.json /var/log /run/comfytavern /run/log {PLACE}/shared/data"
    for machine in site.fleet.machines:
        machine.run("umask 077; cat > /run/planted", given=planted.encode())  # grep must not find itself by its arguments
        assert not machine.run(f"grep -rlaF -f /run/planted {places} 2>/dev/null || true").strip(), machine.name
        assert planted not in machine.run("journalctl --no-pager -o export 2>/dev/null || true", check=False)
        seen = machine.run("grep -laF -f /run/planted /proc/[0-9]*/cmdline 2>/dev/null || true")
        assert not seen.strip()
        foreign = "for p in /proc/[0-9]*; do [ $(stat -c %U $p) = comfytavern ] || { grep -qaF -f /run/planted $p/environ && echo $p; }; done; true"
        assert not _not_our_own(machine.run(foreign))
    for verb in (("audit", "show"), ("ledger",), ("status",), ("logs",)):
        assert planted not in site.run(*verb, "--json").stdout


def _not_our_own(found: str) -> list[str]:
    return [line for line in found.split() if line.startswith("/proc/") and not line.startswith("/proc/self")]


def test_the_audit_is_whole_and_a_change_in_it_is_noticed(site: Installation) -> None:
    assert site.run("audit", "verify").returncode == 0
    audit = f"{PLACE}/state/audit.jsonl"
    machine = site.fleet.machines[0]
    machine.run(f"cp -a {audit} /tmp/audit && sed -i '2s/[0-9]/7/' {audit}")
    assert site.run("audit", "verify").returncode == 1
    machine.run(f"cp -a /tmp/audit {audit}")
    assert site.run("audit", "verify").returncode == 0
