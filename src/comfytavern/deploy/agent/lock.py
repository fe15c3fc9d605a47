"""Who may change this host: one holder, a heartbeat, a number that only grows.

Decided by this host's own clock alone (CLOCK_BOOTTIME, which no one can set), so neither the holder's clock nor a correction of ours
matters. The holder renews; after `ttl_s` without that anyone may take over, which the audit tells. A holder that comes back late
carries a smaller fence than the stored one and is refused by every verb that changes something.

On disk: fence (fsync) grows first, then lock/owner.json names the holder. Power loss between: a number is skipped, nobody holds.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from . import audit, disk
from .context import Context, now, stored_fence
from .failures import Failed

if TYPE_CHECKING:
    from .paths import Paths

TTL_S = 25.0


def lock_acquire(context: Context, owner: dict[str, Any], ttl_s: float = TTL_S, facts: str = "") -> dict[str, Any]:
    """Take the lock for `owner` {user, host, pid, deploy} and return its fence; Failed `deploy.locked` names the holder.

    With `facts` (all or brief), what is true of the host from then on comes along: one call less for who is in a hurry.
    """
    fence = _acquire(context.paths, owner, ttl_s)
    if not facts:
        return {"fence": fence}
    from . import facts as room

    try:
        return {"fence": fence, "facts": room.facts(context, facts)}
    except BaseException:
        context.fence = fence
        lock_release(context)
        raise


def _acquire(paths: Paths, owner: dict[str, Any], ttl_s: float) -> int:
    disk.make_folders(paths.state, paths.steps)
    with disk.held(os.path.join(paths.state, "lock.mutex")):
        fresh = _make(paths)
        holder = _holder(paths)
        if not fresh and holder and _alive(holder) and not _same(holder, owner):
            raise _locked(holder)
        fence = stored_fence(paths) + 1
        disk.write(os.path.join(paths.state, "fence"), b"%d\n" % fence)
        if not fresh and not (holder and _same(holder, owner)):
            audit.add(paths, "lock taken over", by=_name(owner), fence=fence, previous=holder, silent_s=_silence_s(holder))
        entry = {**owner, "fence": fence, "ttl_s": float(ttl_s), "since": now(), "heartbeat": _beat()}
        disk.write_json(_owner_file(paths), entry)
        return fence


def lock_renew(context: Context) -> dict[str, Any]:
    """Say that the holder lives; Failed `deploy.lock_lost` when the caller is not the holder any more."""
    paths = context.paths
    with disk.held(os.path.join(paths.state, "lock.mutex")):
        holder = _holder(paths)
        if holder is None or holder["fence"] != context.fence:
            hint = "Another deployment took over; see `comfytavern deploy lock show`."
            raise Failed("deploy.lock_lost", "The lock is no longer ours.", hint)
        disk.write_json(_owner_file(paths), {**holder, "heartbeat": _beat()})
        return {"fence": holder["fence"]}


def lock_release(context: Context) -> dict[str, Any]:
    """Give the lock back; nothing happens when the caller does not hold it."""
    paths = context.paths
    if not os.path.isdir(paths.state):
        return {"released": False}
    with disk.held(os.path.join(paths.state, "lock.mutex")):
        holder = _holder(paths)
        if holder is None or holder["fence"] != context.fence:
            return {"released": False}
        _remove(paths)
        return {"released": True}


def lock_show(context: Context) -> dict[str, Any]:
    """Return who holds the lock, for how long it was silent, and whether that is too long."""
    holder = _holder(context.paths)
    return {"holder": None if holder is None else _shown(holder)}


def lock_break(context: Context, reason: str) -> dict[str, Any]:
    """Take the lock away from whoever holds it, with a `reason` for the audit; its fence stops counting at once."""
    paths = context.paths
    if not os.path.isdir(paths.state):
        return {"broken": None}
    with disk.held(os.path.join(paths.state, "lock.mutex")):
        holder = _holder(paths)
        if holder is None and not os.path.isdir(_folder(paths)):
            return {"broken": None}
        fence = stored_fence(paths) + 1
        disk.write(os.path.join(paths.state, "fence"), b"%d\n" % fence)
        audit.add(paths, "lock broken", reason=reason, fence=fence, previous=holder)
        _remove(paths)
        return {"broken": None if holder is None else _shown(holder)}


def shown(paths: Paths) -> dict[str, Any] | None:
    """Return the holder as `facts` tells it."""
    holder = _holder(paths)
    return None if holder is None else _shown(holder)


def _folder(paths: Paths) -> str:
    return os.path.join(paths.state, "lock")


def _owner_file(paths: Paths) -> str:
    return os.path.join(_folder(paths), "owner.json")


def _make(paths: Paths) -> bool:
    """Make the folder that is the lock: mkdir(2) succeeds for exactly one."""
    try:
        os.mkdir(_folder(paths), 0o750)
    except FileExistsError:
        return False
    return True


def _remove(paths: Paths) -> None:
    for name in os.listdir(_folder(paths)):
        os.unlink(os.path.join(_folder(paths), name))
    os.rmdir(_folder(paths))
    disk.sync_folder(paths.state)


def _holder(paths: Paths) -> dict[str, Any] | None:
    """Return the holder; None when nobody holds, also when the power went between mkdir and the owner's name."""
    found = disk.read_json(_owner_file(paths))
    return found if isinstance(found, dict) and "fence" in found and "heartbeat" in found else None


def _beat() -> dict[str, Any]:
    return {"boot": boot_id(), "at_s": time.clock_gettime(time.CLOCK_BOOTTIME)}


def _silence_s(holder: dict[str, Any] | None) -> float:
    """Return for how long the holder was not heard of; since boot at least when that was before the last boot."""
    at = time.clock_gettime(time.CLOCK_BOOTTIME)
    if holder is None or holder["heartbeat"]["boot"] != boot_id():
        return round(at, 3)
    return round(max(0.0, at - float(holder["heartbeat"]["at_s"])), 3)


def _alive(holder: dict[str, Any]) -> bool:
    """Tell whether the holder was heard of in time; one that is a process of this host (`local`) has to be there still."""
    if holder.get("local"):
        return holder["heartbeat"]["boot"] == boot_id() and os.path.exists("/proc/{}".format(holder.get("pid")))
    return _silence_s(holder) < float(holder["ttl_s"])


def _same(holder: dict[str, Any], owner: dict[str, Any]) -> bool:
    """Tell whether the holder asks again, because it did not hear our answer."""
    keys = ("user", "host", "pid", "deploy")
    return all(holder.get(key) == owner.get(key) for key in keys)


def _name(owner: dict[str, Any]) -> str:
    return f"{owner.get('user', '?')}@{owner.get('host', '?')}"


def _shown(holder: dict[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in holder.items() if key != "heartbeat"}
    return {**known, "silent_s": _silence_s(holder), "expired": not _alive(holder)}


def _locked(holder: dict[str, Any]) -> Failed:
    pid, deploy, since = (holder.get(key, "?") for key in ("pid", "deploy", "since"))
    sentence = f"{_name(holder)} (process {pid}) holds the lock for {deploy} since {since}."
    return Failed("deploy.locked", sentence, "Wait, or see `comfytavern deploy lock show`.", holder=_shown(holder))


def boot_id() -> str:
    """Return what names this boot of the host."""
    return (disk.read("/proc/sys/kernel/random/boot_id") or b"unknown").decode().strip()
