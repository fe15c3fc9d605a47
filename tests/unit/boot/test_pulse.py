"""The last hour: what a row says, and that rows are few."""

from dataclasses import replace
from pathlib import Path

from comfytavern.api.metrics import Metrics
from comfytavern.boot import machine
from comfytavern.boot.machine import Reading
from comfytavern.boot.pulse import ROWS, Pulse

STILL = Reading(at=0, process_s=0, busy=0, total=0, rss_bytes=1 << 20, memory_total_bytes=1000, memory_available_bytes=250)


class Clockwork:
    """A machine that computes half of the time, on two cores, of which it is alone on one."""

    def __init__(self) -> None:
        self.at = 0.0

    def read(self) -> Reading:
        return replace(STILL, at=self.at, process_s=self.at / 2, busy=int(self.at * 50), total=int(self.at * 200))


def test_a_row_says_what_happened_since_the_one_before() -> None:
    metrics, clockwork = Metrics(), Clockwork()
    pulse = Pulse(metrics, lambda: 3, read=clockwork.read)
    for _ in range(90):
        metrics.answered("GET", "/api/session", 200, 0.08)
    for _ in range(10):
        metrics.answered("GET", "/api/runs", 503, 0.4)
    metrics.work.started.inc()
    metrics.work.runs.labels("failed").inc()
    clockwork.at = 10.0
    pulse.sample(1000.0)
    clockwork.at = 20.0
    pulse.sample(1010.0)
    found = pulse.history()
    assert (found.at, found.every_s) == ([1000.0, 1010.0], 10.0)
    assert (found.requests_per_s, found.errors_per_s) == ([10.0, 0.0], [1.0, 0.0])
    assert (found.runs_started, found.runs_failed, found.runs_open) == ([1, 0], [1, 0], [3, 3])
    assert (found.process_cpu_percent, found.machine_cpu_percent) == ([50.0, 50.0], [25.0, 25.0])
    assert found.machine_memory_percent == [75.0, 75.0]
    assert found.p50_ms[0] is not None
    assert found.p95_ms[0] is not None
    assert 50 < found.p50_ms[0] <= 100
    assert 250 < found.p95_ms[0] <= 500
    assert (found.p50_ms[1], found.p95_ms[1]) == (None, None)


def test_an_hour_is_kept_and_no_more() -> None:
    pulse = Pulse(Metrics(), lambda: 0, read=Clockwork().read)
    assert pulse.history().at == []
    for row in range(ROWS + 50):
        pulse.sample(float(row))
    assert (len(pulse.history().at), pulse.history().at[0]) == (ROWS, 50.0)


def test_the_use_of_the_processor_is_of_the_latest_seconds() -> None:
    clockwork = Clockwork()
    pulse = Pulse(Metrics(), lambda: 0, read=clockwork.read)
    clockwork.at = 2.0
    assert pulse.use()[1:] == (50.0, 25.0)
    clockwork.at = 10.0
    pulse.sample(0.0)
    clockwork.at = 10.1
    assert pulse.use()[1:] == (50.0, 25.0), "a tenth of a second says nothing: the last row is shown"


def test_streams_do_not_count_as_slow() -> None:
    metrics = Metrics()
    metrics.answered("GET", "/api/runs/{run_id}/events", 200, None)
    assert metrics.totals().quantile_ms(0.95) is None
    assert metrics.totals().requests == 1


def test_the_longest_bound_is_said_of_what_took_longer() -> None:
    metrics = Metrics()
    metrics.answered("GET", "/slow", 200, 3000.0)
    assert metrics.totals().quantile_ms(0.5) == 30_000.0


def test_the_machine_is_read_from_proc(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "stat").write_text("cpu  10 1 4 80 5 0 0 0 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    (tmp_path / "meminfo").write_text("MemTotal:  1000 kB\nMemAvailable:  400 kB\nHugePages_Total:  0\n")
    (tmp_path / "self" / "statm").write_text("100 7 3 1 0 1 0\n")
    found = machine.read(tmp_path)
    assert (found.busy, found.total) == (15, 100)
    assert (found.memory_total_bytes, found.memory_percent) == (1_024_000, 60.0)
    assert found.rss_bytes is not None
    assert found.rss_bytes % 7 == 0


def test_what_the_system_does_not_tell_is_not_made_up(tmp_path: Path) -> None:
    found = machine.read(tmp_path)
    assert (found.busy, found.rss_bytes, found.memory_percent, found.machine_percent(found)) == (None, None, None, None)
