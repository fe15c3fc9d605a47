"""What the hosts say of themselves is judged: each fault by the check that is meant for it, and a host in order by none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from comfytavern.deploy.checks import logs
from comfytavern.deploy.checks.finding import Report, Verdict
from comfytavern.deploy.checks.machines import Certificate, Disk, Machine, Process, Slot, machine_of
from comfytavern.deploy.checks.service import check
from comfytavern.deploy.checks.visit import Subject

GIB = 2**30
RELEASE = "1.0.0+aaaaaaa"
SERVING = Slot(release=RELEASE, state="active", process=Process(running=True), says=RELEASE, ready="ready")
GOOD = Machine(
    active="blue",
    slots={"blue": SERVING, "green": Slot()},
    disks=(Disk("/srv", 20 * GIB, 40 * GIB, 900, 1000),),
    certificate=Certificate("/etc/tls/site.pem", (datetime.now(UTC) + timedelta(days=80)).isoformat()),
    lines=('{"timestamp":"2026-11-24T12:00:00.000Z","level":"info","event":"ready"}',),
)


def serving(**changes: Any) -> Machine:
    slots = {"blue": msgspec.structs.replace(SERVING, **changes), "green": Slot()}
    return msgspec.structs.replace(GOOD, slots=slots)


def but(**changes: Any) -> Machine:
    return msgspec.structs.replace(GOOD, **changes)


async def looked(**machines: Machine | str) -> dict[str, tuple[Verdict, str]]:
    """Return verdict and sentence of each check; nothing answers at the address, so only those of the hosts mean something."""

    async def survey() -> dict[str, Machine | str]:
        return machines

    report: Report = await check(Subject("http://127.0.0.1:9", browser=False, survey=survey))
    return {each.check: (each.verdict, each.sentence) for each in report.findings}


OURS = ("hosts", "log", "units", "restarts", "disks", "clocks", "certificate files")
SOON = Certificate("/etc/tls/site.pem", (datetime.now(UTC) + timedelta(days=3)).isoformat())
TRACEBACK = ("Traceback (most recent call last):", '  File "a.py", line 1', "ValueError: no")
FAULTS = {
    "unreachable": ("h2: it does not answer", "hosts", "does not answer"),
    "another release": (serving(release="0.9.0+b", says="0.9.0+b"), "hosts", "h2 0.9.0+b"),
    "runs what it should not": (serving(says="0.9.0+b"), "hosts", "0.9.0+b"),
    "an error in the log": (but(lines=('{"level":"error","event":"disk on fire"}',)), "log", "h2: disk on fire"),
    "a traceback in the log": (but(lines=TRACEBACK), "log", "h2: Traceback"),
    "stopped": (serving(process=Process(), says=None, ready=None), "units", "h2: blue does not run"),
    "given up": (serving(process=Process(failed=True), says=None, ready=None), "units", "h2: blue has failed for good"),
    "not ready": (serving(ready="draining"), "units", "h2: blue is draining"),
    "nginx is down": (but(nginx=False), "units", "h2: nginx"),
    "not started at boot": (but(boot=False), "units", "h2: comfytavern-boot"),
    "closed": (but(gate={"id": "dep_1"}), "units", "h2: closed"),
    "restarted": (serving(process=Process(running=True, restarts=2)), "restarts", "h2 2 times"),
    "disk full": (but(disks=(Disk("/srv", GIB // 10, 40 * GIB),)), "disks", "h2: 0.1 GiB"),
    "no more files": (but(disks=(Disk("/srv", 20 * GIB, 40 * GIB, 3, 1000),)), "disks", "h2: /srv has room for 3 more files"),
    "clock ahead": (but(skew_s=7.0), "clocks", "h2 is 7 s ahead"),
    "clock behind": (but(skew_s=-90.0), "clocks", "h2 is 90 s behind"),
    "certificate expires": (but(certificate=SOON), "certificate files", "h2: /etc/tls/site.pem expires in"),
    "certificate is gone": (but(certificate=Certificate("/etc/tls/site.pem", None, "No such file")), "certificate files", "No such file"),
}


async def test_hosts_in_order_are_ok() -> None:
    found = await looked(h1=GOOD, h2=GOOD)
    assert {name: found[name][0] for name in OURS} == dict.fromkeys(OURS, Verdict.OK), found


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_a_host_is_found_by_its_check_and_no_other(name: str) -> None:
    machine, by, words = FAULTS[name]
    found = await looked(h1=GOOD, h2=machine)
    assert words in found[by][1]
    assert {each for each in OURS if found[each][0] is Verdict.FAIL} == {by}


async def test_a_low_disk_and_a_deployment_left_half_done_are_worries() -> None:
    half = msgspec.structs.replace(GOOD, slots={"blue": SERVING, "green": Slot(release="1.1.0+b", state="ready")})
    found = await looked(h1=half, h2=but(disks=(Disk("/srv", 2 * GIB, 40 * GIB),)))
    assert found["units"][0] is found["disks"][0] is Verdict.WARN


async def test_without_a_file_the_hosts_are_left_out() -> None:
    report = await check(Subject("http://127.0.0.1:9", browser=False))
    verdicts = {each.check: each.verdict for each in report.findings}
    assert {verdicts[name] for name in OURS} == {Verdict.SKIP}


@pytest.mark.parametrize(("clock", "skew"), [(100.4, 0.0), (99.0, -1.0), (103.0, 2.5), (100.0, 0.0), (100.5, 0.0)])
def test_a_clock_is_wrong_only_by_what_the_way_there_does_not_explain(clock: float, skew: float) -> None:
    assert machine_of({"clock": clock}, 100.0, 100.5).skew_s == pytest.approx(skew)


def test_what_the_agent_says_is_understood() -> None:
    slot = {"release": RELEASE, "state": "active", "since": "2026-11-24T12:00:00Z", "says": RELEASE, "ready": "ready"}
    process = {"running": True, "pid": 7, "restarts": 0, "since": None, "failed": False}
    said = {"active": "blue", "slots": {"blue": {**slot, "process": process}}, "gate": None, "boot": True, "nginx": True, "lines": []}
    found = machine_of({**said, "clock": 5.0, "disks": [{"place": "/srv", "free_bytes": 1, "size_bytes": 2}]}, 5.0, 5.0)
    assert found.serving == SERVING
    assert logs.trouble(found.lines).total() == 0
