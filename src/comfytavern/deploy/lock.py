"""One deployment at a time: the lock of every host, held while something is done, and lost when a host says so."""

import asyncio
import contextlib
import getpass
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from comfytavern.deploy.errors import DeployFailed, Locked
from comfytavern.deploy.targets.host import Host

T = TypeVar("T")
Fences = Mapping[str, int]
TTL_S, BEAT_S, ASK_S = 25.0, 5.0, 1.0
"""With the time to ask, a lock whose holder died is to be had within 30 s."""
LOST = frozenset({"deploy.lock_lost", "deploy.fenced"})


class Held(msgspec.Struct, frozen=True):
    """What came with the locks, by host."""

    fences: dict[str, int] = {}
    facts: dict[str, dict[str, Any]] = {}
    """What each host said of itself right after its lock was ours: it stays true as long as that is."""


Body = Callable[[Held], Awaitable[T]]


def owner(deploy: str) -> dict[str, Any]:
    """Return who we are, for the hosts' lock."""
    return {"user": getpass.getuser(), "host": socket.gethostname(), "pid": os.getpid(), "deploy": deploy}


async def hold(hosts: Mapping[str, Host], deploy: str, body: Body[T], *, wait_s: float = 0.0, facts: str = "all") -> T:
    """Do `body` with the locks of all `hosts`, their fencing numbers and facts (all or brief); renew them meanwhile; give them back.

    Raises `Locked` when another holds one after `wait_s`, and `DeployFailed` (`deploy.lock_lost`) at once when a lock was taken over.
    """
    held = await _acquire(hosts, {"owner": owner(deploy), "ttl_s": TTL_S, "facts": facts}, wait_s)
    try:
        async with asyncio.TaskGroup() as group:
            beat = group.create_task(_beat(hosts, held.fences))
            found = await body(held)
            beat.cancel()
    except BaseExceptionGroup as several:
        raise _first(several) from None
    finally:
        await _release(hosts, held.fences)
    return found


def _first(several: BaseExceptionGroup) -> BaseException:
    """Return what matters most of the failures of a task group: the loss of the lock, else the first."""
    flat = [_first(each) if isinstance(each, BaseExceptionGroup) else each for each in several.exceptions]
    lost = [each for each in flat if isinstance(each, DeployFailed) and each.code in LOST]
    return (lost or flat)[0]


async def _acquire(hosts: Mapping[str, Host], asked: dict[str, Any], wait_s: float) -> Held:
    """Take the first host's lock, then the others': who has the first has the right to ask for the rest, so two never block each other."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while True:
        held = Held({}, {})
        try:
            await _take(hosts, asked, held)
        except DeployFailed as failure:
            await _release(hosts, held.fences)
            holder: dict[str, Any] = failure.params.get("holder") or {}
            if failure.code != "deploy.locked":
                raise
            if _dead(holder, asked["owner"]):
                await hosts[str(failure.params["host"])].call("lock_break", {"reason": f"process {holder['pid']} is gone"})
                continue
            if loop.time() >= until:
                raise Locked(failure.code, failure.sentence, hint=failure.hint, **failure.params) from failure
            await asyncio.sleep(min(ASK_S, max(0.05, until - loop.time())))
        except BaseException:
            await _release(hosts, held.fences)
            raise
        else:
            return held


async def _take(hosts: Mapping[str, Host], asked: dict[str, Any], held: Held) -> None:
    """Fill `held` host by host, so that the caller can give back what was taken before a failure."""

    async def take(name: str) -> DeployFailed | None:
        try:
            said = await hosts[name].call("lock_acquire", asked)
        except DeployFailed as failure:
            return failure
        held.fences[name], held.facts[name] = int(said["fence"]), said["facts"]
        return None

    first, *rest = sorted(hosts)
    failures = [await take(first)]
    if failures == [None]:
        failures = await asyncio.gather(*(take(name) for name in rest))
    if found := [each for each in failures if each]:
        raise found[0]


def _dead(holder: dict[str, Any], us: dict[str, Any]) -> bool:
    """Tell whether the holder was a process of this very machine and user that does not exist any more."""
    if (holder.get("host"), holder.get("user")) != (us["host"], us["user"]) or not holder.get("pid"):
        return False
    try:
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


async def _beat(hosts: Mapping[str, Host], fences: Mapping[str, int]) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        await asyncio.gather(*(_renew(hosts[name], fence) for name, fence in fences.items()))


async def _renew(host: Host, fence: int) -> None:
    try:
        await host.call("lock_renew", fence=fence, deadline_s=BEAT_S)
    except DeployFailed as failure:
        if failure.code in LOST:
            raise  # else the host did not answer: the steps themselves will tell


async def _release(hosts: Mapping[str, Host], fences: Mapping[str, int]) -> None:
    """Give back what was taken; a host that does not answer frees itself after the TTL."""

    async def give(name: str, fence: int) -> None:
        with contextlib.suppress(DeployFailed):
            await hosts[name].call("lock_release", fence=fence, deadline_s=5.0)

    await asyncio.gather(*(give(name, fence) for name, fence in fences.items()))
