"""Requests as spans (the port of api/tracing.py)."""

import time
from typing import Final

from starlette.types import Scope

from comfytavern.api.about import note
from comfytavern.api.drain import PROBES
from comfytavern.api.tracing import Traced, Tracer
from comfytavern.boot.telemetry.trace import CURRENT, Kind, Place, Put, Sampling, Span, parsed

PAGES: Final = "web"
"""The route of files of the web app: nobody wants to see them."""
FAILED: Final = 500


class Requests(Tracer):
    """Draws requests; sockets and probes are left out."""

    def __init__(self, sampling: Sampling, put: Put) -> None:
        """Draw what `sampling` chooses, to `put`."""
        self._sampling, self._put = sampling, put

    def begin(self, scope: Scope, /) -> Traced:
        """Give the request a place (Tracer.begin)."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            CURRENT.set(None)
            return UNSEEN
        parent = _parent(scope)
        place = self._sampling.below(parent)
        CURRENT.set(place)
        note(trace_id=f"{place.trace_id:032x}", span_id=f"{place.span_id:016x}")
        return _Request(self._put, place, parent, scope["state"]["request_id"]) if place.sampled else UNSEEN


class _Unseen(Traced):
    def over(self, method: str, route: str, status: int) -> None:
        pass


UNSEEN: Final = _Unseen()


class _Request(Traced):
    __slots__ = ("_began", "_parent", "_place", "_put", "_request_id")

    def __init__(self, put: Put, place: Place, parent: Place | None, request_id: str) -> None:
        self._put, self._place, self._parent, self._request_id = put, place, parent, request_id
        self._began = time.time_ns()

    def over(self, method: str, route: str, status: int) -> None:
        if route == PAGES:
            return
        about = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "comfytavern.request.id": self._request_id,
        }
        above = self._parent.span_id if self._parent else 0
        error = str(status) if status >= FAILED else ""
        name = f"{method} {route}"
        self._put(Span(name, self._place, above, above != 0, Kind.SERVER, self._began, time.time_ns(), about, error))


def _parent(scope: Scope) -> Place | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return parsed(value.decode("latin-1"))
    return None
