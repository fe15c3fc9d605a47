"""A project or a workflow as one JSON document to keep, send and bring back. Format `comfytavern.project`, version 1.

    {"format": "comfytavern.project", "version": 1, "name": …, "description": …, "workflows": [
        {"id": …, "name": …, "description": …, "version": 7, "graph": {…}, "earlier": {"3": {…}}}]}

`earlier` holds those older versions that other workflows of the bundle refer to. A document that is one workflow has the format
`comfytavern.workflow` and the members of such an entry at its top. Unknown members are ignored.
"""

from typing import Any

import msgspec

from comfytavern.graph import codec
from comfytavern.graph.document import FORMAT as GRAPH_FORMAT
from comfytavern.graph.document import Graph
from comfytavern.kernel.errors import Failure, Invalid, Problem
from comfytavern.kernel.ids import new_id
from comfytavern.projects.project import clean_text, clean_title
from comfytavern.projects.references import Reference, renamed

PROJECT_FORMAT = "comfytavern.project"
WORKFLOW_FORMAT = "comfytavern.workflow"
VERSION = 1
WORKFLOWS_MAX = 1000

Json = dict[str, Any]


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One workflow of a bundle."""

    id: str = ""
    name: str
    description: str = ""
    version: int = 1
    graph: msgspec.Raw
    earlier: dict[int, msgspec.Raw] = {}


class ProjectBundle(msgspec.Struct, frozen=True, kw_only=True):
    """An exported project."""

    format: str = PROJECT_FORMAT
    version: int = VERSION
    name: str
    description: str
    workflows: list[Entry]


class WorkflowBundle(msgspec.Struct, frozen=True, kw_only=True):
    """An exported workflow."""

    format: str = WORKFLOW_FORMAT
    version: int = VERSION
    name: str
    description: str
    graph: msgspec.Raw


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow read from a bundle, with its new id; the last graph is the newest version."""

    id: str
    name: str
    description: str
    graphs: list[Graph]


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A project read from a bundle."""

    name: str
    description: str
    workflows: list[Arrival]


def read_project(document: Json) -> Parcel:
    """Return the project that a bundle holds, with new ids, references between its workflows following them.

    Raises `Invalid`: `bundle.invalid` with every problem at once, `bundle.newer` for a later format.
    """
    reader = _Reader()
    reader.header(document, PROJECT_FORMAT)
    name, description = reader.words(document, "$")
    entries = document.get("workflows")
    if not isinstance(entries, list) or len(entries) > WORKFLOWS_MAX:
        reader.complain("$.workflows", f"must be an array of at most {WORKFLOWS_MAX} workflows")
        entries = []
    arrivals = [reader.entry(entry, f"$.workflows[{index}]") for index, entry in enumerate(entries)]
    reader.finish()
    return Parcel(name=name, description=description, workflows=[reader.follow(arrival) for arrival in arrivals])


def read_workflow(document: Json) -> Arrival:
    """Return the workflow that a bundle, or a bare graph document, holds. Raises as `read_project` does."""
    if document.get("format") == GRAPH_FORMAT:
        return Arrival(id=new_id("wfl"), name="Workflow", description="", graphs=[codec.decode(document)])
    reader = _Reader()
    reader.header(document, WORKFLOW_FORMAT)
    arrival = reader.entry({key: value for key, value in document.items() if key != "version"}, "$")
    reader.finish()
    return arrival


class _Reader:
    """Collects problems, and the new names of old workflows."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.names: dict[Reference, Reference] = {}

    def complain(self, field: str, what: str) -> None:
        self.problems.append(Problem(code="bundle.malformed", message=f"{field} {what}.", place={"field": field}, params={"field": field}))

    def header(self, document: Json, format: str) -> None:
        version = document.get("version")
        if document.get("format") != format:
            self.complain("$.format", f"must be {format}")
        elif isinstance(version, int) and version > VERSION:
            raise Invalid(
                "bundle.newer", "This file was made by a newer ComfyTavern.", hint="Update ComfyTavern.", version=version, known=VERSION
            )
        elif version != VERSION:
            self.complain("$.version", f"must be {VERSION}")

    def words(self, data: Json, path: str) -> tuple[str, str]:
        cleaned: list[str] = []
        for member, clean, default in (("name", clean_title, None), ("description", clean_text, "")):
            value = data.get(member, default)
            try:
                cleaned.append(clean(value) if isinstance(value, str) else "")
            except Invalid as failure:
                self.complain(f"{path}.{member}", f"is not valid: {failure.sentence.rstrip('.')}")
                cleaned.append("")
            if not isinstance(value, str):
                self.complain(f"{path}.{member}", "must be a string")
        return cleaned[0], cleaned[1]

    def entry(self, data: Any, path: str) -> Arrival:
        arrival_id = new_id("wfl")
        if not isinstance(data, dict):
            self.complain(path, "must be an object")
            return Arrival(id=arrival_id, name="", description="", graphs=[])
        name, description = self.words(data, path)
        earlier = data.get("earlier", {})
        if not isinstance(earlier, dict) or not all(str(number).isascii() and str(number).isdigit() for number in earlier):
            self.complain(f"{path}.earlier", "must be an object of graphs by version number")
            earlier = {}
        old = sorted(((int(number), graph) for number, graph in earlier.items()), key=lambda item: item[0])
        graphs = [self.graph(graph, f"{path}.earlier.{number}") for number, graph in old]
        graphs.append(self.graph(data.get("graph"), f"{path}.graph"))
        self._name(data, path, arrival_id, [number for number, _ in old])
        return Arrival(id=arrival_id, name=name, description=description, graphs=graphs)

    def graph(self, data: Any, path: str) -> Graph:
        if not isinstance(data, dict):
            self.complain(path, "must be a graph")
            return Graph()
        try:
            return codec.decode(data)
        except Failure as failure:
            found = failure.problems or [Problem(code=failure.code, message=failure.sentence, params=failure.params)]
            self.problems += [msgspec.structs.replace(one, place=one.place | {"field": _inside(path, one)}) for one in found]
            return Graph()

    def follow(self, arrival: Arrival) -> Arrival:
        return msgspec.structs.replace(arrival, graphs=[renamed(graph, self.names) for graph in arrival.graphs])

    def finish(self) -> None:
        if self.problems:
            failure = Invalid(
                "bundle.invalid", "This file cannot be imported.", hint="Each problem names its place.", count=len(self.problems)
            )
            raise failure.with_problems(self.problems)

    def _name(self, data: Json, path: str, new: str, old_numbers: list[int]) -> None:
        old, newest = data.get("id", ""), data.get("version", 1)
        if not isinstance(old, str) or not isinstance(newest, int):
            self.complain(f"{path}.{'version' if isinstance(old, str) else 'id'}", "is of the wrong type")
        elif old:
            self._rename(old, new, [*old_numbers, newest])

    def _rename(self, old: str, new: str, numbers: list[int]) -> None:
        self.names[old, None] = (new, None)
        for position, number in enumerate(numbers, start=1):
            self.names[old, number] = (new, position)


def _inside(path: str, problem: Problem) -> str:
    return path + problem.place.get("field", "$").removeprefix("$")
