"""What a migration would do, without a database: so that a test can say whether servers of the release before it could go on."""

import importlib.util
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations, ops
from alembic.operations.base import AbstractOperations

WRITES = ("INSERT", "UPDATE")


def operations(file: Path) -> list[Any]:
    """Return what the `upgrade` of a revision does, in order. Raises when it asks the database: then nobody can tell beforehand."""
    spec = importlib.util.spec_from_file_location(f"revision_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with _recorded() as done:
        module.upgrade()
    return done


def unsafe(done: list[Any]) -> list[str]:
    """Return what of that a server of the release before could not live with; in an expand revision there must be none."""
    new = {each.table_name for each in done if isinstance(each, ops.CreateTableOp)}
    return [sentence for each in done if (sentence := _problem(each, new))]


def _problem(each: Any, new: set[str]) -> str:
    table = str(getattr(each, "table_name", "") or getattr(each, "source_table", "") or "")
    if table in new:
        return ""
    match each:
        case ops.CreateTableOp() | ops.BulkInsertOp():
            return ""
        case ops.AddColumnOp():
            column = each.column
            given = column.nullable or column.server_default is not None
            plain = not column.foreign_keys and not column.unique and not column.primary_key
            return "" if given and plain else f"{table}.{column.name} is added and servers of before do not fill it in"
        case ops.CreateIndexOp():
            return f"the index {each.index_name} is unique" if each.unique else ""
        case ops.ExecuteSQLOp():
            words = str(each.sqltext).strip()
            return "" if words.upper().startswith(WRITES) else f"SQL that is neither INSERT nor UPDATE: {words[:60]}"
        case _:
            return f"{type(each).__name__} on {table or 'the database'}"


@contextmanager
def _recorded() -> Generator[list[Any]]:
    done: list[Any] = []

    def record(_self: AbstractOperations, operation: Any) -> None:
        done.append(operation)

    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    real, AbstractOperations.invoke = AbstractOperations.invoke, record  # pyright: ignore[reportAttributeAccessIssue] -- put back below
    try:
        with Operations.context(context):
            yield done
    finally:
        AbstractOperations.invoke = real
