"""Takes secrets out of what is about to be written to the log, wherever in the line they stand: a net under everything else.

Two nets: what we know to be secret, word for word; and what looks like a secret, by its form or by the name before it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from comfytavern.settings.clouds.reference import looks_like_one

GONE: Final = "[redacted]"
LENGTH_MIN: Final = 8
"""Shorter words are not taken for known secrets: the log would have holes in the middle of other words."""
SECRET_NAME: Final = re.compile(r"(?:_KEY|_TOKEN|_SECRET|_PASSWORD|_DSN|_CONNECTION_STRING)$")

_NAMES = (
    r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|api[_-]?key|access[_-]?token|refresh[_-]?token|setup[_-]?token|token"
    r"|password|passwd|(?:client[_-]?)?secret|jwt[_-]?secret(?:[_-]?previous)?|session[_-]?secret|database[_-]?url"
)
_FORMS: Final = (
    (
        ("auth", "cookie", "key", "token", "pass", "secret", "database"),
        re.compile(rf"""((?:\\?["'])(?:{_NAMES})(?:\\?["'])\s*[:,]\s*b?)(\\?["'])(?:(?!\2)(?:\\.|.))*""", re.IGNORECASE),
        rf"\1\2{GONE}",
    ),
    (
        ("auth", "cookie", "key", "token", "pass", "secret", "database"),
        re.compile(rf"\b((?:{_NAMES}|key)=)[^\s&;,\"'\\)\]}}]+", re.IGNORECASE),
        rf"\1{GONE}",
    ),
    (("bearer", "basic"), re.compile(r"\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1\2{GONE}"),
    (("ct_session",), re.compile(r"\bct_session=[^\s;,\"'\\]+"), f"ct_session={GONE}"),
    (("://",), re.compile(r"([a-z][a-z0-9+.-]*://[^\s/:@\"'\\]*):[^\s/@\"'\\]+@"), rf"\1:{GONE}@"),
    (
        ("sk-", "pk-", "rk-", "gsk_", "xai-", "hf_", "ghp_", "pat_", "aiza"),
        re.compile(r"\b(?:sk-|pk-|rk-|gsk_|xai-|hf_|ghp_|github_pat_|AIza)[A-Za-z0-9_-]{8,}"),
        GONE,
    ),
    (("eyj",), re.compile(r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*"), GONE),
)
"""Each with words (in lower case) of which a line has one if the form is in it: to look for those costs next to nothing."""

Redact = Callable[[str], str]


def redacting(known: Iterable[str]) -> Redact:
    """Return what takes the secrets in `known`, and all that look like secrets, out of a line."""
    words = sorted({form for word in known if len(word) >= LENGTH_MIN for form in _forms(word)}, key=len, reverse=True)

    def redact(line: str) -> str:
        for word in words:
            if word in line:
                line = line.replace(word, GONE)
        lower = line.lower()
        for signs, form, instead in _FORMS:
            if any(sign in lower for sign in signs):
                line = form.sub(instead, line)
        return line

    return redact


def secrets_of(environ: Mapping[str, str]) -> set[str]:
    """Return the values of variables whose names say that they are secret, and the passwords in addresses.

    A reference to what a cloud keeps is no secret: whoever reads why it could not be followed must be able to read it.
    """
    found = {value for name, value in environ.items() if SECRET_NAME.search(name) and not looks_like_one(value)}
    for value in environ.values():
        if "://" in value:
            found |= password_of(value)
    return found


def password_of(address: str) -> set[str]:
    """Return the password in an address as it stands there and as it is; nothing when there is none."""
    try:
        password = urlsplit(address).password
    except ValueError:
        return set()
    return {password, unquote(password)} if password else set()


def _forms(word: str) -> tuple[str, ...]:
    return word, msgspec.json.encode(word).decode()[1:-1], repr(word)[1:-1]
