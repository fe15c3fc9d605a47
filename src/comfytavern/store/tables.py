"""Every table. Times are seconds since 1970 (UTC); large values are bytes that the rooms above encode; names are portable.

`store/migrations` must make exactly these (a test compares them).
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A time in UTC, kept as seconds since 1970: all databases sort and compare that alike."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> float | None:  # noqa: ARG002 -- the signature is SQLAlchemy's
        """Return the seconds."""
        return value.timestamp() if value is not None else None

    def process_result_value(self, value: float | None, dialect: Any) -> datetime | None:  # noqa: ARG002 -- as above
        """Return the time, to the microsecond."""
        return datetime.fromtimestamp(value, UTC) if value is not None else None


def _id(name: str = "id") -> Column[str]:
    return Column(name, String(40), primary_key=True)


def _ref(name: str, target: str, *, key: bool = False, null: bool = False) -> Column[str]:
    """A reference that goes with what it refers to."""
    return Column(name, String(40), ForeignKey(target, ondelete="CASCADE"), primary_key=key, nullable=null)


# accounts

users = Table(
    "users",
    metadata,
    _id(),
    Column("name", String(64), nullable=False),
    Column("name_key", String(200), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("preferences", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
)
sessions = Table(
    "sessions",
    metadata,
    _id(),
    _ref("user_id", "users.id"),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", String(256), nullable=False),
    Index(None, "user_id"),
)
setup_tokens = Table(
    "setup_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("created_at", Double, nullable=False),
)

# projects

blobs = Table(
    "blobs",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""Graphs as the codec encodes them, each once, by the BLAKE3 digest of its bytes."""

projects = Table(
    "projects",
    metadata,
    _id(),
    _ref("owner_id", "users.id"),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("trashed_at", Moment),
    Index(None, "owner_id", "updated_at"),
)
workflows = Table(
    "workflows",
    metadata,
    _id(),
    _ref("owner_id", "users.id"),
    _ref("project_id", "projects.id"),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("trashed_at", Moment),
    Index(None, "project_id", "updated_at"),
    Index(None, "owner_id"),
)
versions = Table(
    "versions",
    metadata,
    _ref("workflow_id", "workflows.id", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), ForeignKey("blobs.digest"), nullable=False),
    Column("author", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("node_count", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "digest"),
)

# runs

runs = Table(
    "runs",
    metadata,
    _id(),
    _ref("owner_id", "users.id"),
    _ref("project_id", "projects.id", null=True),
    _ref("workflow_id", "workflows.id", null=True),
    Column("workflow_name", String(200), nullable=False),
    Column("version", Integer),
    Column("digest", String(64), ForeignKey("blobs.digest"), nullable=False),
    Column("order", LargeBinary, nullable=False),
    Column("source", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("tokens", BigInteger, nullable=False),
    Column("cost_usd", Double),
    Column("error", JSON),
    Column("shown", LargeBinary),
    Column("due_at", Double),
    Column("executor", String(40)),
    Column("lease", Integer, nullable=False, server_default="0"),
    Column("moved_at", Double),
    Index(None, "owner_id", "created_at"),
    Index(None, "workflow_id", "created_at"),
    Index(None, "project_id"),
    Index(None, "digest"),
    Index(None, "state"),
    Index(None, "moved_at"),
)
"""`order` is what was asked for, `shown` the fold of all its events once it has ended, `due_at` when the clock answers a wait.

`executor` is the server that executes it; `lease` grows whenever another one takes it over. `moved_at` is when its state changed last,
by the clock of the database.
"""

executors = Table(
    "executors",
    metadata,
    _id(),
    Column("release", String(64), nullable=False),
    Column("slot", String(16), nullable=False),
    Column("host", String(120), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("draining", Boolean, nullable=False),
    Column("seen_at", Double, nullable=False),
)
"""Servers that share the runs, and when each was seen alive, by the clock of the database."""

run_commands = Table(
    "run_commands",
    metadata,
    _id(),
    _ref("run_id", "runs.id"),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("begun", Integer),
    Column("outcome", LargeBinary),
    Index(None, "run_id"),
)
"""What one server asks of the one that executes a run; `begun` is the lease under which that one began."""

run_events = Table(
    "run_events",
    metadata,
    _ref("run_id", "runs.id", key=True),
    Column("last_seq", Integer, primary_key=True, autoincrement=False),
    Column("first_seq", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Batches of events as they were shown, one row for each."""

run_records = Table(
    "run_records",
    metadata,
    _ref("run_id", "runs.id", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("path_key", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "run_id", "path_key"),
)
"""The journal of a run: what has been done, and need not be done again. `path_key` is a digest of the node's path."""

# llm

channels = Table(
    "channels",
    metadata,
    _id(),
    _ref("owner_id", "users.id"),
    Column("name", Text, nullable=False),
    Column("provider", String(64), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("base_url", Text, nullable=False),
    Column("key", LargeBinary),
    Column("headers", LargeBinary),
    Column("models", LargeBinary, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("fallback", Boolean, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Index(None, "owner_id"),
)
"""`key` and `headers` are sealed by the room `llm`, never here."""

# settings

settings = Table(
    "settings",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("updated_at", Double, nullable=False),
)

# the shape of all this

schema_state = Table(
    "schema_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("level", Integer, nullable=False),
    Column("contracted", Integer, nullable=False),
)
"""One row (1): which level the tables have reached, and the lowest level of code that can still run on them (phases.py)."""
