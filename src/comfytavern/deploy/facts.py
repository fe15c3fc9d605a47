"""What a host says about itself, parsed once. Unknown members are left alone: an older or newer agent may say less or more."""

from typing import Any, Literal

import msgspec

from comfytavern.deploy.errors import DeployFailed

SlotName = Literal["blue", "green"]
SLOTS: tuple[SlotName, SlotName] = ("blue", "green")
RUNNING = frozenset({"ready", "active", "warm", "draining"})
"""States of a slot in which its release answers."""


class Slot(msgspec.Struct, frozen=True):
    """One of the two places in which a release runs."""

    release: str | None = None
    state: Literal["empty", "starting", "ready", "active", "warm", "draining", "failed"] = "empty"
    since: str | None = None


class State(msgspec.Struct, frozen=True):
    """What runs and what serves."""

    active: SlotName | None = None
    previous: SlotName | None = None
    current: str | None = None
    """The release that was written down last."""
    previous_good: str | None = None
    driver: str | None = None
    slots: dict[str, Slot] = {}
    weights: dict[str, int] = {}
    deploy: str | None = None

    def slot(self, name: str) -> Slot:
        """Return one of the slots."""
        return self.slots.get(name, Slot())


class Levels(msgspec.Struct, frozen=True):
    """Which databases a release runs on: those that it or a newer one has expanded, and that nobody has contracted beyond it."""

    level: int = 0
    min: int = 0
    max: int | None = None

    def problem(self, level: int, contracted: int) -> str:
        """Return why it cannot run on a database, as the end of a sentence; empty when it can."""
        if contracted > self.level or (self.max is not None and level > self.max):
            return f"too new (level {level}, contracted to {contracted}) for a release of level {self.level}"
        return f"too old (level {level}) for a release of level {self.level}" if level < self.level else ""


class Installed(msgspec.Struct, frozen=True):
    """A release that can be started."""

    id: str
    installed_at: str | None = None
    good: bool = False
    schema: Levels | None = None
    """Unknown of those that an older agent has installed."""


class Gate(msgspec.Struct, frozen=True):
    """Why a host lets nobody in: its data is being replaced (see agent/gate.py, strategies/restore.py)."""

    id: str
    slot: SlotName
    release: str
    """What served when it was closed."""
    at: str = ""
    stopped: bool = False
    target: str = ""
    backup: str = ""
    backup_id: str = ""
    taken_at: float = 0.0
    host: str = ""
    """The host that has the backup and puts it back."""
    restoring: str | None = None
    """That was begun here."""
    aside: str | None = None
    """That was done here, and this is where the replaced database is."""


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock of a host."""

    user: str = "?"
    host: str = "?"
    pid: int = 0
    deploy: str = ""
    fence: int = 0
    since: str = ""
    silent_s: float = 0.0
    expired: bool = False


class Certificate(msgspec.Struct, frozen=True):
    """The certificate of the site: the one of the spec, as it is on the host."""

    path: str
    key: str | None = None
    state: Literal["fits", "missing", "strange", "other_key"] = "fits"
    what: str | None = None
    """The file that is missing or strange."""
    expires_at: str | None = None
    covers: bool | None = None
    """Whether it is for our domain; None when there is no domain."""


class Migrated(msgspec.Struct, frozen=True):
    """How far the database has come, and what it cannot go back behind."""

    level: int = 0
    contracted: int | None = None
    """Nothing was ever taken away: None."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a plan depends on."""

    hostname: str = ""
    user: str = "root"
    python: str = ""
    python_tag: str = ""
    arch: str = "x86_64"
    disk_free_bytes: int = 0
    clock: str = ""
    nginx: str | None = None
    ipv6: bool = False
    """Whether it can listen on IPv6. An older agent does not say; it is asked again by the one that is sent before anything is written."""
    managers: dict[str, str | None] = {}
    state: State = State()
    releases: tuple[Installed, ...] = ()
    lock: Holder | None = None
    gate: Gate | None = None
    """Closed; None when it is open."""
    env_names: tuple[str, ...] = ()
    certificate: Certificate | None = None
    site_sha256: str | None = None
    migration: Migrated | None = None

    @property
    def active(self) -> str | None:
        """The release that serves."""
        return self.state.slot(self.state.active).release if self.state.active else None

    @property
    def idle(self) -> SlotName:
        """The slot that does not serve."""
        return "green" if self.state.active == "blue" else "blue"

    @property
    def spare(self) -> Slot:
        """What is in the slot that does not serve."""
        return self.state.slot(self.idle)

    @property
    def mixed(self) -> bool:
        """Tell whether two releases serve at once."""
        return sum(weight > 0 for weight in self.state.weights.values()) > 1

    @property
    def switched(self) -> bool:
        """Tell whether another slot serves than when the gate was closed."""
        return self.gate is not None and self.state.active != self.gate.slot

    def has(self, release: str) -> bool:
        """Tell whether a release can be started here."""
        return any(each.id == release for each in self.releases)

    def levels(self, release: str) -> Levels | None:
        """Return which databases an installed release runs on; None when that is not known."""
        return next((each.schema for each in self.releases if each.id == release), None)


def facts_of(host: str, said: dict[str, Any]) -> Facts:
    """Return what the agent of `host` said. Raises `DeployFailed` (`deploy.bad_answer`)."""
    try:
        return msgspec.convert(said, Facts, strict=False)
    except msgspec.ValidationError as error:
        raise DeployFailed("deploy.bad_answer", f"{host}: the agent's facts make no sense: {error}.", host=host) from error
