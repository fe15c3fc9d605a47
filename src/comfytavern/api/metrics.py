"""What a machine may count about this process, in Prometheus' text form. Labels are closed sets: no path, no name, no id."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from comfytavern.api.totals import ERROR, Totals, bounds, summed

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CLOSED: Final = frozenset({1000, 1001, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013})
"""What sockets are closed with here; a client may send any number."""

disable_created_metrics()  # A third of all lines, for a date that nobody reads.
Numbers = Callable[[], Mapping[str, float]]


class Metrics:
    """The numbers of one process, in a registry of their own."""

    def __init__(self, *, version: str = "", release: str = "", slot: str = "") -> None:
        """Begin at nought."""
        self.registry = CollectorRegistry(auto_describe=True)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"comfytavern_{name}", text, labels, registry=self.registry)

        self._requests = counter("http_requests_total", "Requests answered.", "method", "route", "status")
        self._seconds = Histogram(
            "comfytavern_http_request_seconds",
            "From the first byte read to the last byte sent; streams are left out.",
            ("method", "route"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._closed = counter("sockets_closed_total", "WebSockets closed; abrupt: without a closing frame.", "code", "abrupt")
        self.exceptions = counter("exceptions_total", "Exceptions nobody expected.")
        self.started = counter("runs_started_total", "Runs that this process has begun or taken over.")
        self.runs = counter("runs_total", "Runs that are over, by how they ended.", "state")
        self.nodes = counter("nodes_total", "Nodes that are over, by how they ended.", "state")
        self.tokens = counter("tokens_total", "Tokens of language models, by direction (input, output).", "direction")
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
        self.registry.register(_Each(f"comfytavern_{name}", text, label, numbers))

    def totals(self) -> Totals:
        """Return what was counted so far."""
        statuses = summed(self._requests, "status")
        return Totals(
            requests=sum(statuses.values()),
            errors=sum(number for status, number in statuses.items() if status.startswith(ERROR)),
            exceptions=sum(summed(self.exceptions, "").values()),
            runs_started=sum(summed(self.started, "").values()),
            runs=summed(self.runs, "state"),
            tokens=summed(self.tokens, "direction"),
            took=bounds(self._seconds),
        )

    def text(self) -> bytes:
        """Return everything in the text form."""
        return generate_latest(self.registry)


class _Each(Collector):
    def __init__(self, name: str, text: str, label: str, numbers: Numbers) -> None:
        self._about, self._label, self._numbers = (name, text), label, numbers

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(*self._about, labels=[self._label])
        for value, number in self._numbers().items():
            family.add_metric([value], number)
        yield family
