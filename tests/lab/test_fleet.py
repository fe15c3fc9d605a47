"""The lab itself: what the other tests here stand on."""

import subprocess
import sys
import time
from pathlib import Path

from tests.lab import ground
from tests.lab.fleet import ROOT, Fleet
from tests.lab.machine import USER
from tests.lab.postgres import Postgres

LEFT_ALONE = """
import os, signal
from tests.lab.fleet import Fleet
with Fleet(1) as fleet:
    print(fleet.name, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_machines_are_reached_by_ssh_with_strict_keys(fleet: Fleet):
    for machine in fleet.machines:
        assert fleet.ssh(machine, "hostname").stdout.strip() == machine.name
    assert fleet.ssh(fleet.machines[0], "sudo id -u", user=USER).stdout.strip() == "0"
    assert fleet.ssh(fleet.machines[0], "id -u", user=USER).stdout.strip() != "0"


def test_machines_run_systemd_nginx_supervisord_and_pm2(fleet: Fleet):
    for machine in fleet.machines:
        assert machine.run("systemctl is-active nginx supervisor ssh").split() == ["active"] * 3
        assert "6." in machine.run("pm2 --version")


def test_a_power_cut_ends_everything_and_keeps_the_disk(fleet: Fleet):
    machine = fleet.machines[1]
    machine.run("echo kept > /srv/file && sync")
    machine.crash()
    assert fleet.ssh(machine, "true").returncode == 255
    begin = time.monotonic()
    machine.start()
    assert machine.run("cat /srv/file").strip() == "kept"
    assert time.monotonic() - begin < 15


def test_a_cable_can_be_pulled_and_put_back(fleet: Fleet):
    machine = fleet.machines[2]
    machine.cut()
    assert fleet.ssh(machine, "true").returncode == 255
    assert machine.run("hostname").strip() == machine.name, "the lab's own hand needs no cable"
    machine.heal()
    assert fleet.ssh(machine, "true").returncode == 0


def test_machines_share_a_database(fleet: Fleet):
    with Postgres(fleet) as database:
        asked = f"PGPASSWORD={database.password} psql -h {ground.CONTROLLER} -U comfytavern -Atc 'select 1'"
        for machine in fleet.machines:
            assert machine.run(asked).strip() == "1"
        assert "password" in fleet.machines[0].run(asked.replace(database.password, "wrong"), check=False)


def test_nothing_is_left_of_a_fleet_whose_process_was_killed(able: None):
    dead = subprocess.run([sys.executable, "-c", LEFT_ALONE], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    name = dead.stdout.strip()
    assert name.startswith("ctl"), dead.stderr
    until = time.monotonic() + 20
    while time.monotonic() < until and _traces(name):
        time.sleep(0.1)
    assert _traces(name) == []


def _traces(fleet: str) -> list[str]:
    found = [str(path) for place in (ground.CELLS, ground.MEMORY, ground.FLEETS, ground.NAMES) for path in place.glob(f"{fleet}*")]
    return found + [line for line in Path("/proc/self/mounts").read_text().splitlines() if f"/{fleet}/" in line]


def test_two_fleets_of_one_process_are_strangers(fleet: Fleet):
    with Fleet(1) as other:
        other.machines[0].run("touch /srv/only-there")
        assert other.ssh(other.machines[0], "ls /srv/only-there").returncode == 0
        assert fleet.ssh(fleet.machines[0], "ls /srv/only-there").returncode == 2
    assert fleet.ssh(fleet.machines[0], "hostname").stdout.strip() == "h1", "the end of one is not the end of the other"
