"""What a database error means to the person who runs the product."""

from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004 -- the pool's own: all connections are in use

from comfytavern.kernel.errors import Busy, Conflict, Failure, Unavailable

_SQLITE = {
    "SQLITE_FULL": "disk_full",
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
    "SQLITE_CORRUPT": "corrupt",
    "SQLITE_NOTADB": "corrupt",
    "SQLITE_READONLY": "read_only",
    "SQLITE_PERM": "read_only",
    "SQLITE_CANTOPEN": "unreachable",
    "SQLITE_IOERR": "io",
}
_SQLSTATE = {"53100": "disk_full", "55P03": "locked", "XX001": "corrupt", "XX002": "corrupt", "25006": "read_only", "57P03": "unreachable"}
_WORDS = {
    "disk_full": ("The disk that holds the database is full.", "Free some space; nothing that was saved is lost."),
    "locked": ("The database is in use by another program.", "Stop the other program that uses this database, then try again."),
    "corrupt": ("The database file is damaged.", "It was left as it is. Restore a backup from the folder backups beside it."),
    "newer": (
        "The database was written by a newer version of ComfyTavern.",
        "Start that version, or restore the backup made before the upgrade.",
    ),
    "read_only": ("The database may not be written to.", "Give this program the right to write to the database and its folder."),
    "unreachable": ("The database cannot be opened.", "Check that its folder or server exists and may be used by this program."),
    "io": ("The disk that holds the database reported an error.", "Check the disk; nothing that was saved is lost."),
}


def fault(what: str, detail: str = "") -> Failure:
    """Return the failure `store.<what>` in words a person can act on; `detail` is for the log."""
    sentence, hint = _WORDS[what]
    return Unavailable(f"store.{what}", sentence, hint=hint, **({"detail": detail} if detail else {}))


def in_use(who: list[str]) -> Failure:
    """Return the failure for a database that somebody uses and that must be free."""
    hint = "Stop them first: nothing may serve while a database is replaced."
    return Conflict("db.in_use", f"The database is in use: {'; '.join(who)}.", hint=hint, holders=who)


def explained(error: DBAPIError | TimeoutError) -> Failure | None:
    """Return the failure that `error` means, or None when it is a bug of ours."""
    if isinstance(error, TimeoutError):
        return Busy("store.busy", "The database is too busy.", hint="Try again in a few seconds.", retry_after_s=5)
    what = _meaning(error.orig) or ("unreachable" if error.connection_invalidated else None)
    return fault(what, str(error.orig)) if what else None


def _meaning(original: BaseException | None) -> str | None:
    if original is None:
        return None
    name = getattr(original, "sqlite_errorname", None)
    if isinstance(name, str):
        return next((what for known, what in _SQLITE.items() if name == known or name.startswith(f"{known}_")), None)
    state = getattr(original, "sqlstate", None)
    if isinstance(state, str):
        return "unreachable" if state.startswith("08") else _SQLSTATE.get(state)
    return "unreachable" if type(original).__name__ == "OperationalError" else None
