"""Calls of models as spans (the port of llm/watch.py), by OpenTelemetry's words for generative AI. Nothing that is said is drawn."""

import time
from collections.abc import Mapping

from comfytavern.boot.meter import NONE
from comfytavern.boot.telemetry.runs import RunTrace, RunTraces
from comfytavern.boot.telemetry.trace import Kind, Place, Put, Sampling, Span, Value, new_span_id, span_id_of
from comfytavern.llm.reply import Usage
from comfytavern.llm.watch import CANCELLED, OK, Asked, Call, Watch


class ModelCalls(Watch):
    """Draws each attempt below the node that makes it."""

    def __init__(self, traces: RunTraces, sampling: Sampling, put: Put, *, tell_provider: bool) -> None:
        """`tell_provider`: whether model services get a `traceparent`."""
        self._traces, self._sampling, self._put, self._tell = traces, sampling, put, tell_provider

    def begin(self, asked: Asked, /) -> Call:
        """Give the call a place (Watch.begin)."""
        trace = self._traces.of(asked.run_id) if asked.run_id else None
        above = self._sampling.below(None) if trace is None else trace.place
        place = Place(above.trace_id, new_span_id(), above.sampled)
        headers = {"traceparent": place.traceparent} if self._tell else NONE
        return _Drawn(self._put, asked, place, trace, headers)


class _Drawn(Call):
    def __init__(self, put: Put, asked: Asked, place: Place, trace: RunTrace | None, headers: Mapping[str, str]) -> None:
        self._put, self._asked, self._place, self._trace, self._headers = put, asked, place, trace, headers
        self._began, self._first = time.time_ns(), 0

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    def first(self) -> None:
        self._first = time.time_ns()

    def over(self, result: str, usage: Usage | None, /) -> None:
        if not self._place.sampled:
            return
        asked, ended, above = self._asked, time.time_ns(), 0
        if self._trace is not None:
            above = span_id_of(self._trace.place, asked.path)
            began, _ = self._trace.earliest.get(asked.path, (self._began, 0))
            self._trace.earliest[asked.path] = (min(began, self._began), ended)
        name = f"{asked.operation} {asked.model}"
        error = "" if result in {OK, CANCELLED} else result
        self._put(Span(name, self._place, above, False, Kind.CLIENT, self._began, ended, self._about(usage, result), error))

    def _about(self, usage: Usage | None, result: str) -> dict[str, Value]:
        asked = self._asked
        about: dict[str, Value] = {
            "gen_ai.operation.name": asked.operation,
            "gen_ai.request.model": asked.model,
            "gen_ai.provider.name": asked.provider,
            "comfytavern.model.result": result,
        }
        if asked.host:
            about["server.address"] = asked.host
        if self._first:
            about["comfytavern.model.first_token_s"] = round((self._first - self._began) / 1e9, 4)
        if usage is not None:
            about |= {"gen_ai.usage.input_tokens": usage.input_tokens, "gen_ai.usage.output_tokens": usage.output_tokens}
            if usage.cost_usd is not None:
                about["comfytavern.cost_usd"] = usage.cost_usd
        return about
