"""What one look at an installation found, as values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and its outcome. `sentence` says what was seen, `hint` what to do; `ms` how long it took."""

    check: str
    verdict: Verdict
    sentence: str
    hint: str = ""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about `url`, in the order of the checks; `ms` is the time of the whole."""

    url: str
    findings: tuple[Finding, ...]
    ms: float

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed; warnings and skipped checks do not count."""
        return all(finding.verdict is not Verdict.FAIL for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        findings = [
            {"check": each.check, "verdict": each.verdict.value, "sentence": each.sentence, "hint": each.hint, "ms": round(each.ms, 1)}
            for each in self.findings
        ]
        return {"url": self.url, "ok": self.ok, "ms": round(self.ms, 1), "findings": findings}


class Fault(Exception):
    """A check failed. The message is the sentence."""

    verdict = Verdict.FAIL

    def __init__(self, sentence: str, hint: str = "") -> None:
        """Take what was seen and what to do about it."""
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class Worry(Fault):
    """Not broken, and not as it should be."""

    verdict = Verdict.WARN


class Left(Fault):
    """The check could not be made; the sentence says why."""

    verdict = Verdict.SKIP
