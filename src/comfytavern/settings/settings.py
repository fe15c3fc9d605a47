"""Reading the settings of a process, and saying everything that is wrong with them at once.

Every variable is documented in docs/reference/settings.md (generated from fields.py).
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from comfytavern.kernel.errors import Invalid, Problem
from comfytavern.kernel.secret import MASK
from comfytavern.settings import addresses, rules, sources
from comfytavern.settings.clouds.reference import looks_like_one
from comfytavern.settings.fields import Settings
from comfytavern.settings.sources import Found, Trouble, Value
from comfytavern.settings.variables import by_name, schema, variable_of, variables

__all__ = ["Report", "Settings", "examine", "read", "schema", "variable_of", "variables"]

ENV_FILE: Final = Path(".env")
SHOWN_LETTERS: Final = 60


@dataclass(frozen=True, slots=True)
class Report:
    """What an environment says: settings, or every error; and what is probably not meant."""

    settings: Settings | None
    errors: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])
    found: Found = field(default_factory=Found)


def read(**given: Any) -> Settings:
    """Return the settings of this process; `given` (by field name, None left out) wins over the environment.

    Raises `Invalid` (`settings.invalid`) with one problem for every bad value, by the variable's name.
    """
    report = examine(os.environ, ENV_FILE, **given)
    if report.settings is None:
        sentence = "Some settings have values that cannot be used."
        raise Invalid("settings.invalid", sentence, hint="See docs/reference/settings.md.").with_problems(report.errors)
    return report.settings.noting(report.warnings)


def examine(environ: Mapping[str, str], file: Path | None, *, secrets: Path = sources.DOCKER_SECRETS, **given: Any) -> Report:
    """Return what `environ`, the `.env` file and the files and commands they name say. Never raises for a bad value."""
    lines, troubles = sources.read_lines(file) if file else ({}, [])
    found = sources.gather(environ, lines, secrets=secrets, label=file.name if file else "")
    _from_clouds(found)
    taken = {name: value for name, value in given.items() if value is not None}
    values = {name: value.text for name, value in found.values.items() if by_name()[name].field not in taken}
    errors, warnings = [*troubles, *found.errors], [*found.warnings, *rules.unknown(environ, lines, found.offered)]
    settings = None
    try:
        sound = settings = Settings.model_validate(values | taken)
    except ValidationError as error:
        errors += _explained(error)
        sound = _rest(values | taken, error)
    clear = _clear_of(errors, found)
    errors += [trouble for trouble in rules.refused(sound) if clear(trouble)]
    warnings += [trouble for trouble in rules.doubtful(sound) if clear(trouble)]
    problems = [_problem(trouble, found, "error") for trouble in dict.fromkeys(errors)]
    return Report(None if problems else settings, problems, [_problem(each, found, "warning") for each in dict.fromkeys(warnings)], found)


def _from_clouds(found: Found) -> None:
    """Put in what is kept by clouds. Without a reference to one, nothing of that is even imported."""
    if sources.CLOUDS[0] in found.values or any(looks_like_one(value.text) for value in found.values.values()):
        from comfytavern.settings.clouds.fill import fill  # noqa: PLC0415 -- most settings name no cloud

        fill(found)


def _clear_of(errors: list[Trouble], found: Found) -> Callable[[Trouble], bool]:
    """Return what tells troubles that do not follow from `errors`: of another variable, and not of one that a place failed to offer."""
    named = {trouble.name.removesuffix("_FILE") for trouble in errors}
    named |= {by_name()[name].name for name in named if name in by_name()}
    lost = sources.CLOUDS[0] in named
    return lambda trouble: trouble.name not in named and not (lost and trouble.name not in found.values)


def _rest(values: Mapping[str, Any], error: ValidationError) -> Settings:
    """Return settings without the values that are wrong by themselves, so that the rules find what else is."""
    bad = {str(item["loc"][0]) for item in error.errors(include_input=False, include_url=False) if item["loc"]}
    bad |= {variable_of(name) for name in bad} | {by_name()[name].name for name in bad if name in by_name()}
    return Settings.model_validate({name: value for name, value in values.items() if variable_of(name) not in bad})


def _explained(error: ValidationError) -> list[Trouble]:
    troubles: list[Trouble] = []
    for item in error.errors(include_input=False, include_url=False):
        name = variable_of(str(item["loc"][0])) if item["loc"] else ""
        variable = by_name().get(name)
        message = str(item["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
        troubles.append(Trouble(variable.name if variable else name, message, variable.fix if variable else ""))
    return troubles


def _problem(trouble: Trouble, found: Found, level: str) -> Problem:
    """Return a problem that says the variable, what is wrong, what was found (no secret) and what to do."""
    value = found.values.get(trouble.name)
    shown = _shown(trouble.name, value)
    was = f" (found {shown} in {value.source})" if value else ""
    fix = f"; {trouble.fix}" if trouble.fix else ""
    return Problem(
        code="settings.value" if level == "error" else "settings.doubtful",
        message=f"{trouble.name}: {trouble.what}{was}{fix}",
        level=level,
        place={"field": trouble.name},
        params={"found": shown, "source": value.source if value else "", "fix": trouble.fix},
    )


def _shown(name: str, value: Value | None) -> str:
    if value is None:
        return ""
    variable = by_name().get(name)
    if name == "DATABASE_URL":
        return addresses.masked(value.text)
    if variable and variable.secret:
        return MASK
    return repr(value.text if len(value.text) <= SHOWN_LETTERS else f"{value.text[:SHOWN_LETTERS]}…")
