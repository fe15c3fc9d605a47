"""Who is spoken to: what a service wants differently, and what its models can do. One TOML file each.

A profile is found by the host of a channel's address. Model patterns are shell patterns on the lower-case name; the first
that fits decides. `generic` comes last for every profile and knows models by the habits of their names.
"""

from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

import msgspec


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """What models of such a name can do."""

    match: tuple[str, ...]
    capabilities: tuple[str, ...]
    context_tokens: int | None = None
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A service, or a program that serves models."""

    name: str = "generic"
    title: str = "OpenAI-compatible"
    base_url: str = ""
    """Offered when a channel is added."""
    hosts: tuple[str, ...] = ()
    """`host` or `host:port` of a channel's address."""
    needs_key: bool = False
    max_tokens_field: str = "max_tokens"
    stream_usage: bool = True
    """Takes `stream_options: {"include_usage": true}`."""
    models: tuple[Pattern, ...] = ()


@cache
def profiles() -> dict[str, Profile]:
    """Return all profiles by name, `generic` first."""
    found = [
        msgspec.toml.decode(entry.read_bytes(), type=Profile)
        for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    ]
    return {profile.name: profile for profile in sorted(found, key=lambda profile: profile.name != "generic")}


def profile_for(base_url: str, name: str = "") -> Profile:
    """Return the profile of that name, else the one that knows the address's host, else `generic`."""
    known = profiles()
    if name in known:
        return known[name]
    address = urlsplit(base_url)
    for profile in known.values():
        if address.hostname in profile.hosts or address.netloc.rpartition("@")[2].lower() in profile.hosts:
            return profile
    return known["generic"]


def traits(model: str, profile: Profile) -> Pattern:
    """Return what is known of the model by its name; a model of unknown habits chats."""
    name = model.lower()
    for pattern in (*profile.models, *profiles()["generic"].models):
        if any(fnmatchcase(name, each) for each in pattern.match):
            return pattern
    return Pattern(match=(), capabilities=("chat",))
