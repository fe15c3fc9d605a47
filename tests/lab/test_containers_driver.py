"""Slots in containers: switched, rolled back, crashed and unplugged like any others, by tag, and nothing of them can be looked into."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comfytavern.deploy.agent.drivers.containers import limits
from comfytavern.deploy.agent.image import DEFAULTS
from comfytavern.testing.releases import BROKEN, packed, variant
from tests.lab import bases, engines
from tests.lab.fleet import Fleet
from tests.lab.installation import ENGINES, PLACE, CliFailed, Installation
from tests.lab.machine import Machine
from tests.lab.traffic import NAME, PASSWORD, SMALL, Traffic

AGAIN_S = 20.0
REGISTRY = b"""version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: 127.0.0.1:5000}
"""


@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.slow) for name in ENGINES])
def site(
    request: pytest.FixtureRequest, able: None, artifacts: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One machine on which a release serves from a container."""
    with Fleet(1, engine=request.param) as fleet:
        site = Installation(fleet, tmp_path_factory.mktemp("site"), driver=request.param, more="keep = 2")
        site.prepare()
        site.deploy("apply", str(artifacts[0]), "--yes")
        site.add_person(NAME, PASSWORD)
        yield site


@pytest.fixture
def machine(site: Installation) -> Machine:
    """The one machine."""
    return site.fleet.machines[0]


def container(site: Installation) -> dict[str, Any]:
    """Return what the engine says of the slot that serves."""
    machine = site.fleet.machines[0]
    return json.loads(machine.run([site.driver, "inspect", f"comfytavern-{site.state(machine)['active']}"]))[0]


def serves_again(site: Installation, release: str) -> None:
    """Wait until the site answers with a release."""
    until = time.monotonic() + AGAIN_S
    while site.serving() != [release]:
        assert time.monotonic() < until, site.run("logs").stdout[-2000:]
        time.sleep(0.2)


def test_deploying_and_going_back_is_noticed_by_nobody(site: Installation, artifacts: list[Path]) -> None:
    with Traffic(site, 60.0, SMALL) as traffic:
        site.deploy("apply", str(artifacts[1]), "--yes")
        assert site.serving() == ["0.1.0+test1"]
        assert container(site)["Config"]["Image"] == "localhost/comfytavern:0.1.0_test1"
        said = site.deploy("rollback", "--yes")
        assert site.serving() == ["0.1.0+test0"]
        assert said["plan"]["kind"] == "rollback warm"
        traffic.wait_for(500, 30, moved=2 * 3)
        counted = traffic.end()
    assert counted["failures"] == {}, counted["first_failures"]
    assert (counted["failed"], counted["ws_abrupt"], counted["ws_lost"]) == (0, 0, 0)
    assert counted["ws_moved"] >= 2 * 3


def test_a_container_may_write_its_data_and_nothing_else(site: Installation, machine: Machine) -> None:
    name, host = container(site)["Name"].strip("/"), container(site)["HostConfig"]
    inside = [site.driver, "exec", name, "python", "-c"]
    tries = "import os; print([p for p in ('/x', '/run/comfytavern/y', %r, %r) if not os.system(f'touch {p} 2>/dev/null')], os.getuid())"
    said = machine.run([*inside, tries % (f"{PLACE}/state/y", f"{PLACE}/shared/data/y")])
    assert said.split() == ["['/run/comfytavern/y',", f"'{PLACE}/shared/data/y']", machine.run("id -u comfytavern").strip()]
    assert host["ReadonlyRootfs"] is True
    assert machine.run([*inside, "print(open('/proc/1/status').read())"]).count("CapEff:\t0000000000000000") == 1
    assert machine.run([*inside, "print(open('/proc/1/status').read())"]).count("NoNewPrivs:\t1") == 1


def test_the_engine_shows_no_secret(site: Installation, machine: Machine) -> None:
    names = f"$({site.driver} ps -aq) $({site.driver} images -q)"
    seen = machine.run(f"{site.driver} inspect {names}; {site.driver} logs comfytavern-blue 2>&1; cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "/run/secrets" in seen
    assert site.planted not in seen
    assert site.planted not in machine.run("cat /proc/[0-9]*/environ | tr '\\0' '\\n'"), "not even the app's own"
    store = "/var/lib/containers" if site.driver == "podman" else "/var/lib/docker"
    machine.run("umask 077; cat > /run/planted", given=site.planted.encode())
    assert not machine.run(f"grep -rlaF -f /run/planted {store}/ 2>/dev/null | head -3; rm /run/planted").strip()


def test_a_process_that_is_killed_is_back_by_itself(site: Installation, machine: Machine) -> None:
    before = container(site)["State"]["Pid"]
    machine.run(["kill", "-9", str(before)])
    serves_again(site, "0.1.0+test0")
    said = json.loads(machine.run(f"python3 -IS {PLACE}/bin/ctd.pyz --root {PLACE} status"))["value"]
    status = said["slots"][said["active"]]["process"]
    assert status["pid"] not in (None, before)
    assert status["restarts"] == 1


def test_what_served_before_a_power_loss_serves_after_it(site: Installation, machine: Machine) -> None:
    before = site.serving()
    machine.crash()
    machine.start()
    serves_again(site, before[0])
    assert site.run("status").returncode == 0


def test_going_back_to_a_stopped_release_is_a_matter_of_its_tag(site: Installation, machine: Machine, artifacts: list[Path]) -> None:
    site.deploy("apply", str(artifacts[1]), "--yes")
    site.deploy("finish", "--yes")
    machine.run(f"mv {PLACE}/releases/0.1.0+test0/.venv /var/tmp/kept.venv")  # The image is enough to start it.
    said = site.deploy("rollback", "--yes")
    machine.run(f"mv /var/tmp/kept.venv {PLACE}/releases/0.1.0+test0/.venv")
    assert said["plan"]["kind"] == "rollback cold"
    assert site.serving() == ["0.1.0+test0"]
    assert container(site)["Config"]["Image"] == "localhost/comfytavern:0.1.0_test0"


@pytest.mark.parametrize(("way", "cause"), [("import_error", "this release is broken"), ("crash_loop", "crashed")])
def test_a_broken_release_never_serves_and_says_why(site: Installation, base: Path, tmp_path: Path, way: str, cause: str) -> None:
    bad = packed(variant(base, f"0.1.0+{way.replace('_', '')}", BROKEN[way], out=tmp_path / "releases"), tmp_path)
    with Traffic(site, 30.0, SMALL) as traffic:
        with pytest.raises(CliFailed, match=cause):
            site.deploy("apply", str(bad), "--yes")
        counted = traffic.end()
    assert counted["failures"] == {}, counted["first_failures"]
    assert site.serving() == ["0.1.0+test0"]


@pytest.mark.parametrize("strategy", ["rolling", "replace", "canary"])
def test_every_strategy_moves_people_between_containers(site: Installation, artifacts: list[Path], strategy: str) -> None:
    wanted = next(path for path in artifacts if f"0.1.0+{_release(path)}" not in site.serving())
    site.strategy = strategy
    site.strategy_more = (
        "step_s = 2\nmin_requests = 10\nsteps = [60, 100]" if strategy == "canary" else ""
    )  # Of few users 10 % may be none.
    try:
        with Traffic(site, 60.0, SMALL) as traffic:
            site.deploy("apply", str(wanted), "--yes")
            counted = traffic.end()
    finally:
        site.strategy, site.strategy_more = "blue_green", ""
    assert counted["failures"] == {}, counted["first_failures"]
    assert (counted["ws_abrupt"], counted["ws_lost"]) == (0, 0)
    assert site.serving() == [f"0.1.0+{_release(wanted)}"]


def test_images_go_with_their_releases(site: Installation, machine: Machine, artifacts: list[Path]) -> None:
    for path in (*artifacts, artifacts[0]):
        if f"0.1.0+{_release(path)}" not in site.serving():
            site.deploy("apply", str(path), "--yes")
            site.deploy("finish", "--yes")
    kept = {name.replace("+", "_") for name in machine.run(f"ls {PLACE}/releases").split()}
    tags = set(re.findall(r"localhost/comfytavern\s+(\S+)", machine.run([site.driver, "images"])))
    assert tags == kept
    assert len(kept) < len(artifacts)


def test_the_image_of_a_registry_is_pulled_and_kept_by_the_release(site: Installation, machine: Machine, artifacts: list[Path]) -> None:
    before = site.serving()[0]
    wanted = next(path for path in artifacts if f"0.1.0+{_release(path)}" != before)
    tag, ours, theirs = f"0.1.0_{_release(wanted)}", "localhost/comfytavern", "127.0.0.1:5000/comfytavern"
    machine.run("cat > /tmp/registry.yml", given=REGISTRY)
    machine.run("systemd-run --unit=registry --collect docker-registry serve /tmp/registry.yml")
    machine.run("for i in $(seq 50); do curl -sf http://127.0.0.1:5000/v2/ && break; sleep 0.1; done")
    recipe = f'FROM {ours}:{before.replace("+", "_")}\nLABEL org.opencontainers.image.version="0.1.0+{_release(wanted)}" pushed="yes"\n'
    machine.run(
        f"mkdir -p /tmp/empty && cd /tmp/empty && cat > Dockerfile && {site.driver} build -q -t {theirs}:{tag} .", given=recipe.encode()
    )
    machine.run(
        f"{site.driver} push -q {theirs}:{tag} && {site.driver} rmi {theirs}:{tag}; {site.driver} rmi {ours}:{tag} || true", timeout_s=120
    )
    site.container = {"image": theirs}
    site.deploy("apply", str(wanted), "--yes")
    site.container = {}
    assert container(site)["Config"]["Image"] == f"{ours}:{tag}"
    assert container(site)["Config"]["Labels"]["pushed"] == "yes"
    machine.run("systemctl stop registry")
    site.deploy("finish", "--yes")
    site.deploy("apply", str(next(path for path in artifacts if f"0.1.0+{_release(path)}" == before)), "--yes")
    site.deploy("rollback", "--yes")
    assert container(site)["Config"]["Labels"]["pushed"] == "yes", "going back needs no registry"


def test_a_restarted_daemon_takes_nothing_along_for_long(site: Installation, machine: Machine) -> None:
    if site.driver == "podman":
        pytest.skip("podman has no daemon")
    before = site.serving()
    for end in ("systemctl restart docker", "kill -9 $(pidof dockerd)"):
        machine.run(end)
        serves_again(site, before[0])


def _release(path: Path) -> str:
    return path.name.removeprefix("comfytavern-0.1.0+").removesuffix(".tar.zst")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [engines.Podman, engines.Docker], ids=["podman", "docker"])
def test_limits_are_kept(able: None, kind: type[engines.Engine]) -> None:
    """On the box itself: inside the lab's machines nothing is limited."""
    if reason := engines.skip_reason(kind):
        pytest.skip(reason)
    words = limits({**DEFAULTS, "memory_mib": 128, "pids": 20, "files": 0})
    count = "import threading\nfor n in range(99):\n try: threading.Thread(target=threading.Event().wait, daemon=True).start()\n except RuntimeError: break\nprint(n)"
    with kind() as engine:
        engine.bring((bases.Bases().python, bases.nginx()[1]))
        greedy = engine.start(bases.Bases().python, *words, command=("python3", "-c", "bytearray(512 << 20)"))
        many = engine.start(bases.Bases().python, *words, command=("python3", "-c", count))
        engine.do("wait", greedy, many)
        assert engine.inspect(greedy)["State"]["ExitCode"] == 137
        assert int(engine.do("logs", many)) < 20
