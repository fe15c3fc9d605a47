"""What a person types in to make or change a channel, and every way in which it can be wrong."""

import re
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from comfytavern.kernel.errors import Failure, Invalid, Problem
from comfytavern.kernel.secret import MASK, Secret
from comfytavern.llm.address import clean_base_url
from comfytavern.llm.profiles import profiles
from comfytavern.llm.repo import CAPABILITIES, Channel, Model

NAME_MAX: Final = 100
MODELS_MAX: Final = 5_000
_MODEL_NAME_MAX: Final = 300
_HEADERS_MAX: Final = 32
_PRIORITY_MAX: Final = 1_000
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS: Final = frozenset({"host", "connection", "content-length", "content-type", "transfer-encoding", "accept-encoding", "upgrade", "te"})


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A channel to make, or changes to one: what is UNSET stays as it is (or takes its default)."""

    name: str | UnsetType = UNSET
    provider: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET
    base_url: str | UnsetType = UNSET
    key: Secret | UnsetType | None = UNSET
    """None or empty: no key."""
    headers: dict[str, Secret] | UnsetType = UNSET
    models: tuple[Model, ...] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    fallback: bool | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    weight: int | UnsetType = UNSET


def checked(draft: Draft, before: Channel, providers: frozenset[str]) -> Channel:
    """Return `before` with the changes, its key and headers untouched.

    Raises `Invalid` (`llm.channel_invalid`) with every problem at once; each names its field.
    """
    given: dict[str, Any] = {name: getattr(draft, name) for name in Draft.__struct_fields__ if name not in {"key", "headers"}}
    changed = {name: value for name, value in given.items() if value is not UNSET}
    problems: list[Problem] = []
    for name in ("name", "base_url"):
        if name in changed:
            changed[name] = changed[name].strip()
    channel = _addressed(msgspec.structs.replace(before, **changed), problems)
    _check(channel, providers, problems)
    _check_models(channel.models, problems)
    _check_secrets(draft, problems)
    if problems:
        sentence = "The channel cannot be saved: " + "; ".join(problem.message for problem in problems) + "."
        raise Invalid("llm.channel_invalid", sentence, hint="Correct the fields named.").with_problems(problems)
    return channel


def _addressed(channel: Channel, problems: list[Problem]) -> Channel:
    if channel.provider == "demo":
        return msgspec.structs.replace(channel, base_url="")
    try:
        return msgspec.structs.replace(channel, base_url=clean_base_url(channel.base_url))
    except Failure as failure:
        problems.append(_problem("base_url", failure.code, f"the address: {failure.params['why']}", **failure.params))
        return channel


def _check(channel: Channel, providers: frozenset[str], problems: list[Problem]) -> None:
    if not channel.name or len(channel.name) > NAME_MAX or not channel.name.isprintable():
        problems.append(_problem("name", "llm.channel_name", f"the name has 1 to {NAME_MAX} characters on one line", maximum=NAME_MAX))
    if channel.provider not in providers:
        problems.append(_problem("provider", "llm.channel_provider", "the provider is one of " + ", ".join(sorted(providers))))
    if channel.profile and channel.profile not in profiles():
        problems.append(_problem("profile", "llm.channel_profile", "the profile is one of " + ", ".join(profiles())))
    if abs(channel.priority) > _PRIORITY_MAX or not 0 <= channel.weight <= _PRIORITY_MAX:
        problems.append(_problem("priority", "llm.channel_priority", "priority is -1000 to 1000, weight 0 to 1000", maximum=_PRIORITY_MAX))


def _check_models(models: tuple[Model, ...], problems: list[Problem]) -> None:
    names = [model.name for model in models]
    sound = all(name and len(name) <= _MODEL_NAME_MAX and name.isprintable() and name == name.strip() for name in names)
    if not sound or len(set(names)) < len(names) or len(names) > MODELS_MAX:
        problems.append(_problem("models", "llm.channel_models", f"models have names, each once, at most {MODELS_MAX}", maximum=MODELS_MAX))
    unknown = {each for model in models for each in model.capabilities} - set(CAPABILITIES)
    if unknown:
        problems.append(_problem("models", "llm.channel_capabilities", "abilities of models are " + ", ".join(CAPABILITIES)))


def _check_secrets(draft: Draft, problems: list[Problem]) -> None:
    if isinstance(draft.key, Secret) and not _sendable(draft.key):
        problems.append(_problem("key", "llm.unusable_key", "the key has letters, digits and punctuation on one line"))
    headers = {} if draft.headers is UNSET else draft.headers
    sound = all(_HEADER.fullmatch(name) and name.lower() not in _OURS and _sendable(value) for name, value in headers.items())
    if not sound or len(headers) > _HEADERS_MAX:
        problems.append(
            _problem("headers", "llm.channel_headers", "a header has a plain name that is free to set, and a value on one line")
        )


def _sendable(value: Secret) -> bool:
    text = value.reveal().strip()
    return text == MASK or (text.isascii() and text.isprintable())


def _problem(field: str, code: str, message: str, **params: Any) -> Problem:
    return Problem(code=code, message=message, place={"field": field}, params=params)
