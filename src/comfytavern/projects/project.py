"""Projects, workflows and versions, as values. Times are UTC; graphs are the exact bytes that graph/codec.py wrote."""

import unicodedata
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from comfytavern.kernel.errors import Conflict, Invalid, NotFound

NAME_MAX = 200
TEXT_MAX = 20_000


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf of workflows."""

    id: str
    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    trashed_at: datetime | None = None
    workflow_count: int = 0
    """Those that are not in the trash."""


class WorkflowSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow without its graph."""

    id: str
    project_id: str
    name: str
    description: str
    version: int
    created_at: datetime
    updated_at: datetime
    trashed_at: datetime | None = None


class Workflow(WorkflowSummary, frozen=True, kw_only=True):
    """A workflow with the graph of its newest version."""

    graph: msgspec.Raw


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One save. `author` is the id of the user who made it."""

    version: int
    created_at: datetime
    author: str
    note: str
    node_count: int


class Version(VersionSummary, frozen=True, kw_only=True):
    """One save with its graph."""

    graph: msgspec.Raw


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A graph on its way to becoming a version."""

    graph: msgspec.Raw
    node_count: int
    created_at: datetime
    author: str
    note: str = ""


class NewWorkflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow on its way in, with at least one draft; the last is the newest version."""

    id: str
    project_id: str
    name: str
    description: str
    drafts: list[Draft]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of a project or a workflow; None leaves a member as it is."""

    name: str | None = None
    description: str | None = None
    trashed: bool | None = None
    base_version: int | None = None
    """Workflows: refuse unless this is the newest version."""


class TrashItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be restored or deleted for good."""

    id: str
    kind: Literal["project", "workflow"]
    name: str
    project_id: str | None
    trashed_at: datetime


def clean_title(name: str) -> str:
    """Return a name trimmed and in Unicode's normal form. Raises `Invalid` (`projects.name`)."""
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(cleaned) <= NAME_MAX or any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in cleaned):
        raise Invalid("projects.name", f"A name has 1 to {NAME_MAX} visible characters.", maximum=NAME_MAX)
    return cleaned


def clean_text(text: str) -> str:
    """Return a description or a note. Raises `Invalid` (`projects.text`) when it is too long or no text at all."""
    if len(text) > TEXT_MAX or any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise Invalid("projects.text", f"A description has up to {TEXT_MAX} characters of text.", maximum=TEXT_MAX)
    return text


def moment(seconds: float) -> datetime:
    """Return seconds since 1970 as a time in UTC, to the microsecond."""
    return datetime.fromtimestamp(seconds, UTC)


def no_project(id: str) -> NotFound:
    """Say that there is no such project, or that it is somebody else's: that is nobody's business."""
    return NotFound("project.unknown", "There is no such project.", id=id)


def no_workflow(id: str) -> NotFound:
    """Say the same of a workflow."""
    return NotFound("workflow.unknown", "There is no such workflow.", id=id)


def no_version(id: str, number: int) -> NotFound:
    """Say that a workflow has no such version."""
    return NotFound("workflow.version_unknown", "There is no such version of this workflow.", id=id, version=number)


def stale(current_version: int) -> Conflict:
    """Say that somebody saved meanwhile."""
    return Conflict(
        "workflow.conflict",
        "The workflow was saved elsewhere meanwhile.",
        hint="Load the newest version, or save yours as a copy.",
        current_version=current_version,
    )


def in_trash(what: Literal["project", "workflow"]) -> Conflict:
    """Say that it must be restored first."""
    return Conflict(f"{what}.trashed", f"This {what} is in the trash.", hint="Restore it first.")


def effect_of(changes: Changes, found: Project | WorkflowSummary, at: datetime) -> dict[str, Any]:
    """Return the members of `found` that `changes` give another value. Words move it to the front of lists, the trash does not."""
    words = {name: new for name in ("name", "description") if (new := getattr(changes, name)) not in (None, getattr(found, name))}
    effect: dict[str, Any] = words | ({"updated_at": at} if words else {})
    if changes.trashed is not None and changes.trashed != (found.trashed_at is not None):
        effect["trashed_at"] = at if changes.trashed else None
    return effect
