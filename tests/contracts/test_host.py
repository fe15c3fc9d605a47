"""What every host promises: one suite for the machine in memory and for the real agent behind real SSH."""

import asyncio
import contextlib
import hashlib
import io
import json
import os
import signal
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from comfytavern.deploy.agent.pack import pack
from comfytavern.deploy.errors import DeployFailed
from comfytavern.deploy.spec import Spec, parse
from comfytavern.deploy.targets.host import Host
from comfytavern.deploy.targets.ssh import SshHost
from comfytavern.testing.deploy import RecordingHost

SERVING: list[Any] = []
"""What our SSH server is doing."""
ALICE = {"user": "alice", "host": "desk", "pid": 1, "deploy": "dep_a"}
BOB = {"user": "bob", "host": "desk", "pid": 2, "deploy": "dep_b"}


async def _serve(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run what is asked for, as sshd does: by the user's shell."""
    SERVING.append(asyncio.current_task())
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        "sh", "-c", process.command or "", stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )

    async def feed() -> None:
        with contextlib.suppress(OSError, asyncssh.Error):
            while content := await process.stdin.read(65536):
                child.stdin.write(content)
                await child.stdin.drain()
            child.stdin.close()

    async def tell(source: asyncio.StreamReader, target: asyncssh.SSHWriter[bytes]) -> None:
        while content := await source.read(65536):
            target.write(content)
            await target.drain()

    feeding = asyncio.create_task(feed())
    try:  # A client that has left gets no answer; that must not end the connection of its other calls.
        with contextlib.suppress(OSError, asyncssh.Error):
            await asyncio.gather(tell(child.stdout, process.stdout), tell(child.stderr, process.stderr))
            process.exit(await child.wait())
    finally:
        feeding.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()


@pytest.fixture
async def sshd(tmp_path: Path) -> AsyncIterator[tuple[Path, int]]:
    """An SSH server of our own: a folder with keys, and its port."""
    folder = tmp_path / "keys"
    folder.mkdir()
    keys = {name: asyncssh.generate_private_key("ssh-ed25519") for name in ("host", "user", "other")}
    for name in ("user", "other"):
        keys[name].write_private_key(folder / name)
    keys["user"].write_public_key(folder / "authorized_keys")
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[keys["host"]],
        authorized_client_keys=str(folder / "authorized_keys"),
        process_factory=_serve,
        encoding=None,
    )
    port = server.get_port()
    for name, key in (("known_hosts", "host"), ("other_hosts", "other")):
        (folder / name).write_bytes(f"[127.0.0.1]:{port} ".encode() + keys[key].export_public_key())
    yield folder, port
    server.close()
    for task in SERVING:
        task.cancel()
    await asyncio.gather(*SERVING, return_exceptions=True)
    SERVING.clear()


def spec_of(folder: Path, listens: int, root: Path, **ssh: Any) -> Spec:
    given = {
        "user": "root",
        "port": listens,
        "key": str(folder / "user"),
        "agent": False,
        "known_hosts": str(folder / "known_hosts"),
        **ssh,
    }
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in given.items())
    return parse(f'root = "{root}"\n[ssh]\n{lines}\n[deadlines]\nconnect_s = 5\n[hosts.h1]\naddress = "127.0.0.1"\n')


@pytest.fixture(params=["memory", "ssh"])
async def host(request: pytest.FixtureRequest, tmp_path: Path, sshd: tuple[Path, int]) -> AsyncIterator[Host]:
    """Each kind of host, on which nothing was deployed yet."""
    if request.param == "memory":
        yield RecordingHost("h1")
        return
    found = SshHost("h1", spec_of(*sshd, tmp_path / "r"), pack)
    assert await found.prepare()
    yield found
    await found.close()


async def refused(host: Host, verb: str, args: dict[str, Any] | None = None, **more: Any) -> DeployFailed:
    with pytest.raises(DeployFailed) as caught:
        await host.call(verb, args, **more)
    assert caught.value.params["host"] == "h1"
    assert caught.value.sentence.startswith("h1: ")
    return caught.value


async def test_one_holds_the_lock_and_the_others_learn_who(host: Host) -> None:
    assert (await host.call("lock_acquire", {"owner": ALICE}))["fence"] == 1
    failure = await refused(host, "lock_acquire", {"owner": BOB})
    assert failure.code == "deploy.locked"
    assert failure.params["holder"]["user"] == "alice"
    assert (await host.call("lock_show"))["holder"]["user"] == "alice"
    assert (await host.call("facts"))["lock"]["deploy"] == "dep_a"


async def test_asking_again_for_ones_own_lock_gives_a_greater_fence(host: Host) -> None:
    first = (await host.call("lock_acquire", {"owner": ALICE}))["fence"]
    again = (await host.call("lock_acquire", {"owner": ALICE}))["fence"]
    assert again > first


async def test_a_released_lock_is_free_and_only_its_holder_releases_it(host: Host) -> None:
    fence = (await host.call("lock_acquire", {"owner": ALICE}))["fence"]
    assert not (await host.call("lock_release", fence=fence + 1))["released"]
    assert (await host.call("lock_release", fence=fence))["released"]
    assert (await host.call("lock_acquire", {"owner": BOB}))["fence"] > fence


async def test_a_broken_lock_is_lost_at_once(host: Host) -> None:
    fence = (await host.call("lock_acquire", {"owner": ALICE}))["fence"]
    await host.call("lock_renew", fence=fence)
    assert (await host.call("lock_break", {"reason": "a test"}))["broken"]["user"] == "alice"
    assert (await refused(host, "lock_renew", fence=fence)).code == "deploy.lock_lost"
    assert (await refused(host, "gc", {"keep": 5, "never": []}, fence=fence)).code == "deploy.fenced"


async def test_a_change_needs_a_fence(host: Host) -> None:
    assert (await refused(host, "gc", {"keep": 5, "never": []})).code == "deploy.fence_missing"


async def test_a_fresh_host_says_that_nothing_is_there(host: Host) -> None:
    facts = await host.call("facts")
    assert facts["state"]["active"] is None
    assert facts["releases"] == []
    assert facts["python_tag"].startswith("cp3")


async def test_content_is_asked_for_once(host: Host) -> None:
    content = b"some content"
    digest = hashlib.sha256(content).hexdigest()
    wanted = json.dumps({"sha256": [digest]}).encode()
    assert (await host.call("want", {}, stdin=wanted))["missing"] == [digest]
    if isinstance(host, RecordingHost):
        host.blobs.add(digest)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(digest)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    await host.call("receive", {}, stdin=buffer.getvalue())
    assert (await host.call("want", {}, stdin=wanted))["missing"] == []


async def test_a_host_can_be_reached_before_it_is_asked(host: Host) -> None:
    await host.reach()
    await host.reach()
    said = await host.call("lock_acquire", {"owner": ALICE, "facts": "brief"})
    assert said["facts"]["lock"]["fence"] == said["fence"]


async def test_calls_can_be_made_at_once(host: Host) -> None:
    found = await asyncio.gather(*(host.call("facts") for _ in range(5)))
    assert len({each["hostname"] for each in found}) == 1


async def test_the_agent_is_sent_only_when_it_is_another(sshd: tuple[Path, int], tmp_path: Path) -> None:
    host = SshHost("h1", spec_of(*sshd, tmp_path), pack)
    assert await host.prepare()
    assert not await host.prepare()
    (tmp_path / "bin" / "ctd.pyz").write_bytes(b"damaged")
    assert await host.prepare()
    await host.close()


@pytest.mark.parametrize(
    ("ssh", "code"),
    [
        ({"known_hosts": "other_hosts"}, "deploy.host_key"),
        ({"known_hosts": "missing"}, "deploy.known_hosts"),
        ({"key": "other"}, "deploy.wrong_key"),
        ({"key": "missing"}, "deploy.key"),
        ({"port": 1}, "deploy.unreachable"),
        ({}, "deploy.no_agent"),
    ],
)
async def test_what_keeps_us_from_a_host_is_named(sshd: tuple[Path, int], tmp_path: Path, ssh: dict[str, Any], code: str) -> None:
    folder, port = sshd
    given = {name: str(folder / value) if isinstance(value, str) else value for name, value in ssh.items()}
    host = SshHost("h1", spec_of(folder, port, tmp_path, **given))
    failure = await refused(host, "facts", deadline_s=8)
    assert failure.code == code
    assert failure.hint
    await host.close()


async def test_a_host_that_cannot_be_reached_says_why(sshd: tuple[Path, int], tmp_path: Path) -> None:
    host = SshHost("h1", spec_of(*sshd, tmp_path, key=str(sshd[0] / "other")))
    with pytest.raises(DeployFailed) as caught:
        await host.reach()
    assert caught.value.code == "deploy.wrong_key"


async def test_a_deadline_ends_a_call_and_the_next_one_works(sshd: tuple[Path, int], tmp_path: Path) -> None:
    host = SshHost("h1", spec_of(*sshd, tmp_path), pack)
    await host.prepare()
    await host.call("facts")
    assert (await refused(host, "facts", deadline_s=0.0001)).code == "deploy.deadline"
    assert (await host.call("facts"))["hostname"]
    await host.close()
