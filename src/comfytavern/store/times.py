"""The clock of the database: the one on which servers with clocks of their own agree."""

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement


class database_time(FunctionElement[float]):  # noqa: N801 -- it is used like a function of SQL
    """Seconds since 1970, at the moment of the statement."""

    type = Double()
    inherit_cache = True


@compiles(database_time, "sqlite")
def _sqlite(_element: Any, _compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_time)
def _server(_element: Any, _compiler: Any, **_: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
