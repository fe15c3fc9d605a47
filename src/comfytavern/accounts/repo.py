"""What this room needs kept. Adapters: store/accounts.py, and testing/accounts.py in memory; one contract suite for both."""

from typing import Any, Protocol

from comfytavern.accounts.session import Session
from comfytavern.accounts.user import Credentials, User


class UserRepo(Protocol):
    """Users and their credentials."""

    async def add(self, credentials: Credentials, *, first: bool = False) -> None:
        """Keep a new user. Raises `Conflict`: `accounts.name_taken` (names are compared by `name_key`), or with `first`,
        when there is a user already, `accounts.set_up`. The first user ends all set-up tokens in the same step.
        """
        ...

    async def find(self, *, id: str = "", name: str = "") -> Credentials | None:
        """Return the user with this id, or with this name."""
        ...

    async def everybody(self) -> list[User]:
        """Return all users, oldest first."""
        ...

    async def change(self, id: str, *, preferences: dict[str, Any] | None = None, password_hash: str = "", renew: bool = False) -> None:
        """Replace what is given; with `renew` a new password is the same one hashed anew and the epoch stays.

        Does nothing for a user who is gone.
        """
        ...

    async def remove(self, id: str) -> bool:
        """Remove a user with everything that is theirs; False when there is none."""
        ...


class SessionRepo(Protocol):
    """Logins. Only hashes of tokens come here."""

    async def add(self, session: Session, token_hash: str) -> None:
        """Keep a login, and drop those of the same user that have expired by its `created_at`."""
        ...

    async def find(self, token_hash: str) -> tuple[Session, User] | None:
        """Return the login of a token and its user, also when it has expired."""
        ...

    async def touch(self, id: str, *, seen_at: float, expires_at: float) -> None:
        """Note that a login was used."""
        ...

    async def of_user(self, user_id: str) -> list[Session]:
        """Return a user's logins, the newest first."""
        ...

    async def remove(self, user_id: str, *, id: str = "", all_but: str | None = None) -> int:
        """Remove one login of a user, or all but one (`all_but=""`: all), and return how many are gone."""
        ...


class SetupRepo(Protocol):
    """Tokens of links that create the owner."""

    async def add(self, token_hash: str, created_at: float) -> None:
        """Keep a token's hash until there is an owner."""
        ...

    async def holds(self, token_hash: str) -> bool:
        """Tell whether it is one of ours and there is no owner yet."""
        ...
