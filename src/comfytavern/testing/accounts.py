"""People kept in memory: fakes of accounts/repo.py, held to the same contract as the tables."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from pwdlib.hashers.argon2 import Argon2Hasher

from comfytavern.accounts.bearer import Signer
from comfytavern.accounts.password import Passwords
from comfytavern.accounts.service import Accounts
from comfytavern.accounts.session import Session
from comfytavern.accounts.user import Credentials, User, name_key
from comfytavern.kernel.clock import Clock, ManualClock
from comfytavern.kernel.errors import Conflict
from comfytavern.kernel.secret import Secret


class MemoryPeople:
    """What the three repos share: removing a user ends their sessions, and the first user ends the set-up tokens."""

    def __init__(self) -> None:
        """Start with nobody."""
        self.credentials: dict[str, Credentials] = {}
        self.logins: dict[str, tuple[Session, str]] = {}
        self.tokens: dict[str, float] = {}


class MemoryUsers:
    """Users and their credentials."""

    def __init__(self, people: MemoryPeople) -> None:
        """Keep them in `people`."""
        self._people = people

    async def add(self, credentials: Credentials, *, first: bool = False) -> None:
        """Keep a new user (UserRepo.add)."""
        people = self._people
        if first and people.credentials:
            raise Conflict("accounts.set_up", "The owner exists already.", hint="Log in.")
        if await self.find(name=credentials.user.name):
            raise Conflict("accounts.name_taken", "There is a user of this name already.", hint="Choose another name.")
        if first:
            people.tokens.clear()
        people.credentials[credentials.user.id] = credentials

    async def find(self, *, id: str = "", name: str = "") -> Credentials | None:
        """Return the user with this id, or with this name (UserRepo.find)."""
        if id:
            return self._people.credentials.get(id)
        return next((found for found in self._people.credentials.values() if name_key(found.user.name) == name_key(name)), None)

    async def everybody(self) -> list[User]:
        """Return all users, oldest first (UserRepo.everybody)."""
        return sorted((found.user for found in self._people.credentials.values()), key=lambda user: (user.created_at, user.id))

    async def change(self, id: str, *, preferences: dict[str, Any] | None = None, password_hash: str = "", renew: bool = False) -> None:
        """Replace what is given (UserRepo.change)."""
        if found := self._people.credentials.get(id):
            user = found.user if preferences is None else msgspec.structs.replace(found.user, preferences=preferences)
            epoch = found.epoch + (1 if password_hash and not renew else 0)
            self._people.credentials[id] = Credentials(user=user, password_hash=password_hash or found.password_hash, epoch=epoch)

    async def remove(self, id: str) -> bool:
        """Remove a user with everything that is theirs (UserRepo.remove)."""
        people = self._people
        people.logins = {token: login for token, login in people.logins.items() if login[0].user_id != id}
        return people.credentials.pop(id, None) is not None


class MemorySessions:
    """Logins."""

    def __init__(self, people: MemoryPeople) -> None:
        """Keep them in `people`."""
        self._people = people

    async def add(self, session: Session, token_hash: str) -> None:
        """Keep a login (SessionRepo.add)."""
        logins = self._people.logins
        for token, (old, _) in list(logins.items()):
            if old.user_id == session.user_id and old.expires_at <= session.created_at:
                del logins[token]
        logins[token_hash] = (session, session.id)

    async def find(self, token_hash: str) -> tuple[Session, User] | None:
        """Return the login of a token and its user (SessionRepo.find)."""
        found = self._people.logins.get(token_hash)
        return (found[0], self._people.credentials[found[0].user_id].user) if found else None

    async def touch(self, id: str, *, seen_at: float, expires_at: float) -> None:
        """Note that a login was used (SessionRepo.touch)."""
        for token, (session, key) in self._people.logins.items():
            if key == id:
                self._people.logins[token] = (msgspec.structs.replace(session, seen_at=seen_at, expires_at=expires_at), key)

    async def of_user(self, user_id: str) -> list[Session]:
        """Return a user's logins, the newest first (SessionRepo.of_user)."""
        found = [session for session, _ in self._people.logins.values() if session.user_id == user_id]
        return sorted(found, key=lambda session: (session.created_at, session.id), reverse=True)

    async def remove(self, user_id: str, *, id: str = "", all_but: str | None = None) -> int:
        """Remove one login of a user, or all but one (SessionRepo.remove)."""
        gone = [
            token
            for token, (session, key) in self._people.logins.items()
            if session.user_id == user_id and (key == id if all_but is None else key != all_but)
        ]
        for token in gone:
            del self._people.logins[token]
        return len(gone)


class MemorySetup:
    """Tokens of links that create the owner."""

    def __init__(self, people: MemoryPeople) -> None:
        """Keep them in `people`."""
        self._people = people

    async def add(self, token_hash: str, created_at: float) -> None:
        """Keep a token's hash until there is an owner (SetupRepo.add)."""
        self._people.tokens[token_hash] = created_at

    async def holds(self, token_hash: str) -> bool:
        """Tell whether it is one of ours and there is no owner yet (SetupRepo.holds)."""
        return token_hash in self._people.tokens


def quick_passwords() -> Passwords:
    """Return real argon2 at its lowest cost (1 ms), for tests."""
    return Passwords(Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))


def memory_accounts(
    *, clock: Clock | None = None, keys: tuple[str, ...] = ("k" * 32,), welcome: Callable[[User], Awaitable[None]] | None = None
) -> Accounts:
    """Return the whole room in memory, with quick passwords and a clock that stands still."""
    people, clock = MemoryPeople(), clock or ManualClock()
    signer = Signer([Secret(key) for key in keys], clock=clock)
    repos = MemoryUsers(people), MemorySessions(people), MemorySetup(people)
    return Accounts(*repos, signer, passwords=quick_passwords(), clock=clock, welcome=welcome)
