"""What a client may say on the socket. Read strictly: an unknown member or type is a coded error, never silence."""

from typing import Any

import msgspec
from pydantic import ValidationError

from comfytavern.api.body import refuse_nul
from comfytavern.api.problems import from_fields
from comfytavern.api.schemas.runs import RunRequest
from comfytavern.kernel.errors import Invalid


class Spoken(msgspec.Struct, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """What all messages share: `ref` comes back with the answer or the error."""

    ref: Any = None


class Watch(Spoken, tag="watch"):
    """Send events of a run, those after `after` first."""

    run: str
    after: int = 0


class Unwatch(Spoken, tag="unwatch"):
    """Send no more of them."""

    run: str


class Cancel(Spoken, tag="cancel"):
    """Stop a run, or one node of it."""

    run: str
    path: str | None = None


class Answer(Spoken, tag="answer"):
    """Answer a question."""

    run: str
    token: str
    value: Any = None


class Ping(Spoken, tag="ping"):
    """Ask for a sign of life."""


class Start(msgspec.Struct, kw_only=True, tag_field="type", tag="start"):
    """Start a run; the other members are those of POST /api/runs."""

    ref: Any = None
    body: dict[str, Any] = {}

    def request(self) -> RunRequest:
        """Return what to start. Raises `Invalid` (`api.invalid`) with every problem."""
        try:
            return RunRequest.model_validate(self.body)
        except ValidationError as error:
            raise from_fields(error.errors(include_url=False)) from error


Wish = Start | Watch | Unwatch | Cancel | Answer | Ping
_OTHERS = msgspec.json.Decoder(Watch | Unwatch | Cancel | Answer | Ping)


def read_wish(text: str) -> Wish:
    """Return what the client wants. Raises `Invalid`: `api.json`, `api.nul`, and `api.message` for what is not one of ours."""
    try:
        message = msgspec.json.decode(text)
        refuse_nul(text.encode(), message)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("api.json", "The message is not valid JSON.") from error
    if isinstance(message, dict) and message.get("type") == "start":
        return Start(ref=message.pop("ref", None), body={name: value for name, value in message.items() if name != "type"})
    try:
        return _OTHERS.decode(text)
    except msgspec.ValidationError as error:
        raise Invalid("api.message", f"The message is not one of those known here: {error}.") from error
