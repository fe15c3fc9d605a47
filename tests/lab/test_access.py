"""How the product reaches machines by SSH: strictly."""

import json
from pathlib import Path

from tests.lab.fleet import Fleet
from tests.lab.installation import Installation
from tests.lab.machine import USER

REFUSED, FAILED = 3, 1


def site(fleet: Fleet, folder: Path, **ssh: str | bool) -> Installation:
    return Installation(fleet, folder, ssh=ssh)


def test_a_bare_machine_is_prepared_and_preparing_again_changes_nothing(fleet: Fleet, tmp_path: Path) -> None:
    own = site(fleet, tmp_path)
    own.prepare()
    look = "find /srv/comfytavern /etc/comfytavern -not -path '*/state*' -not -path /srv/comfytavern -printf '%p %M %u %T@\\n' | sort"
    before = [machine.run(look) for machine in fleet.machines]
    own.prepare()
    after = [machine.run(look) for machine in fleet.machines]
    assert before == after
    assert set(own.deploy("status")) == {"h1", "h2", "h3"}


def test_a_host_key_that_differs_is_never_talked_to(fleet: Fleet, tmp_path: Path) -> None:
    done = site(fleet, tmp_path, known_hosts=str(fleet.wrong_known_hosts)).run("status", "--json")
    said = json.loads(done.stdout)
    assert done.returncode != 0
    assert not said["ok"]
    assert "key" in said["sentence"]
    assert "h1" in json.dumps(said)


def test_a_host_that_is_not_known_is_never_talked_to(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "nobody").write_text("")
    done = site(fleet, tmp_path, known_hosts=str(tmp_path / "nobody")).run("status", "--json")
    assert done.returncode != 0
    assert "key" in json.loads(done.stdout)["sentence"]


def test_a_key_that_opens_nothing_is_told(fleet: Fleet, tmp_path: Path) -> None:
    done = site(fleet, tmp_path, key=str(fleet.wrong_key)).run("status", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == FAILED
    assert said["code"].startswith("deploy.")
    assert said["hint"]


def test_a_person_who_is_not_root_works_by_sudo(fleet: Fleet, tmp_path: Path) -> None:
    own = site(fleet, tmp_path, user=USER, sudo=True)
    own.prepare()
    assert {facts["user"] for facts in own.deploy("status").values()} == {"root"}


def test_a_machine_behind_another_is_reached_by_a_jump(fleet: Fleet, tmp_path: Path) -> None:
    hidden, jump = fleet.machines[2], fleet.machines[0]
    assert fleet.ssh(hidden, "true").returncode == 0
    hidden.hide()
    try:
        assert fleet.ssh(hidden, "true").returncode == 255
        own = site(fleet, tmp_path, jump=f"root@{jump.address}")
        own.prepare()
        assert set(own.deploy("status")) == {"h1", "h2", "h3"}
    finally:
        hidden.unhide()


def test_a_machine_that_is_off_is_named(fleet: Fleet, tmp_path: Path) -> None:
    own = Installation(fleet, tmp_path, more="[deadlines]\nconnect_s = 2\n")
    own.prepare()
    fleet.machines[1].cut()
    try:
        done = own.run("status", "--json")
    finally:
        fleet.machines[1].heal()
    said = json.loads(done.stdout)
    assert done.returncode == FAILED
    assert "h2" in json.dumps(said)
    assert "h1" not in said["sentence"]
