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
    previous_good: str | None = None
    driver: str | None = None
    slots: dict[str, Slot] = {}
    weights: dict[str, int] = {}
    deploy: str | None = None

    def slot(self, name: str) -> Slot:
        """Return one of the slots."""
        return self.slots.get(name, Slot())


class Installed(msgspec.Struct, frozen=True):
    """A release that can be started."""

    id: str
    installed_at: str | None = None
    good: bool = False


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
    managers: dict[str, str | None] = {}
    state: State = State()
    releases: tuple[Installed, ...] = ()
    lock: Holder | None = None
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

    def has(self, release: str) -> bool:
        """Tell whether a release can be started here."""
        return any(each.id == release for each in self.releases)


def facts_of(host: str, said: dict[str, Any]) -> Facts:
    """Return what the agent of `host` said. Raises `DeployFailed` (`deploy.bad_answer`)."""
    try:
        return msgspec.convert(said, Facts, strict=False)
    except msgspec.ValidationError as error:
        raise DeployFailed("deploy.bad_answer", f"{host}: the agent's facts make no sense: {error}.", host=host) from error
