"""What was counted so far, as one value; the difference of two of them is what happened in between."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.metrics import MetricWrapperBase

ERROR: Final = "5"
"""What the status of our own mistakes begins with."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers that only grow."""

    requests: int = 0
    errors: int = 0
    exceptions: int = 0
    runs_started: int = 0
    runs: Counter[str] = field(default_factory=Counter[str])
    """Those that are over, by state."""
    tokens: Counter[str] = field(default_factory=Counter[str])
    """By direction."""
    took: Counter[float] = field(default_factory=Counter[float])
    """Requests that took at most so many seconds."""

    def minus(self, before: "Totals") -> "Totals":
        """Return what was added since `before`."""
        return Totals(
            requests=self.requests - before.requests,
            errors=self.errors - before.errors,
            exceptions=self.exceptions - before.exceptions,
            runs_started=self.runs_started - before.runs_started,
            runs=self.runs - before.runs,
            tokens=self.tokens - before.tokens,
            took=Counter({bound: count - before.took[bound] for bound, count in self.took.items()}),  # Those of nought stay.
        )

    def quantile_ms(self, share: float) -> float | None:
        """Return how long at most this `share` of requests took; None when there were none.

        Between two bounds of the histogram it goes in a straight line, as Prometheus' histogram_quantile does; what took longer
        than the last bound is said to have taken that.
        """
        bounds = sorted(self.took)
        wanted = share * (self.took[bounds[-1]] if bounds else 0)
        low, below = 0.0, 0.0
        for bound in bounds:
            count = self.took[bound]
            if wanted and count >= wanted:
                return round(1000 * (low if bound == float("inf") else low + (bound - low) * (wanted - below) / (count - below)), 1)
            low, below = bound, count
        return None


def summed(metric: MetricWrapperBase, label: str) -> Counter[str]:
    """Return the numbers of a counter by `label`, over all its other labels."""
    found: Counter[str] = Counter()
    for family in metric.collect():
        for sample in family.samples:
            found[sample.labels.get(label, "")] += int(sample.value)
    return found


def bounds(metric: MetricWrapperBase) -> Counter[float]:
    """Return the buckets of a histogram over all its labels: how many were at most so large."""
    found: Counter[float] = Counter()
    for family in metric.collect():
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                found[float(sample.labels["le"])] += int(sample.value)
    return found
