"""What the rules and the dashboard depend on, and the names of the files that are made."""

import re
from dataclasses import dataclass, fields
from typing import Final

from comfytavern.kernel.errors import Invalid

RULES: Final = "comfytavern.rules.yml"
DASHBOARD: Final = "comfytavern.dashboard.json"
SCRAPE: Final = "prometheus.yml"
_JOB: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Watching:
    """When somebody should be told. Shares are from 0 to 1."""

    job: str = "comfytavern"
    """The job_name of the scrape."""
    error_share: float = 0.05
    slow_s: float = 2.5
    run_failed_share: float = 0.5
    model_failed_share: float = 0.25
    queue_wait_s: float = 60.0
    queue_length: int = 100
    cost_usd_per_h: float = 20.0

    def checked(self) -> "Watching":
        """Return the same. Raises `Invalid` (`monitoring.values`) for what no rule can be made of."""
        if not _JOB.fullmatch(self.job):
            raise Invalid("monitoring.values", "The job may have letters, digits, `_`, `.` and `-` only.", hint="Give --job comfytavern.")
        for field in fields(self):
            number, share = getattr(self, field.name), field.name.endswith("_share")
            if field.name != "job" and not (0 < number <= 1 if share else 0 < number < 1e9):
                name = f"--{field.name.replace('_', '-')}"
                raise Invalid(
                    "monitoring.values", f"{name} must be {'above 0, at most 1' if share else 'above 0'}.", hint="Give another number."
                )
        return self
