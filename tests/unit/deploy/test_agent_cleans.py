"""What a failed attempt leaves on a host: nothing that the release which serves could be hurt by."""

import hashlib
import io
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fleet import NEW, OLD, deployments, machines, wish

from comfytavern.deploy import runner
from comfytavern.deploy.agent import disk, environment, install, ledger, lock, probe, releases, site, tidy, verify
from comfytavern.deploy.agent.context import Context
from comfytavern.deploy.agent.drivers import pidfile, systemd
from comfytavern.deploy.agent.failures import Failed
from comfytavern.deploy.agent.paths import Paths
from comfytavern.deploy.errors import DeployFailed, Refused


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A host on which nothing was done, with the system's own folders moved."""
    paths = Paths(str(tmp_path / "srv"), str(tmp_path))
    disk.make_folders(paths.steps, paths.env, paths.releases, paths.run)
    return Context(paths, "test", fence=1)


def put(context: Context, name: str, text: str) -> None:
    context.stdin = io.BytesIO(text.encode())
    site.put(context, f"/etc/comfytavern/env/{name}", 0o600)


def settings(context: Context, name: str = "base.env") -> str:
    return Path(context.paths.env, name).read_text(encoding="utf-8")


def test_a_slot_keeps_the_settings_it_was_started_with(context: Context) -> None:
    put(context, "base.env", "RUNS_AT_ONCE=2\nAPI_BASE_URL='http://a b'\n")
    put(context, "secrets.env", "JWT_SECRET=s")
    environment.write(context.paths, "blue", OLD)
    put(context, "base.env", "RUNS_AT_ONCE=many\n")
    found = environment.of_slot(context.paths, "blue")
    assert (found["RUNS_AT_ONCE"], found["JWT_SECRET"], found["API_BASE_URL"]) == ("2", "s", "http://a b")
    assert found["COMFYTAVERN_SLOT"] == "blue"
    assert Path(context.paths.env, "blue.env").stat().st_mode & 0o777 == 0o600


def test_settings_of_failed_attempts_are_put_back(context: Context) -> None:
    put(context, "base.env", "A=good\n")
    put(context, "base.env", "A=bad\n")
    put(context, "base.env", "A=worse\n")
    assert tidy.tidy(context)["put_back"] == ["base.env"]
    assert settings(context) == "A=good\n"
    assert tidy.tidy(context)["put_back"] == []


def test_settings_of_a_good_attempt_stay(context: Context) -> None:
    put(context, "base.env", "A=old\n")
    put(context, "base.env", "A=new\n")
    Path(context.paths.release(NEW)).mkdir()
    context.update(lambda state: state.update(active="blue") or state["slots"]["blue"].update(release=NEW, state="active"))
    ledger.commit(context, NEW, "dep_1")
    assert tidy.tidy(context)["put_back"] == []
    assert settings(context) == "A=new\n"


def test_a_release_that_is_half_there_is_removed(context: Context) -> None:
    part = Path(context.paths.part(NEW))
    part.mkdir()
    assert tidy.tidy(context)["removed"] == [part.name]
    assert not part.exists()


def test_content_that_a_bad_disk_has_changed_is_sent_again(context: Context) -> None:
    content = b"<html>"
    digest = hashlib.sha256(content).hexdigest()
    manifest = json.dumps({"format": 1, "release": NEW, "files": {"index.html": {"sha256": digest, "size": len(content)}}}).encode()
    named = hashlib.sha256(manifest).hexdigest()
    for name, found in ((digest, b"rotten"), (named, manifest)):
        path = Path(context.paths.blob(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found)
    releases.stage(context, NEW, named)
    with pytest.raises(Failed, match=r"index\.html is not what was built"):
        verify.verify(context, NEW)
    assert not Path(context.paths.blob(digest)).exists()


def test_room_is_left_to_what_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    disk.need_room(str(tmp_path))
    monkeypatch.setattr(disk, "RESERVE_BYTES", 1 << 60)
    with pytest.raises(Failed, match=r"The disk is full: \d+ MiB are free"):
        disk.need_room(str(tmp_path))


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (["comfytavern@green.service: Main process exited, code=exited, status=70/SOFTWARE"], "it ended with exit code 70"),
        (["comfytavern@green.service: Main process exited, code=killed, status=9/KILL"], probe.KILLED),
        (["comfytavern@green.service: Main process exited, code=killed, status=11/SEGV"], "it ended with signal 11"),
        (["loading", "ValueError: x", "comfytavern@green.service: Main process exited, code=exited, status=1/FAILURE"], "ValueError: x"),
        (["loading", "comfytavern@green.service: Consumed 1.8s CPU time."], "loading"),
        (["Starting comfytavern@green.service - ComfyTavern, green slot..."], "it says nothing"),
    ],
)
def test_the_cause_is_what_the_process_said_or_how_it_ended(log: list[str], cause: str) -> None:
    assert probe.cause(log) == cause


def test_a_line_of_code_in_a_traceback_that_is_not_whole_yet_is_not_the_cause() -> None:
    assert (
        probe.cause(["ImportError: it is broken", "Traceback (most recent call last):", "    sys.exit(main())"])
        == "ImportError: it is broken"
    )


def test_the_log_of_an_earlier_release_is_not_the_cause(context: Context) -> None:
    log = Path(pidfile.log_file(context.paths, "green"))
    log.parent.mkdir(parents=True)
    log.write_text("ImportError: long ago\n", encoding="utf-8")
    pidfile.mark(context.paths, "green")
    with log.open("a", encoding="utf-8") as file:
        file.write("now\n")
    assert pidfile.last_lines(context.paths, "green", 10, "since") == ["now"]
    assert len(pidfile.last_lines(context.paths, "green", 10)) == 2
    log.write_text("rotated\n", encoding="utf-8")
    assert pidfile.last_lines(context.paths, "green", 10, "since") == ["rotated"]
    assert systemd._moment("2026-11-24T19:43:00Z") == "2026-11-24 19:43:00 UTC"


def test_a_release_is_made_by_one_step_at_a_time(context: Context) -> None:
    """An installation goes on when its controller is killed: the next attempt must not take its folder away from under it."""
    with ThreadPoolExecutor() as pool:
        with disk.held(context.paths.making):
            installing = pool.submit(install.install, context, NEW)
            time.sleep(0.2)
            assert not installing.done()
            disk.write(f"{context.paths.state}/fence", b"2\n")  # meanwhile, another took the lock
        with pytest.raises(Failed, match="The lock was taken over"):
            installing.result()


def test_a_lock_of_a_process_of_this_host_ends_with_it(context: Context) -> None:
    """Power lost while the old release was being stopped: the lock was held for minutes after the boot."""
    ann = {"user": "ann", "host": "desk", "pid": 1, "deploy": "dep_a"}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stopping:
        bake = {"user": "bake", "host": "h1", "pid": stopping.pid, "deploy": "bake", "local": True}
        lock.lock_acquire(context, bake, ttl_s=180)
        with pytest.raises(Failed, match="bake@h1"):
            lock.lock_acquire(context, ann)
        stopping.communicate(b"\n")
    assert lock.lock_acquire(context, ann)["fence"] == 2


async def test_a_failed_attempt_tidies_up_on_every_host() -> None:
    hosts = machines(2)

    def fault(verb: str, _args: dict[str, Any]) -> None:
        if verb == "verify":
            raise hosts["h2"].failed("deploy.tampered", "a file is not what was built.")

    hosts["h2"].fault = fault
    with pytest.raises(DeployFailed):
        await deployments(hosts).carry_out(wish())
    assert all("tidy" in host.verbs() for host in hosts.values())


async def test_a_host_that_is_gone_is_not_waited_for_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AGAIN_S", (0.0, 0.0, 0.0))
    hosts = machines(2)
    asked: list[str] = []

    def fault(verb: str, _args: dict[str, Any]) -> None:
        if "start_slot" in hosts["h2"].verbs():
            asked.append(verb)
            raise hosts["h2"].failed("deploy.unreachable", "it does not answer.")

    hosts["h2"].fault = fault
    with pytest.raises(DeployFailed, match="h2: it does not answer"):
        await deployments(hosts).carry_out(wish())
    assert [verb for verb in asked if not verb.startswith("lock")] == ["start_slot"] * 4 + ["abandon"]
    assert hosts["h1"].slots["green"]["state"] == "empty"


async def test_the_only_thing_that_speaks_against_it_is_the_sentence() -> None:
    hosts = machines(1)
    hosts["h1"].said["disk_free_bytes"] = 5 << 20
    with pytest.raises(Refused, match=r"^Nothing was begun: h1: 5 MiB are free; \d+ MiB are needed"):
        await deployments(hosts).carry_out(wish())
