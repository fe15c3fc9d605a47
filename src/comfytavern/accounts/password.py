"""Passwords: argon2 hashes, made two at a time in threads, because each takes 64 MiB and tens of milliseconds."""

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from comfytavern.kernel.errors import Busy, Invalid

T = TypeVar("T")

LENGTH_MIN = 8
LENGTH_MAX = 1024
AT_ONCE = 2
WAITING_MAX = 50


class Passwords:
    """Hashes and checks passwords without holding the event loop."""

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        """Use argon2id with the library's recommended cost, or `hasher`."""
        self._hash = PasswordHash([hasher or Argon2Hasher()])
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        return await self._in_turn(lambda: self._hash.hash(_normal(password)))

    async def check(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Tell whether `password` is the one of `stored`, and give a new hash when the stored one is of an older cost.

        Without `stored` the answer is no, after the same time, so that a stranger cannot tell which names exist.
        """
        if len(password) > LENGTH_MAX:
            return False, None
        if stored is None:
            self._nobody = self._nobody or await self.hash("nobody's password")
        right, renewed = await self._in_turn(lambda: self._hash.verify_and_update(_normal(password), stored or self._nobody))
        return (right, renewed) if stored is not None else (False, None)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise Busy(
                "accounts.busy", "Too many people are logging in at this moment.", hint="Try again in a few seconds.", retry_after_s=5
            )
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def check_policy(password: str, *, name: str) -> None:
    """Accept a new password. Raises `Invalid` (`accounts.password`): only length counts, and that it is not the name."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise Invalid(
            "accounts.password", f"A password has {LENGTH_MIN} to {LENGTH_MAX} characters.", minimum=LENGTH_MIN, maximum=LENGTH_MAX
        )
    if _normal(password).casefold() == _normal(name).casefold():
        raise Invalid("accounts.password_is_name", "The password is the same as the name.", hint="Choose another password.")


def _normal(password: str) -> str:
    """Return one form for what different keyboards send for the same letters."""
    return unicodedata.normalize("NFKC", password)
