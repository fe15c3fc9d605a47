"""Bearer tokens for programs: signed, short-lived, stored nowhere."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from comfytavern.kernel.clock import Clock
from comfytavern.kernel.errors import Invalid, Unauthenticated
from comfytavern.kernel.ids import new_id
from comfytavern.kernel.secret import Secret

if TYPE_CHECKING:
    from jwt.types import Options

LIFETIME_S = 3_600
KEY_BYTES_MIN = 32
_ISSUER = "comfytavern"


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """A token as OAuth 2 words it; `expires_in` in seconds."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 -- the word of RFC 6750, not a secret
    expires_in: int = LIFETIME_S


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says: whom it stands for, and which password it was made under."""

    user_id: str
    epoch: int


class Signer:
    """Makes and reads tokens. The first key signs, all of them are accepted: put a new key first, drop the old one an hour later."""

    def __init__(self, keys: Sequence[Secret], *, clock: Clock) -> None:
        """Take at least one key of 32 bytes or more. Raises `Invalid` (`accounts.key`)."""
        self._clock = clock
        self.use(keys)

    def use(self, keys: Sequence[Secret]) -> None:
        """Sign with the first of `keys` from now on, and accept all of them. Raises `Invalid` (`accounts.key`) and changes nothing."""
        if not keys or any(len(key.reveal().encode()) < KEY_BYTES_MIN for key in keys):
            raise Invalid("accounts.key", f"JWT_SECRET must have at least {KEY_BYTES_MIN} bytes.", minimum=KEY_BYTES_MIN)
        self._keys = {_key_id(key): key for key in keys}
        self._current = _key_id(keys[0])

    def sign(self, claim: Claim) -> Bearer:
        """Return a token for `claim` that is good for an hour."""
        now = int(self._clock.now())
        payload = {"iss": _ISSUER, "sub": claim.user_id, "epoch": claim.epoch, "iat": now, "exp": now + LIFETIME_S, "jti": new_id("jti")}
        import jwt  # noqa: PLC0415 -- it brings certificates and curves: a twentieth of a start, and few ask for tokens

        key = self._keys[self._current].reveal()
        return Bearer(access_token=jwt.encode(payload, key, algorithm="HS256", headers={"kid": self._current}))

    def read(self, token: str) -> Claim:
        """Return what a token of ours says. Raises `Unauthenticated` for any other, and when its hour is over."""
        import jwt  # noqa: PLC0415 -- as above

        try:
            key = self._keys[str(jwt.get_unverified_header(token).get("kid"))]
            options: Options = {"require": ["sub", "exp", "iat"], "verify_exp": False, "verify_iat": False}
            payload = jwt.decode(token, key.reveal(), algorithms=["HS256"], issuer=_ISSUER, options=options)
            claim, expires_at = Claim(user_id=str(payload["sub"]), epoch=int(payload["epoch"])), float(payload["exp"])
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise Unauthenticated("accounts.token", "This access token is not valid.", hint="Ask for a new one at /api/token.") from error
        if expires_at <= self._clock.now():
            raise Unauthenticated("accounts.token_expired", "This access token is too old.", hint="Ask for a new one at /api/token.")
        return claim


def _key_id(key: Secret) -> str:
    return hashlib.sha256(b"kid:" + key.reveal().encode()).hexdigest()[:8]
