"""Some events of a run in a row, encoded once for the journal and for every client."""

from typing import Any

import msgspec

from comfytavern.kernel.events import RunEvent

_decoder = msgspec.json.Decoder(list[RunEvent])


class Batch:
    """Events `first` to `last`; `body` is their JSON array. Never changed."""

    __slots__ = ("_events", "body", "first", "last")

    def __init__(self, first: int, last: int, body: bytes, events: list[RunEvent] | None = None) -> None:
        """Hold `body`, and `events` when they are at hand."""
        self.first = first
        self.last = last
        self.body = body
        self._events = events

    @property
    def events(self) -> list[RunEvent]:
        """The events as values, made once for all who ask."""
        if self._events is None:
            self._events = _decoder.decode(self.body)
        return self._events

    def after(self, seq: int) -> list[RunEvent]:
        """Return the events after `seq`."""
        return self.events if seq < self.first else self.events[seq + 1 - self.first :]


def batch_of(events: list[RunEvent]) -> Batch:
    """Return events, at least one, whose numbers have no gap, as a batch."""
    return Batch(events[0].seq, events[-1].seq, _encode(events), events)


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
