"""Everything that is kept of runs, in one database."""

from comfytavern.projects.repo import Archive
from comfytavern.store.appender import Appender
from comfytavern.store.database import Database
from comfytavern.store.engine import SqlLog
from comfytavern.store.leases import SqlCommands, SqlLeases
from comfytavern.store.runs import SqlEvents, SqlHistory, SqlRuns


def archive(database: Database) -> Archive:
    """Return the adapters over `database`; what they append shares transactions."""
    appender = Appender(database)
    return Archive(
        runs=SqlRuns(database),
        history=SqlHistory(database),
        events=SqlEvents(database, appender),
        journal=SqlLog(database, appender),
        leases=SqlLeases(database),
        commands=SqlCommands(database),
    )
