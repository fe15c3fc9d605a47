"""A browser that is logged in. Its token is shown once, to that browser; only the token's hash is stored."""

import hashlib
import secrets

import msgspec

from comfytavern.accounts.user import User
from comfytavern.kernel.secret import Secret

LIFETIME_S = 30 * 86_400
SEEN_EVERY_S = 300.0
"""How exact `seen_at` is: one write per so many seconds and session, not one per request."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One login. Times are seconds since 1970; `agent` and `address` are what the browser said when it logged in."""

    id: str
    user_id: str
    created_at: float
    seen_at: float
    expires_at: float
    address: str = ""
    agent: str = ""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request, and by which login (None: by a bearer token)."""

    user: User
    session: Session | None = None
    extended: bool = False
    """Whether this request has put off the end of the session, which the browser should hear."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What a login gives: the session's token goes into the cookie and nowhere else."""

    user: User
    session: Session
    token: Secret


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request comes from."""

    address: str = ""
    agent: str = ""


def new_token() -> Secret:
    """Return 256 random bits as URL-safe text."""
    return Secret(secrets.token_urlsafe(32))


def token_hash(token: str) -> str:
    """Return what is stored of a token. It is random, so a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(token.encode()).hexdigest()
