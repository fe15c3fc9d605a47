"""In what two environments differ, without showing a secret: secrets are told apart by a fingerprint."""

import hashlib
from dataclasses import dataclass
from typing import Final

from comfytavern.settings import addresses
from comfytavern.settings.settings import Report
from comfytavern.settings.variables import Variable, variables

UNSET: Final = "–"
PRINT_LETTERS: Final = 8


@dataclass(frozen=True, slots=True)
class Difference:
    """One variable that is not the same on both sides, in words that may be shown."""

    name: str
    left: str
    right: str


def differences(left: Report, right: Report) -> list[Difference]:
    """Return every variable whose value differs, in the order of documents. What is not set stands for its default."""
    found: list[Difference] = []
    for variable in variables():
        one, two = (_text(report, variable) for report in (left, right))
        if (one or variable.default) != (two or variable.default):
            found.append(Difference(variable.name, shown(variable, one), shown(variable, two)))
    return found


def shown(variable: Variable, text: str) -> str:
    """Return a value as it may be shown."""
    if not text:
        return f"{UNSET} ({variable.shown})" if variable.shown else UNSET
    if variable.name == "DATABASE_URL":
        hidden = addresses.masked(text)
        return hidden if hidden == text else f"{hidden} ({fingerprint(text)})"
    return fingerprint(text) if variable.secret else text


def fingerprint(text: str) -> str:
    """Return the beginning of a digest: enough to tell two secrets apart, nothing to learn one from."""
    return f"secret {hashlib.sha256(b'comfytavern/env/' + text.encode()).hexdigest()[:PRINT_LETTERS]}"


def _text(report: Report, variable: Variable) -> str:
    value = report.found.values.get(variable.name)
    return value.text if value else ""
