"""Projects, workflows and their versions, the trash."""

from typing import Annotated, Any, Literal

from pydantic import Field

from comfytavern.api.schemas.common import Body, GraphJson, Json, Name, Reply, Time, Words

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Project(Reply):
    """A shelf of workflows."""

    id: str
    name: str
    description: str
    created_at: Time
    updated_at: Time
    trashed_at: Time | None
    workflow_count: int


class ProjectPage(Reply):
    """Projects, the latest first."""

    items: list[Project]
    next: str | None


class NewProject(Body):
    """Makes a project."""

    name: Name
    description: Words = ""


class ProjectChange(Body):
    """Changes what is given and leaves the rest."""

    name: Name | None = None
    description: Words | None = None


class WorkflowSummary(Reply):
    """A workflow without its graph."""

    id: str
    project_id: str
    name: str
    description: str
    version: int
    created_at: Time
    updated_at: Time
    trashed_at: Time | None


class Workflow(WorkflowSummary):
    """A workflow with the graph of its newest version."""

    graph: GraphJson


class WorkflowPage(Reply):
    """Workflows of a project, the latest first."""

    items: list[WorkflowSummary]
    next: str | None


class NewWorkflow(Body):
    """Makes a workflow; without a graph it is empty."""

    name: Name
    description: Words = ""
    graph: GraphJson | None = None


class WorkflowSave(Body):
    """Saves a version. `base_version` is the one that was edited: 409 `workflow.conflict` when it is not the newest any more."""

    graph: GraphJson
    base_version: Number
    name: Name | None = None
    description: Words | None = None
    note: Words = ""


class WorkflowChange(Body):
    """Renames or describes; the graph and its version stay."""

    name: Name | None = None
    description: Words | None = None
    base_version: Number | None = None


class WorkflowCopy(Body):
    """Save as: a new workflow from this one, or from the graph given (the editor's unsaved state)."""

    name: Name
    project_id: str | None = None
    graph: GraphJson | None = None


class VersionSummary(Reply):
    """One saved version."""

    version: int
    created_at: Time
    author: str
    note: str
    node_count: int


class Version(VersionSummary):
    """One saved version with its graph."""

    graph: GraphJson


class VersionPage(Reply):
    """Versions, the newest first."""

    items: list[VersionSummary]
    next: str | None


class VersionRestore(Body):
    """Makes an old version the newest one, as a new version."""

    base_version: Number


class PartChange(Reply):
    """A node, wire, frame or group that is in both versions, and the names of its members that differ."""

    id: str
    fields: list[str]


class PartsDiff(Reply):
    """What was added, removed and changed of one sort of parts, by id."""

    added: list[str]
    removed: list[str]
    changed: list[PartChange]


class WiresDiff(PartsDiff):
    """The same of wires, and the inputs `[node, port]` whose wires come in another order."""

    reordered: list[list[str]]


class InterfaceDiff(Reply):
    """What differs of a graph's own inputs and outputs."""

    inputs: PartsDiff
    outputs: PartsDiff


class BodyDiff(Reply):
    """The difference of two graphs, local groups left out."""

    nodes: PartsDiff
    wires: WiresDiff
    frames: PartsDiff
    interface: InterfaceDiff


class GroupChange(PartChange, BodyDiff):
    """A local group that is in both versions, with what changed inside."""


class GroupsDiff(Reply):
    """What was added, removed and changed of local groups."""

    added: list[str]
    removed: list[str]
    changed: list[GroupChange]


class Diff(BodyDiff):
    """The difference of two versions."""

    groups: GroupsDiff


class TrashItem(Reply):
    """Something that can be restored or deleted for good."""

    id: str
    kind: Literal["project", "workflow"]
    name: str
    project_id: str | None
    trashed_at: Time


class TrashPage(Reply):
    """The trash, the latest first."""

    items: list[TrashItem]
    next: str | None


Bundle = Json
"""An exported project or workflow: a versioned JSON document."""


class Example(Reply):
    """A workflow that opens from the start page."""

    id: str
    title: str
    description: str
    words: dict[str, Any]
    """By language tag: `{title, description}`."""
    icon: str
    nodes: int


class ExamplePage(Reply):
    """All examples in the order of the start page."""

    items: list[Example]
    next: str | None = None


class ExampleOpen(Body):
    """Where the copy goes (without a project, into the one changed last; made when there is none), and in which language.

    Without a language: the preference `locale` of the person, else what the browser accepts, else English.
    """

    project_id: str | None = None
    language: Annotated[str, Field(max_length=35)] | None = None
