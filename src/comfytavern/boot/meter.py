"""Counts calls of models (the port of llm/watch.py)."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from types import MappingProxyType
from typing import Final

from comfytavern.api.metrics import Work
from comfytavern.llm.reply import Usage
from comfytavern.llm.watch import Asked, Call, Watch

NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Meter(Watch):
    """Counts in the metrics of the process."""

    def __init__(self, work: Work) -> None:
        """Count in `work`."""
        self._work = work

    def begin(self, asked: Asked, /) -> Call:
        """Look at the clock (Watch.begin)."""
        return _Metered(self._work, asked.operation, self._work.model(asked.model))


class _Metered(Call):
    def __init__(self, work: Work, operation: str, model: str) -> None:
        self._work, self._operation, self._model = work, operation, model
        self._began = perf_counter()

    @property
    def headers(self) -> Mapping[str, str]:
        return NONE

    def first(self) -> None:
        self._work.first_token.labels(self._model).observe(perf_counter() - self._began)

    def over(self, result: str, usage: Usage | None, /) -> None:  # noqa: ARG002 -- tokens are counted where nodes account for them
        self._work.calls.labels(self._operation, self._model, result).inc()
        self._work.call_seconds.labels(self._operation, self._model).observe(perf_counter() - self._began)


class All(Watch):
    """Tells several."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        """Tell `watches`, in their order."""
        self._watches = watches

    def begin(self, asked: Asked, /) -> Call:
        """Tell all (Watch.begin)."""
        return _AllCalls([watch.begin(asked) for watch in self._watches])


class _AllCalls(Call):
    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls
        self._headers = {name: value for call in calls for name, value in call.headers.items()}

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    def first(self) -> None:
        for call in self._calls:
            call.first()

    def over(self, result: str, usage: Usage | None, /) -> None:
        for call in self._calls:
            call.over(result, usage)
