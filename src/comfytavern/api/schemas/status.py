"""The forms of the status page: what this server is, does and has, for its owner."""

from typing import Literal

from pydantic import ConfigDict, Field

from comfytavern.api.schemas.common import Open, Reply, Time


class SchemaState(Reply):
    """The database's level, how far it is contracted, and the level this code is written for."""

    level: int
    contracted: int
    needed: int


class DatabaseState(Reply):
    """What keeps everything."""

    kind: str
    size_bytes: int | None
    levels: SchemaState


class QueuedRun(Reply):
    """A run that is not over, whoever's it is."""

    id: str
    state: Literal["queued", "running", "waiting"]
    user: str
    workflow_name: str | None
    source: str
    created_at: Time
    started_at: Time | None
    here: bool
    """Whether this server executes it."""


class QueueState(Reply):
    """Everybody's runs on all servers: how many, and the oldest of them."""

    running: int
    waiting: int
    queued: int
    items: list[QueuedRun]


class ProcessState(Reply):
    """What this process uses; 100 percent are one core."""

    pid: int
    cpu_percent: float | None
    memory_bytes: int | None


class Disk(Reply):
    """The disk that holds the data folder."""

    folder: str
    total_bytes: int
    free_bytes: int


class MachineState(Reply):
    """What the machine has, and what all its processes together use; null where the system does not tell."""

    host: str
    cores: int
    cpu_percent: float | None
    load: list[float] | None
    """Over 1, 5 and 15 minutes."""
    memory_total_bytes: int | None
    memory_available_bytes: int | None
    disk: Disk


class ServerSeen(Reply):
    """One of the servers that share the database and its runs."""

    id: str
    release: str
    slot: str
    pid: int
    here: bool
    draining: bool
    seen_s: float
    """How many seconds ago it said that it is alive."""


class Counts(Reply):
    """What has happened since this process began."""

    requests: int
    errors: int
    """Requests answered with a status from 500."""
    exceptions: int
    runs_started: int
    runs_ok: int
    runs_failed: int
    runs_cancelled: int
    input_tokens: int
    output_tokens: int


class Status(Reply):
    """This server now."""

    id: str
    version: str
    release: str
    slot: str
    started_at: Time
    at: Time
    state: Literal["ready", "draining", "unready"]
    checks: dict[str, str]
    """Those of /ready: `ok` or what is wrong."""
    open: Open
    queue: QueueState
    process: ProcessState
    machine: MachineState
    database: DatabaseState
    servers: list[ServerSeen]
    counts: Counts


class History(Reply):
    """Up to an hour of this process, as columns of one length, oldest first. Rates and counts are of the time since the row before."""

    every_s: float
    at: list[float]
    """Seconds since 1970."""
    requests_per_s: list[float]
    errors_per_s: list[float]
    p50_ms: list[float | None]
    """Of requests, streams left out; null when there were none. Estimated from a histogram."""
    p95_ms: list[float | None]
    runs_started: list[int]
    runs_failed: list[int]
    runs_open: list[int]
    process_cpu_percent: list[float | None]
    machine_cpu_percent: list[float | None]
    process_memory_bytes: list[int | None]
    machine_memory_percent: list[float | None]


class SlotState(Reply):
    """One of the two places on a host where a release runs."""

    name: str
    release: str | None
    state: str
    since: str | None
    weight: int
    """Percent of the clients that are sent there."""
    active: bool


class InstalledRelease(Reply):
    """A release on this host."""

    id: str
    version: str
    level: int | None
    commit: str
    installed_at: Time
    current: bool
    previous_good: bool


class LedgerEntry(Reply):
    """One attempt to deploy."""

    model_config = ConfigDict(extra="ignore")

    at: str
    deploy: str
    release: str
    previous: str | None = None
    outcome: str
    note: str = ""
    by: str = ""


class Deployed(Reply):
    """What `comfytavern deploy` keeps on this host; read-only."""

    deployed: bool
    """False: this server was not deployed by it, and all the rest is empty."""
    problem: Literal["", "unreadable"] = ""
    """`unreadable`: there is something, but this process may not read it."""
    driver: str | None = None
    slots: list[SlotState] = Field(default_factory=list[SlotState])
    releases: list[InstalledRelease] = Field(default_factory=list[InstalledRelease])
    ledger: list[LedgerEntry] = Field(default_factory=list[LedgerEntry])
    """The latest attempts, newest first."""
