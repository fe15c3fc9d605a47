"""`comfytavern check --file deploy.toml` on a real host: in order it finds nothing; of many faults at once, each is found by its check."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.lab.fleet import Fleet
from tests.lab.installation import CLI, PLACE, Installation

LINE: Final = '{"timestamp":"2099-01-01T00:00:00.000Z","level":"error","logger":"lab","event":"the lab is on fire"}'
AHEAD: Final = (
    "import runpy, sys, time\nreal = time.time\ntime.time = lambda: real() + 120\n"
    f"sys.argv[0] = '{PLACE}/bin/real.pyz'\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
)
"""An agent whose clock is wrong: machines of the lab have that of the box."""
CERTIFICATE: Final = "openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -out /etc/comfytavern/lab.pem -days 3 -subj /CN=lab"
STATE, NAMED = f"{PLACE}/state/state.json", f"{PLACE}/state/site.json"


@dataclass(frozen=True)
class Fault:
    """How it is made, which check finds it, and with which words."""

    do: str
    found_by: str
    words: str


FAULTS: Final = {
    "crashed": Fault("systemctl kill --signal=KILL --kill-who=main $SERVICE; sleep 1; wait_for_it", "restarts", "h1 1 times"),
    "an error in the log": Fault(
        f"printf 'MESSAGE=%s\\nOBJECT_PID=%s\\n' '{LINE}' $(systemctl show -p MainPID --value $SERVICE) | logger --journald",
        "log",
        "h1: the lab is on fire",
    ),
    "certificate expires": Fault(
        f'{CERTIFICATE} 2>/dev/null; sed -i \'s|"certificate": null|"certificate": "/etc/comfytavern/lab.pem"|\' {NAMED}',
        "certificate files",
        "h1: /etc/comfytavern/lab.pem expires in",
    ),
    "not started at boot": Fault("systemctl disable -q comfytavern-boot.service", "units", "h1: comfytavern-boot.service"),
    "disk nearly full": Fault(
        f"fallocate -l $(( $(df --output=avail -B1 {PLACE} | tail -1) - 20000000 )) {PLACE}/filler", "disks", "h1: 0.0 GiB"
    ),
    "another release": Fault(f"sed -i 's/0.1.0+test0/0.1.0+other/' {STATE}", "hosts", "h1 should serve 0.1.0+other and runs 0.1.0+test0"),
    "clock ahead": Fault(
        f"mv {PLACE}/bin/ctd.pyz {PLACE}/bin/real.pyz; cat > {PLACE}/bin/ctd.pyz <<'END'\n{AHEAD}END", "clocks", "h1 is 120 s ahead"
    ),
}
NAMES: Final = f"""
SLOT=$(python3 -c "import json; print(json.load(open('{STATE}'))['active'])")
SERVICE=comfytavern@$SLOT.service
wait_for_it() {{ for i in $(seq 300); do curl -sf --unix-socket /run/comfytavern/$SLOT.sock http://x/version >/dev/null && break; sleep 0.1; done; }}
"""


@pytest.fixture(scope="module")
def site(able: None, artifacts: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One machine with a small disk, on which a release serves."""
    with Fleet(1, disk_mib=4000) as fleet:
        site = Installation(fleet, tmp_path_factory.mktemp("site"))
        site.prepare()
        site.deploy("apply", str(artifacts[0]), "--yes")
        yield site


def checked(site: Installation) -> dict[str, Any]:
    """Return what the command says, and its exit code as `code`."""
    url = f"http://{site.fleet.machines[0].address}"
    done = site.fleet.controller([*CLI, "check", url, "--file", str(site.spec), "--no-browser", "--json"])
    return {**json.loads(done.stdout), "code": done.returncode}


def found(said: dict[str, Any], *verdicts: str) -> dict[str, str]:
    """Return the sentences of the checks that ended so."""
    return {each["check"]: each["sentence"] for each in said["findings"] if each["verdict"] in verdicts}


def test_a_host_in_order_has_nothing_to_find(site: Installation) -> None:
    said = checked(site)
    assert found(said, "fail") == {}
    assert {"hosts", "log", "units", "restarts", "disks", "clocks"} <= found(said, "ok").keys()
    assert said["code"] == 0


def test_each_of_many_faults_is_found_by_its_check(site: Installation) -> None:
    for fault in FAULTS.values():
        site.fleet.machines[0].run(NAMES + fault.do, timeout_s=120)
    said = checked(site)
    failed = found(said, "fail")
    assert {name: fault.words in failed.get(fault.found_by, "") for name, fault in FAULTS.items()} == dict.fromkeys(FAULTS, True), failed
    assert said["code"] == 1
