"""People, for the command line: whoever may read the data folder may do as the owner does, also when a password is forgotten."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from comfytavern.accounts.password import Passwords, check_policy
from comfytavern.accounts.service import Accounts
from comfytavern.accounts.user import Role, User
from comfytavern.boot.rooms import build
from comfytavern.kernel.errors import NotFound
from comfytavern.settings.settings import Settings
from comfytavern.store.accounts import SqlSessions, SqlUsers
from comfytavern.store.database import Database


@dataclass(frozen=True, slots=True)
class People:
    """The people of one database."""

    accounts: Accounts
    users: SqlUsers
    sessions: SqlSessions

    async def everybody(self) -> list[User]:
        """Return all, the oldest first."""
        return await self.users.everybody()

    async def add(self, name: str, password: str) -> User:
        """Add a member; the first person becomes the owner."""
        token = await self.accounts.new_setup_token()
        if token is not None:
            return (await self.accounts.set_up(token.reveal(), name, password)).user
        owner = next(user for user in await self.everybody() if user.role is Role.OWNER)
        return await self.accounts.add_user(owner, name, password)

    async def remove(self, name: str) -> None:
        """Remove a person with everything that is theirs; never the owner. Raises `NotFound` (`accounts.user_unknown`)."""
        found = await self.users.find(name=name)
        if found is None:
            raise _unknown()
        owner = next(user for user in await self.everybody() if user.role is Role.OWNER)
        await self.accounts.remove_user(owner, found.user.id)

    async def set_password(self, name: str, password: str) -> None:
        """Give a new password, and end every session and bearer token of the person. Raises `NotFound` (`accounts.user_unknown`)."""
        found = await self.users.find(name=name)
        if found is None:
            raise _unknown()
        check_policy(password, name=found.user.name)
        await self.users.change(found.user.id, password_hash=await Passwords().hash(password))
        await self.sessions.remove(found.user.id, all_but="")


@asynccontextmanager
async def people(settings: Settings) -> AsyncGenerator[People]:
    """Give the people of the database in the settings. Works beside a running server."""
    database = Database(settings.database)
    try:
        yield People(build(settings, database).accounts, SqlUsers(database), SqlSessions(database))
    finally:
        await database.close()


def _unknown() -> NotFound:
    return NotFound("accounts.user_unknown", "There is no such user.", hint="See: comfytavern users list")
