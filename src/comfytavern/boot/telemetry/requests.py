"""Requests as spans (the port of api/tracing.py)."""

import time
from typing import Final

from starlette.types import Scope

from comfytavern.api.about import ABOUT, note
from comfytavern.api.drain import PROBES
from comfytavern.api.tracing import Drawn, Traced, Tracer
from comfytavern.boot.telemetry.trace import CURRENT, Kind, Place, Put, Sampling, Span, parsed

PAGES: Final = "web"
"""The route of files of the web app: nobody wants to see them."""
FAILED: Final = 500


class Requests(Tracer):
    """Draws requests, and the messages of sockets; probes are left out."""

    def __init__(self, sampling: Sampling, put: Put) -> None:
        """Draw what `sampling` chooses, to `put`."""
        self._sampling, self._put = sampling, put

    def begin(self, scope: Scope, /) -> Traced:
        """Give the request a place (Tracer.begin)."""
        if scope["path"] in PROBES:
            CURRENT.set(None)
            return UNSEEN
        parent = _parent(scope)
        place = self._sampling.below(parent)
        # What a socket does for hours is not done by its handshake: each message has a trace of its own, linked to it.
        CURRENT.set(place if scope["type"] == "http" else None)
        note(trace_id=f"{place.trace_id:032x}", span_id=f"{place.span_id:016x}")
        return _Request(self._sampling, self._put, place, parent, scope["state"]["request_id"])


class _Unheard(Drawn):
    def over(self, error: str = "") -> None:
        pass


class _Unseen(Traced):
    def over(self, method: str, route: str, status: int) -> None:
        pass

    def message(self, kind: str, /) -> Drawn:  # noqa: ARG002 -- probes are no sockets
        return _Unheard()


UNSEEN: Final = _Unseen()


class _Request(Traced):
    __slots__ = ("_began", "_parent", "_place", "_put", "_request_id", "_sampling")

    def __init__(self, sampling: Sampling, put: Put, place: Place, parent: Place | None, request_id: str) -> None:
        self._sampling, self._put, self._place, self._parent, self._request_id = sampling, put, place, parent, request_id
        self._began = time.time_ns()

    def over(self, method: str, route: str, status: int) -> None:
        if route == PAGES or not self._place.sampled:
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

    def message(self, kind: str, /) -> Drawn:
        place = self._sampling.beside(self._place)
        return _Message(self._put, place, self._place, kind, self._request_id)


class _Message(Drawn):
    """Work on one message; runs that it orders lie below it, also where it is not drawn: then they are not either."""

    __slots__ = ("_about", "_before", "_began", "_kind", "_known", "_link", "_place", "_put")

    def __init__(self, put: Put, place: Place, link: Place, kind: str, request_id: str) -> None:
        self._put, self._place, self._link, self._kind = put, place, link, kind
        self._about = {"comfytavern.request.id": request_id, "comfytavern.message": kind}
        self._before = CURRENT.set(place)
        self._known = ABOUT.set((ABOUT.get() or {}) | {"trace_id": f"{place.trace_id:032x}", "span_id": f"{place.span_id:016x}"})
        self._began = time.time_ns()

    def over(self, error: str = "") -> None:
        CURRENT.reset(self._before)
        ABOUT.reset(self._known)
        if self._place.sampled:
            name = f"ws {self._kind}"
            self._put(Span(name, self._place, 0, False, Kind.SERVER, self._began, time.time_ns(), self._about, error, self._link))


def _parent(scope: Scope) -> Place | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return parsed(value.decode("latin-1"))
    return None
