"""What is told of a deployment: one sentence for people, one document for programs.

Notice(event=Event.DEPLOYED, release="0.2.0+1a2b3c4", target="production", who="olive", duration_s=41.0).sentence
"production: 0.2.0+1a2b3c4 is deployed, by olive, after 41 s."
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from comfytavern.kernel.ids import new_id

FORMAT: Final = 1
CAUSE_MAX: Final = 500
Redact = Callable[[str], str]


class Event(StrEnum):
    """What became of it."""

    DEPLOYED = "deployed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that people are told. Everything but the event may be unknown, and is then left out."""

    event: Event
    release: str = ""
    target: str = ""
    url: str = ""
    who: str = ""
    duration_s: float | None = None
    cause: str = ""
    """Why it failed, or why somebody went back."""
    id: str = msgspec.field(default_factory=lambda: new_id("ntc"))
    """The same however often it is sent, so that a receiver can leave out what it has."""
    at: str = msgspec.field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def cleaned(self, redact: Redact) -> "Notice":
        """Return the notice with its texts redacted, on one line, and not too long."""

        def clean(text: str) -> str:
            line = " ".join(redact(text).split())
            return line if len(line) <= CAUSE_MAX else line[: CAUSE_MAX - 1] + "…"

        texts = {name: clean(getattr(self, name)) for name in ("release", "target", "url", "who", "cause")}
        return msgspec.structs.replace(self, **texts)

    @property
    def sentence(self) -> str:
        """Return the notice as one sentence."""
        where = f"{self.target}: " if self.target else ""
        parts = [f"{where}{self._what()}"]
        parts += [f"by {self.who}"] if self.who else []
        parts += [f"after {_span(self.duration_s)}"] if self.duration_s is not None else []
        said = ", ".join(parts) + (f" ({self.url})" if self.url else "")
        return f"{said}: {self.cause.rstrip('.')}." if self.cause else f"{said}."

    @property
    def title(self) -> str:
        """Return the shortest form, for the subject of a mail."""
        return f"{self.target}: {self._what()}" if self.target else self._what()

    def document(self) -> bytes:
        """Return the notice as JSON, for programs."""
        return msgspec.json.encode({"format": FORMAT, **msgspec.to_builtins(self), "sentence": self.sentence}, order="deterministic")

    def _what(self) -> str:
        release = self.release or "a release"
        match self.event:
            case Event.DEPLOYED:
                return f"{release} is deployed"
            case Event.FAILED:
                return f"{release} was not deployed"
            case Event.ROLLED_BACK:
                return f"back to {self.release or 'the release before'}"


def _span(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
