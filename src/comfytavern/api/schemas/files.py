"""Files by URI: user://, shared:// and project://."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from comfytavern.api.schemas.common import Body, Reply, Time

Uri = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Entry(Reply):
    """A file or a folder."""

    uri: str
    name: str
    kind: Literal["file", "folder"]
    size_bytes: int | None
    media_type: str | None
    modified_at: Time | None


class EntryPage(Reply):
    """What a folder holds, folders first."""

    items: list[Entry]
    next: str | None = None


class MoveRequest(Body):
    """Renames or moves."""

    source: Annotated[Uri, Field(alias="from")]
    target: Annotated[Uri, Field(alias="to")]
