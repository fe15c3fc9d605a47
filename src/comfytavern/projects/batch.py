"""Some events of a run in a row, encoded once for the journal and for every client."""

from collections.abc import Sequence
from typing import Any

import msgspec

from comfytavern.kernel.events import RunEvent

_decoder = msgspec.json.Decoder(list[RunEvent])


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Events `first` to `last`; `body` is their JSON array."""

    first: int
    last: int
    body: bytes

    @property
    def events(self) -> list[RunEvent]:
        """The events as values."""
        return _decoder.decode(self.body)

    def after(self, seq: int) -> "Batch | None":
        """Return the part after `seq`; None when there is none."""
        if seq < self.first:
            return self
        return batch_of(self.events[seq + 1 - self.first :]) if seq < self.last else None


def batch_of(events: Sequence[RunEvent]) -> Batch:
    """Return events, at least one, whose numbers have no gap, as a batch."""
    return Batch(first=events[0].seq, last=events[-1].seq, body=_encode(list(events)))


def _encode(events: list[RunEvent]) -> bytes:
    """Write events; a value that JSON has no word for is shown by its Python form, for a run must not fail by being watched."""
    try:
        return msgspec.json.encode(events, enc_hook=repr)
    except (OverflowError, RecursionError, UnicodeError, ValueError, TypeError):
        return msgspec.json.encode([_plain(event) for event in events])


def _plain(event: RunEvent) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": type(event).__struct_config__.tag}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        try:
            fields[name] = msgspec.json.decode(msgspec.json.encode(value, enc_hook=repr))
        except (OverflowError, RecursionError, UnicodeError, ValueError, TypeError):
            fields[name] = [[node[0], node[1], node[2], None] for node in value] if name == "nodes" else None
    return fields
