"""Puts what the clouds answer where references stood, and adds what SETTINGS_FROM offers to the variables that nothing nearer gives."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from comfytavern.kernel.secret import Secret
from comfytavern.settings.clouds import reference
from comfytavern.settings.clouds.aws import PREVIOUS
from comfytavern.settings.clouds.reference import Ask, NoReferenceError, Reference
from comfytavern.settings.clouds.refusal import Refused, Why, sentence
from comfytavern.settings.clouds.round import Outcome, Terms, ask_all
from comfytavern.settings.sources import CLOUDS, COMMAND, Found, Trouble, Value
from comfytavern.settings.variables import by_name, variables

HOW_TO_WRITE_ONE: Final = "see docs/operate/cloud-settings.md"


def fill(found: Found) -> None:
    """Ask the clouds for everything that `found` refers to, once and at the same time. What is wrong is added to its errors."""
    _keep_near(found)
    wanted = dict(_references(found))
    offers = list(_offers(found))
    if not wanted and not offers:
        return
    asks = [each.ask for each in (*wanted.values(), *offers)]
    outcomes = ask_all(asks, _terms(found))
    for name, ref in wanted.items():
        _put(found, name, ref, outcomes[ref.ask])
    for ref in offers:
        _offer(found, ref, outcomes[ref.ask], frozenset(wanted))


def _keep_near(found: Found) -> None:
    """Refuse references in the variables that say how to follow references."""
    for name in CLOUDS:
        value = found.values.get(name)
        if value is not None and name != CLOUDS[0] and reference.looks_like_one(value.text):
            del found.values[name]
            found.errors.append(
                Trouble(name, "is needed to reach a cloud, and cannot come from one", "give it in the environment or a file")
            )


def _references(found: Found) -> Iterator[tuple[str, Reference]]:
    for name, value in list(found.values.items()):
        if name in CLOUDS or not reference.looks_like_one(value.text):
            continue
        try:
            yield name, reference.reference(value.text)
        except NoReferenceError as error:
            del found.values[name]
            found.errors.append(Trouble(value.name, f"{error} (in {value.source})", HOW_TO_WRITE_ONE))


def _offers(found: Found) -> Iterator[Reference]:
    value = found.values.get(CLOUDS[0])
    for text in value.text.split(",") if value else ():
        if text.strip():
            try:
                yield reference.source(text)
            except NoReferenceError as error:
                found.errors.append(Trouble(CLOUDS[0], str(error), HOW_TO_WRITE_ONE))


def _terms(found: Found) -> Terms:
    """Return the terms of the round; a value that cannot be used is reported where all values are read, and the default holds here."""
    texts = {name: value.text for name, value in found.values.items()}
    terms = Terms(
        wanted=frozenset(by_name()),
        azure_connection=Secret(texts.get("AZURE_APPCONFIG_CONNECTION_STRING", "")),
        google_endpoint=texts.get("SECRET_MANAGER_ENDPOINT", ""),
    )
    try:
        seconds = float(texts.get("CLOUD_DEADLINE_S", ""))
    except ValueError:
        return terms
    return replace(terms, deadline_s=min(max(seconds, 0.1), 300.0))


def _put(found: Found, name: str, ref: Reference, outcome: Outcome) -> None:
    value = found.values.pop(name)
    if ref.ask.option == PREVIOUS and outcome == "":
        return  # It was never rotated: there is nothing before it.
    text = _picked(ref, outcome)
    if isinstance(text, Refused):
        found.errors.append(Trouble(value.name, *sentence(text, ref)))
    else:
        found.values[name] = Value(text, value.name, f"{ref.text} ({value.source})")


def _picked(ref: Reference, outcome: Outcome) -> str | Refused:
    """Return the text that a reference means, out of what its service answered."""
    if isinstance(outcome, Mapping):
        return Refused(Why.MALFORMED)
    if isinstance(outcome, Refused) or not ref.key:
        return _sound(outcome)
    texts = _object(outcome)
    if isinstance(texts, Refused):
        return texts
    return _sound(texts[ref.key]) if ref.key in texts else Refused(Why.NO_KEY, f"#{ref.key}")


def _sound(text: str | Refused) -> str | Refused:
    """Return the text, unless it is empty, or would be followed or run: who may write there must not be able to do that here."""
    if isinstance(text, Refused):
        return text
    if not text.strip():
        return Refused(Why.EMPTY)
    if text.lstrip().startswith(COMMAND):
        return Refused(Why.NESTED, "a command")
    return Refused(Why.NESTED, "another reference") if reference.looks_like_one(text) else text.strip()


def _object(text: str) -> dict[str, str] | Refused:
    """Return the texts in a JSON object; numbers and switches as they would stand in a file."""
    if not text.strip():
        return Refused(Why.EMPTY)
    try:
        told: Any = json.loads(text)
    except ValueError:
        return Refused(Why.NOT_AN_OBJECT)
    if not isinstance(told, dict):
        return Refused(Why.NOT_AN_OBJECT)
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items() if isinstance(value, str | int | float)
    }


def _offer(found: Found, ref: Reference, outcome: Outcome, asked: frozenset[str]) -> None:
    """Take the values for variables that have none, and that no reference was to give."""
    if not ref.ask.below and not isinstance(outcome, Mapping):
        outcome = outcome if isinstance(outcome, Refused) else _object(outcome)
    if isinstance(outcome, Refused) or not isinstance(outcome, Mapping):
        refused = outcome if isinstance(outcome, Refused) else Refused(Why.MALFORMED)
        found.errors.append(Trouble(CLOUDS[0], *sentence(refused, ref, verb="names")))
        return
    found.offered |= dict.fromkeys(outcome, ref.text)
    for variable in variables():
        if variable.name in found.values or variable.name in asked:
            continue
        name = next((each for each in variable.names if each in outcome), "")
        if not name:
            continue
        one = _within(ref, name)
        text = Refused(Why.NESTED, "where to find settings") if variable.name in CLOUDS else _sound(outcome[name])
        if isinstance(text, Refused):
            found.errors.append(Trouble(name, *sentence(text, one)))
        else:
            found.values[variable.name] = Value(text, name, f"{one.text} ({CLOUDS[0]})")


def _within(ref: Reference, name: str) -> Reference:
    """Return the reference to one value among those that a source offers."""
    place, mark, query = ref.text.partition("?")
    text = f"{place}{name}{mark}{query}" if ref.ask.below else f"{ref.text}#{name}"
    return Reference(text, Ask(ref.ask.service, ref.ask.place, ref.ask.option))


__all__: Sequence[str] = ["fill"]
