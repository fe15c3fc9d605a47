"""A person, as a value."""

import unicodedata
from enum import StrEnum
from typing import Any

import msgspec

from comfytavern.kernel.errors import Invalid

NAME_MAX = 64


class Role(StrEnum):
    """What a person may do beyond their own work."""

    OWNER = "owner"
    """Adds and removes users."""
    MEMBER = "member"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person. `created_at` is in seconds since 1970."""

    id: str
    name: str
    role: Role
    created_at: float
    preferences: dict[str, Any] = {}


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What proves that somebody is a user. `epoch` grows with each change of the password, which ends older bearer tokens."""

    user: User
    password_hash: str
    epoch: int = 1


def clean_name(name: str) -> str:
    """Return `name` trimmed and in Unicode's normal form. Raises `Invalid` (`accounts.name`)."""
    cleaned = unicodedata.normalize("NFKC", name).strip()
    if not 1 <= len(cleaned) <= NAME_MAX or any(unicodedata.category(letter)[0] == "C" for letter in cleaned):
        raise Invalid("accounts.name", f"A name has 1 to {NAME_MAX} visible characters.", maximum=NAME_MAX)
    return cleaned


def name_key(name: str) -> str:
    """Return the form in which two names that look alike are equal."""
    return unicodedata.normalize("NFKC", name).strip().casefold()
