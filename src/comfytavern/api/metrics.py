"""What a machine may count about this process, in Prometheus' text form.

Labels are small sets: no path, no id, nothing that a client sends. Names of models are people's; the first MODELS_MAX have a label.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from comfytavern.api.labels import Known
from comfytavern.api.totals import ERROR, Totals, bounds, summed

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LONG_SECONDS: Final = (0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Of what may last: nodes, runs, calls of models, the wait for a turn."""
MODELS_MAX: Final = 50
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CLOSED: Final = frozenset({1000, 1001, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013})
"""What sockets are closed with here; a client may send any number."""

disable_created_metrics()  # A third of all lines, for a date that nobody reads.
Numbers = Callable[[], Mapping[str, float]]
Rows = Callable[[], Mapping[tuple[str, ...], float]]


class Metrics:
    """The numbers of one process, in a registry of their own."""

    def __init__(self, *, version: str = "", release: str = "", slot: str = "") -> None:
        """Begin at nought."""
        self.registry = CollectorRegistry(auto_describe=True)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"comfytavern_{name}", text, labels, registry=self.registry)

        def histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...] = LONG_SECONDS) -> Histogram:
            return Histogram(f"comfytavern_{name}", text, labels, buckets=buckets, registry=self.registry)

        self._requests = counter("http_requests_total", "Requests answered.", "method", "route", "status")
        timed = "From the first byte read to the last byte sent; streams are left out."
        self._seconds = histogram("http_request_seconds", timed, "method", "route", buckets=SECONDS)
        self._closed = counter("sockets_closed_total", "WebSockets closed; abrupt: without a closing frame.", "code", "abrupt")
        self.exceptions = counter("exceptions_total", "Exceptions nobody expected.")
        self.work = Work(counter, histogram)
        about = Gauge("comfytavern_build_info", "What runs here.", ("version", "release", "slot"), registry=self.registry)
        about.labels(version, release, slot).set(1)
        ProcessCollector(namespace="comfytavern", registry=self.registry)
        self._counted = lru_cache(maxsize=4096)(self._requests.labels)
        self._timed = lru_cache(maxsize=1024)(self._seconds.labels)

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an answer; `seconds` is None for one that may last."""
        known = method if method in METHODS else "OTHER"
        self._counted(known, route, status).inc()
        if seconds is not None:
            self._timed(known, route).observe(seconds)

    def closed(self, code: int, *, abrupt: bool) -> None:
        """Count a socket that was closed."""
        self._closed.labels(str(code) if code in CLOSED else "other", "true" if abrupt else "false").inc()

    def show(self, name: str, text: str, numbers: Callable[[], float]) -> None:
        """Ask `numbers` whenever somebody looks."""
        Gauge(f"comfytavern_{name}", text, registry=self.registry).set_function(numbers)

    def show_each(self, name: str, text: str, label: str, numbers: Numbers) -> None:
        """Ask `numbers` whenever somebody looks; one value for each value of `label`."""
        self.show_rows(name, text, (label,), lambda: {(value,): number for value, number in numbers().items()})

    def show_rows(self, name: str, text: str, labels: tuple[str, ...], rows: Rows) -> None:
        """Ask `rows` whenever somebody looks; one value for each combination of `labels`."""
        self.registry.register(_Each(f"comfytavern_{name}", text, labels, rows))

    def totals(self) -> Totals:
        """Return what was counted so far."""
        statuses = summed(self._requests, "status")
        return Totals(
            requests=sum(statuses.values()),
            errors=sum(number for status, number in statuses.items() if status.startswith(ERROR)),
            exceptions=sum(summed(self.exceptions, "").values()),
            runs_started=sum(summed(self.work.started, "").values()),
            runs=summed(self.work.runs, "state"),
            tokens=summed(self.work.tokens, "direction"),
            took=bounds(self._seconds),
        )

    def text(self) -> bytes:
        """Return everything in the text form."""
        return generate_latest(self.registry)


class Work:
    """What runs do, and the models they ask."""

    def __init__(self, counter: Callable[..., Counter], histogram: Callable[..., Histogram]) -> None:
        """Begin at nought."""
        self.started = counter("runs_started_total", "Runs that this process has begun or taken over.")
        self.runs = counter("runs_total", "Runs that are over, by how they ended.", "state")
        self.run_seconds = histogram("run_seconds", "From the start of a run to its end, waits for people included.", "state")
        self.queue_wait = histogram("queue_wait_seconds", "From the order of a run to its start.")
        self._nodes = counter("nodes_total", "Nodes that are over, by kind and by how they ended.", "kind", "state")
        self._node_seconds = histogram("node_seconds", "How long nodes ran, by kind; what the engine does in passing is left out.", "kind")
        self.tokens = counter("tokens_total", "Tokens of language models, by direction (input, output).", "model", "direction")
        self.cost = counter("cost_usd_total", "What models cost by their price lists, in US dollars.", "model")
        self.calls = counter("model_calls_total", "Calls of models, each attempt, by how they ended.", "operation", "model", "result")
        self.call_seconds = histogram("model_call_seconds", "From asking a model to the end of its answer.", "operation", "model")
        self.first_token = histogram("model_first_token_seconds", "From asking a model to its first word.", "model")
        self.model = Known(MODELS_MAX)
        """Returns the label of a model."""
        self._counted = lru_cache(maxsize=1024)(self._nodes.labels)
        self._timed = lru_cache(maxsize=256)(self._node_seconds.labels)

    def node(self, kind: str, state: str, ms: float | None) -> None:
        """Count a node that is over; `ms` is None for one that has not run."""
        self._counted(kind, state).inc()
        if ms is not None:
            self._timed(kind).observe(ms / 1000)


class _Each(Collector):
    def __init__(self, name: str, text: str, labels: tuple[str, ...], rows: Rows) -> None:
        self._about, self._labels, self._rows = (name, text), labels, rows

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(*self._about, labels=self._labels)
        for values, number in self._rows().items():
            family.add_metric(values, number)
        yield family
