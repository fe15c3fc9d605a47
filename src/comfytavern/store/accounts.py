"""Users, logins and set-up tokens in SQL: the adapters of accounts/repo.py."""

from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from comfytavern.accounts.session import Session
from comfytavern.accounts.user import Credentials, Role, User, name_key
from comfytavern.kernel.errors import Conflict
from comfytavern.store import dialect
from comfytavern.store.blobs import sweep_blobs
from comfytavern.store.database import Database
from comfytavern.store.tables import sessions, setup_tokens, users

_USER = (users.c.id, users.c.name, users.c.role, users.c.created_at, users.c.preferences)
_SESSION = tuple(sessions.c[name] for name in Session.__struct_fields__)


class SqlUsers:
    """Users and their credentials."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def add(self, credentials: Credentials, *, first: bool = False) -> None:
        """Keep a new user (UserRepo.add)."""
        user = credentials.user
        row = msgspec.structs.asdict(user) | {
            "name_key": name_key(user.name),
            "password_hash": credentials.password_hash,
            "epoch": credentials.epoch,
        }
        try:
            async with self._database.write(durable=True) as connection:
                if first:
                    await dialect.turn(connection, dialect.OWNER)
                    if await connection.scalar(select(func.count()).select_from(users)):
                        raise Conflict("accounts.set_up", "The owner exists already.", hint="Log in.")
                    await connection.execute(delete(setup_tokens))
                await connection.execute(insert(users).values(row))
        except IntegrityError as error:
            raise Conflict("accounts.name_taken", "There is a user of this name already.", hint="Choose another name.") from error

    async def find(self, *, id: str = "", name: str = "") -> Credentials | None:
        """Return the user with this id, or with this name (UserRepo.find)."""
        where = users.c.id == id if id else users.c.name_key == name_key(name)
        async with self._database.read() as connection:
            row = (await connection.execute(select(*_USER, users.c.password_hash, users.c.epoch).where(where))).first()
        return Credentials(user=_user(row), password_hash=row.password_hash, epoch=row.epoch) if row else None

    async def everybody(self) -> list[User]:
        """Return all users, oldest first (UserRepo.everybody)."""
        async with self._database.read() as connection:
            return [_user(row) for row in await connection.execute(select(*_USER).order_by(users.c.created_at, users.c.id))]

    async def change(self, id: str, *, preferences: dict[str, Any] | None = None, password_hash: str = "", renew: bool = False) -> None:
        """Replace what is given (UserRepo.change)."""
        values: dict[Any, Any] = {}
        if preferences is not None:
            values["preferences"] = preferences
        if password_hash:
            values |= {"password_hash": password_hash, "epoch": users.c.epoch + (0 if renew else 1)}
        if values:
            async with self._database.write(durable=bool(password_hash)) as connection:
                await connection.execute(update(users).where(users.c.id == id).values(values))

    async def remove(self, id: str) -> bool:
        """Remove a user with everything that is theirs (UserRepo.remove)."""
        async with self._database.write() as connection:
            gone = (await connection.execute(delete(users).where(users.c.id == id))).rowcount == 1
            await sweep_blobs(connection)
        return gone


class SqlSessions:
    """Logins."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def add(self, session: Session, token_hash: str) -> None:
        """Keep a login (SessionRepo.add)."""
        over = (sessions.c.user_id == session.user_id) & (sessions.c.expires_at <= session.created_at)
        async with self._database.write() as connection:
            await connection.execute(delete(sessions).where(over))
            await connection.execute(insert(sessions).values(**msgspec.structs.asdict(session), token_hash=token_hash))

    async def find(self, token_hash: str) -> tuple[Session, User] | None:
        """Return the login of a token and its user (SessionRepo.find)."""
        wanted = select(*_SESSION, *(column.label(f"user_{column.name}") for column in _USER if column.name != "id"))
        async with self._database.read() as connection:
            row = (await connection.execute(wanted.join(users).where(sessions.c.token_hash == token_hash))).first()
        if row is None:
            return None
        user = User(
            id=row.user_id,
            name=row.user_name,
            role=Role(row.user_role),
            created_at=row.user_created_at,
            preferences=row.user_preferences,
        )
        return _session(row), user

    async def touch(self, id: str, *, seen_at: float, expires_at: float) -> None:
        """Note that a login was used (SessionRepo.touch)."""
        async with self._database.write() as connection:
            await connection.execute(update(sessions).where(sessions.c.id == id).values(seen_at=seen_at, expires_at=expires_at))

    async def of_user(self, user_id: str) -> list[Session]:
        """Return a user's logins, the newest first (SessionRepo.of_user)."""
        wanted = select(*_SESSION).where(sessions.c.user_id == user_id).order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
        async with self._database.read() as connection:
            return [_session(row) for row in await connection.execute(wanted)]

    async def remove(self, user_id: str, *, id: str = "", all_but: str | None = None) -> int:
        """Remove one login of a user, or all but one (SessionRepo.remove)."""
        which = sessions.c.id == id if all_but is None else sessions.c.id != all_but
        async with self._database.write() as connection:
            return (await connection.execute(delete(sessions).where(sessions.c.user_id == user_id, which))).rowcount


class SqlSetup:
    """Tokens of links that create the owner."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def add(self, token_hash: str, created_at: float) -> None:
        """Keep a token's hash until there is an owner (SetupRepo.add)."""
        async with self._database.write() as connection:
            await connection.execute(insert(setup_tokens).values(token_hash=token_hash, created_at=created_at))

    async def holds(self, token_hash: str) -> bool:
        """Tell whether it is one of ours and there is no owner yet (SetupRepo.holds)."""
        async with self._database.read() as connection:
            return await connection.scalar(select(setup_tokens.c.token_hash).where(setup_tokens.c.token_hash == token_hash)) is not None


def _user(row: Any) -> User:
    return User(id=row.id, name=row.name, role=Role(row.role), created_at=row.created_at, preferences=row.preferences)


def _session(row: Any) -> Session:
    return Session(**{name: getattr(row, name) for name in Session.__struct_fields__})
