"""A host without a machine: it keeps the promises of the agent's protocol in memory, records what it was asked, and fails on request.

tests/contracts/test_host.py holds it to the same promises as the real agent.
"""

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from comfytavern.deploy.errors import DeployFailed
from comfytavern.deploy.targets.host import Told

Fault = Callable[[str, dict[str, Any]], None]
FREE = {"facts", "lock_acquire", "lock_renew", "lock_release", "lock_show", "lock_break", "want", "receive", "verify"} | {
    "ready",
    "smoke",
    "steady",
    "metrics",
    "status",
    "logs",
    "ledger",
    "audit",
    "audit_verify",
    "db_status",
    "backups",
    "losses",
    "put",
    "prepare",
}
"""Verbs that need no fence."""


class RecordingHost:
    """One machine in memory."""

    current: str | None = None
    """The release that was written down last."""
    site_files: Mapping[str, Any] | None = None
    """What was last written of nginx and the process manager."""

    def __init__(self, name: str = "h1") -> None:
        """Make a machine on which nothing was deployed yet."""
        self.name = name
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.steps: list[tuple[str, str]] = []
        """(verb, step id) of what was asked with an id."""
        self.contents: list[bytes] = []
        self.fault: Fault = lambda _verb, _args: None
        """Called before a verb is done; it raises what shall go wrong."""
        self.after: Fault = lambda _verb, _args: None
        """Called after a verb was done, before its answer is given: what is raised here is lost on the way back."""
        self.samples: Callable[[str], list[list[Any]]] = lambda _slot: []
        self.fence = 0
        self.holder: dict[str, Any] | None = None
        self.silent = False
        """The holder of the lock was not heard of for its TTL."""
        self.blobs: set[str] = set()
        self.installed: dict[str, bool] = {}
        """Release: whether it was ever good."""
        self.entries: list[dict[str, Any]] = []
        self.level: int | None = None
        self.site_sha256: str | None = None
        self.said: dict[str, Any] = {}
        """Facts that differ from an ordinary machine's."""
        self.active: str | None = None
        self.slots = {slot: {"release": None, "state": "empty", "since": None} for slot in ("blue", "green")}
        self.weights = {"blue": 0, "green": 0}
        self.gate: dict[str, Any] | None = None
        self.running: set[str] | None = None
        """Slots whose process runs, once a gate was closed here; None before that: those that are not empty."""
        self.backups: list[dict[str, Any]] = []
        self.ledger_before: list[dict[str, Any]] = []
        """What stands in the ledger besides what was committed here."""
        self.data = "now"
        """What is in the database: `now`, or the id of a backup."""
        self.aside: dict[str, str] = {}
        """What was replaced, by the id it was replaced for."""
        self.levels: dict[str, dict[str, Any]] = {}
        """Which databases a release runs on."""
        self._results: dict[str, dict[str, Any]] = {}

    @property
    def serving(self) -> str | None:
        """The release that serves, as far as anybody can see."""
        stopped = self.running is not None and self.active not in self.running
        return self.slots[self.active]["release"] if self.active and self.gate is None and not stopped else None

    def verbs(self) -> list[str]:
        """Return the verbs that were asked for, in their order."""
        return [verb for verb, _ in self.asked]

    async def reach(self) -> None:
        """Be ready, as always."""

    async def call(
        self,
        verb: str,
        args: dict[str, Any] | None = None,
        *,
        fence: int | None = None,
        step: str | None = None,
        stdin: bytes | None = None,
        deadline_s: float = 30.0,
        told: Told | None = None,
    ) -> dict[str, Any]:
        """Have the machine do `verb`; see `Host.call`."""
        del deadline_s, told
        await asyncio.sleep(0)
        given = json.loads(json.dumps(args or {}))
        self.asked.append((verb, given))
        if step:
            self.steps.append((verb, step))
        if stdin is not None:
            self.contents.append(stdin)
        self.fault(verb, given)
        if step in self._results:
            return self._results[step]
        self._fenced(verb, fence)
        value = self._done(verb, given, fence, stdin)
        if step:
            self._results[step] = value
        self.after(verb, given)
        return value

    async def close(self) -> None:
        """End nothing."""

    def _fenced(self, verb: str, fence: int | None) -> None:
        if verb not in FREE and fence is None:
            raise self.failed("deploy.fence_missing", f"{verb} needs the number of the lock.")
        if fence is not None and fence < self.fence and not verb.startswith("lock_"):
            raise self.failed("deploy.fenced", f"The lock was taken over (fence {fence}, now {self.fence}), so this step was refused.")

    def failed(self, code: str, sentence: str, **params: Any) -> DeployFailed:
        """Return a failure as the agent of this machine would word it."""
        return DeployFailed(code, f"{self.name}: {sentence}", **{**params, "host": self.name})

    def _done(self, verb: str, args: dict[str, Any], fence: int | None, stdin: bytes | None) -> dict[str, Any]:
        doing = getattr(self, f"_{verb}", None)
        if doing is None:
            return {}
        takes = inspect.signature(doing).parameters
        extra = {name: value for name, value in (("fence", fence), ("stdin", stdin)) if name in takes}
        return doing(**{name: value for name, value in args.items() if name in takes}, **extra) or {}

    # The lock

    def _lock_acquire(self, owner: dict[str, Any], ttl_s: float = 30.0, facts: str = "") -> dict[str, Any]:
        same = self.holder is not None and all(self.holder.get(key) == owner.get(key) for key in ("user", "host", "pid", "deploy"))
        if self.holder is not None and not self.silent and not same:
            raise self.failed("deploy.locked", f"{self.holder['user']}@{self.holder['host']} holds the lock.", holder=self.holder)
        self.fence += 1
        self.holder, self.silent = {**owner, "fence": self.fence, "ttl_s": ttl_s}, False
        return {"fence": self.fence, **({"facts": self._facts()} if facts else {})}

    def _lock_renew(self, fence: int) -> None:
        if self.holder is None or self.holder["fence"] != fence:
            raise self.failed("deploy.lock_lost", "The lock is no longer ours.")

    def _lock_release(self, fence: int) -> dict[str, Any]:
        ours = self.holder is not None and self.holder["fence"] == fence
        self.holder = None if ours else self.holder
        return {"released": ours}

    def _lock_show(self) -> dict[str, Any]:
        return {"holder": self.holder}

    def _lock_break(self, reason: str) -> dict[str, Any]:
        del reason
        broken, self.holder = self.holder, None
        self.fence += 1
        return {"broken": broken}

    # What is there

    def _facts(self) -> dict[str, Any]:
        return {
            "hostname": self.name,
            "user": "root",
            "python": "3.11.2",
            "python_tag": "cp311",
            "arch": "x86_64",
            "disk_free_bytes": 20 << 30,
            "clock": "2026-11-24T12:00:00Z",
            "nginx": "/usr/sbin/nginx",
            "ipv6": True,
            "managers": {"systemd": "252", "supervisord": None, "pm2": None},
            "state": {"active": self.active, "current": self.current, "slots": self.slots, "weights": self.weights, "deploy": None},
            "releases": [
                {"id": each, "installed_at": None, "good": good, "schema": self.levels.get(each)} for each, good in self.installed.items()
            ],
            "lock": self.holder,
            "gate": self.gate,
            "env_names": [],
            "site_sha256": self.site_sha256,
            "migration": None if self.level is None else {"level": self.level, "contracted": 0},
            **self.said,
        }

    def _want(self, stdin: bytes) -> dict[str, Any]:
        return {"missing": sorted(set(json.loads(stdin)["sha256"]) - self.blobs)}

    def _install(self, release: str) -> None:
        self.installed.setdefault(release, False)

    def _site(self, files: dict[str, Any] | None = None) -> None:
        self.site_files = files
        self.site_sha256 = self.said.get("new_site", self.site_sha256)

    def _migrate(self, release: str) -> None:
        del release
        self.level = (self.level or 0) + 1

    # Slots and traffic

    def _start_slot(self, slot: str, release: str) -> dict[str, Any]:
        if self.active == slot:
            raise self.failed("deploy.slot_serves", f"{slot} serves.")
        if release not in self.installed:
            raise self.failed("deploy.no_release", f"{release} is not on this host.")
        self.slots[slot] = {"release": release, "state": "starting", "since": None}
        if self.running is not None:
            self.running.add(slot)
        return {"pid": 1, "start_ms": 1}

    def _ready(self, slot: str) -> dict[str, Any]:
        if self.slots[slot]["state"] == "empty":
            raise self.failed("deploy.not_ready", f"Nothing runs in {slot}.")
        if self.slots[slot]["state"] == "starting":
            self.slots[slot]["state"] = "ready"
        return {"ready_ms": 1}

    def _switch(self, slot: str, release: str) -> dict[str, Any]:
        if self.slots[slot]["release"] != release:
            raise self.failed("deploy.other_release", f"{slot} has another release.")
        previous = self.active
        if previous and previous != slot:
            self.slots[previous]["state"] = "warm"
        self.active, self.slots[slot]["state"] = slot, "active"
        self.weights = {each: 100 if each == slot else 0 for each in self.slots}
        return {"switch_ms": 1, "previous": previous}

    def _setw(self, canary_slot: str, percent: int) -> None:
        self.weights = {each: percent if each == canary_slot else 100 - percent for each in self.slots}

    def _flip(self, to_slot: str) -> dict[str, Any]:
        return self._switch(to_slot, str(self.slots[to_slot]["release"]))

    def _drain(self, slot: str) -> dict[str, Any]:
        if slot != self.active:
            self.slots[slot]["state"] = "draining"
        return {"requests": 0, "streams": 0, "sockets": 0, "runs": 0}

    def _undrain(self, slot: str) -> None:
        if self.slots[slot]["state"] == "draining":
            self.slots[slot]["state"] = "warm"

    def _stop_slot(self, slot: str) -> None:
        if slot == self.active:
            raise self.failed("deploy.slot_serves", f"{slot} serves.")
        self.slots[slot] = {"release": None, "state": "empty", "since": None}
        if self.running is not None:
            self.running.discard(slot)

    def _abandon(self, slot: str) -> None:
        if self.weights[slot] and self.active and slot != self.active:
            self._setw(slot, 0)
        self._stop_slot(slot)

    def _metrics(self, slot: str, beside: str = "") -> dict[str, Any]:
        return {"samples": self.samples(slot)} | ({"beside": self.samples(beside)} if beside else {})

    def _commit(self, release: str, deploy: str, outcome: str, note: str = "") -> None:
        self.entries.append({"release": release, "deploy": deploy, "outcome": outcome, "note": note})
        if outcome == "ok":
            self.installed[release] = True
            self.current = release

    def _ledger(self) -> dict[str, Any]:
        return {"items": self.entries}

    # The gate and the data

    def _gate_close(self, id: str, about: dict[str, Any]) -> dict[str, Any]:
        if self.gate and self.gate["stopped"]:
            return {"already": True}
        idle = "green" if self.active == "blue" else "blue"
        self.gate = {"id": id, "slot": self.active, "release": self.slots[str(self.active)]["release"], "stopped": True, **about}
        self.running = set()
        self.slots[idle] = {"release": None, "state": "empty", "since": None}
        return {"already": False}

    def _gate_stop(self) -> None:
        if self.gate is None:
            raise self.failed("deploy.open", "The gate is open.")
        self.running = set()

    def _gate_back(self) -> None:
        if self.gate is not None and self.running is not None:
            self.running.add(self.gate["slot"])

    def _gate_open(self) -> None:
        self.gate = None

    def _backups(self) -> dict[str, Any]:
        last = {"deploy": list(self.aside)[-1], "aside": f"replaced-{list(self.aside)[-1]}"} if self.aside else None
        return {"items": self.backups, "ledger": [*self.ledger_before, *self.entries], "restored": last}

    def _losses(self) -> dict[str, Any]:
        return {"lost": {"seconds": 90.0, "rows": {"runs": 3}}, "unknown_secret": False}

    def _restore(self, backup: str, id: str) -> dict[str, Any]:
        if (self.gate is None or self.running) and id not in self.aside:
            raise self.failed("db.in_use", "The database is in use.")
        if id not in self.aside:
            self.aside[id], self.data = self.data, next(each["id"] for each in self.backups if backup in {each["id"], each["path"]})
        if self.gate:
            self.gate |= {"restoring": backup, "aside": f"replaced-{id}"}
        return {"aside": f"replaced-{id}"}

    def _put_back(self, id: str) -> dict[str, Any]:
        if self.running:
            raise self.failed("db.in_use", "The database is in use.")
        self.data = self.aside.pop(id, self.data)
        if self.gate:
            self.gate |= {"restoring": None, "aside": None}
        return {}
