"""A graph while it is being edited: every change is recorded with what was there before, so that it can be turned round."""

from typing import Any, NoReturn

import msgspec
from msgspec.structs import replace

from comfytavern.graph.document import Body, Graph, Group, Interface
from comfytavern.graph.problems import sentence
from comfytavern.kernel.errors import Conflict, NotFound

WHAT = {"nodes": "node", "wires": "wire", "frames": "frame", "groups": "group"}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One row of one table of one body: inserted (`before` is None), removed (`after` is None) or replaced."""

    body: str
    """A group's id; empty for the document itself."""
    table: str
    """nodes, wires, frames, groups (of the document), or interface (one row)."""
    index: int = 0
    before: Any = None
    after: Any = None

    def turned(self) -> "Change":
        """Return the change that takes this one back."""
        return replace(self, before=self.after, after=self.before)


class Draft:
    """Wraps a graph, which stays as it is; `graph()` is the new one."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._rows: dict[tuple[str, str], list[Any]] = {}
        self._places: dict[tuple[str, str], dict[str, int]] = {}
        self.changes: list[Change] = []

    def graph(self) -> Graph:
        """Return the graph with all changes made so far."""
        self._flush()
        return self._graph

    def body(self, key: str) -> Body:
        """Return a body as it is now. Raises `NotFound` (`graph.edit_missing`)."""
        self._flush()
        found = self._graph if not key else next((group for group in self._graph.groups if group.id == key), None)
        return found if found is not None else _missing("group", key)

    def rows(self, body: str, table: str) -> list[Any]:
        """Return the rows of a table, not to be changed by the caller."""
        if table == "groups":  # a group's own tables may have changed meanwhile
            self._flush()
        found = self._rows.get((body, table))
        if found is None:
            of = self.body(body)
            found = self._rows[body, table] = [of.interface] if table == "interface" else list(getattr(of, table))
        return found

    def index(self, body: str, table: str, id: str) -> int:
        """Return where the first row with this id is. Raises `NotFound` (`graph.edit_missing`)."""
        places = self._places.get((body, table))
        if places is None:
            rows = self.rows(body, table)
            places = self._places[body, table] = {row.id: index for index, row in reversed(list(enumerate(rows)))}
        found = places.get(id)
        return _missing(WHAT[table], id) if found is None else found

    def has(self, body: str, table: str, id: str) -> bool:
        """Return whether there is a row with this id."""
        try:
            self.index(body, table, id)
        except NotFound:
            return False
        return True

    def find(self, body: str, table: str, id: str) -> Any:
        """Return a row by its id. Raises `NotFound` (`graph.edit_missing`)."""
        return self.rows(body, table)[self.index(body, table, id)]

    def insert(self, body: str, table: str, row: Any, index: int | None = None) -> None:
        """Insert a row, at the end by default. Raises `Conflict` (`graph.edit_taken`) when its id is taken."""
        rows = self.rows(body, table)
        if self.has(body, table, row.id):
            what = WHAT[table]
            raise Conflict("graph.edit_taken", sentence("graph.edit_taken", what=what, id=row.id), what=what, id=row.id)
        self.change(Change(body=body, table=table, index=len(rows) if index is None else max(0, min(index, len(rows))), after=row))

    def remove(self, body: str, table: str, ids: set[str]) -> None:
        """Remove all rows with these ids."""
        rows = self.rows(body, table)
        for index in reversed(range(len(rows))):
            if rows[index].id in ids:
                self.change(Change(body=body, table=table, index=index, before=rows[index]))

    def put(self, body: str, table: str, row: Any) -> None:
        """Replace the row that has the id of `row`. Raises `NotFound` (`graph.edit_missing`)."""
        index = self.index(body, table, row.id)
        before = self.rows(body, table)[index]
        if before is not row:
            self.change(Change(body=body, table=table, index=index, before=before, after=row))

    def set_interface(self, body: str, interface: Interface) -> None:
        """Replace the interface of a body."""
        self.change(Change(body=body, table="interface", before=self.body(body).interface, after=interface))

    def change(self, change: Change) -> None:
        """Make a change that fits, and record it."""
        rows = self.rows(change.body, change.table)
        if change.after is None:
            del rows[change.index]
        elif change.before is None:
            rows.insert(change.index, change.after)
        else:
            rows[change.index] = change.after
        if change.before is None or change.after is None or change.table == "interface":
            self._places.pop((change.body, change.table), None)
        self.changes.append(change)
        if change.table == "groups":
            self._flush()

    def _flush(self) -> None:
        """Write the rows back into the graph."""
        pending, self._rows = self._rows, {}
        self._places = {}
        by_body: dict[str, dict[str, Any]] = {}
        for (body, table), rows in pending.items():
            by_body.setdefault(body, {})[table] = rows[0] if table == "interface" else rows
        own = by_body.pop("", {})
        if by_body:
            groups: list[Group] = own.get("groups", self._graph.groups)
            own["groups"] = [replace(group, **by_body.pop(group.id, {})) for group in groups]
        self._graph = replace(self._graph, **own) if own else self._graph


def _missing(what: str, id: str) -> NoReturn:
    raise NotFound("graph.edit_missing", sentence("graph.edit_missing", what=what, id=id), what=what, id=id)
