"""The door of accounts: everything that has to do with who somebody is."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from comfytavern.accounts import session as sessions
from comfytavern.accounts.bearer import Bearer, Claim, Signer
from comfytavern.accounts.password import Passwords, check_policy
from comfytavern.accounts.repo import SessionRepo, SetupRepo, UserRepo
from comfytavern.accounts.session import Login, Origin, Session, Visitor
from comfytavern.accounts.throttle import Throttle
from comfytavern.accounts.user import Credentials, Role, User, clean_name, name_key
from comfytavern.kernel.clock import Clock, SystemClock
from comfytavern.kernel.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated
from comfytavern.kernel.ids import new_id
from comfytavern.kernel.secret import Secret

PREFERENCES_BYTES_MAX = 64 * 1024
NOWHERE = Origin()


class Accounts:
    """Users and how they prove who they are. Every method that acts for somebody takes that `User` first."""

    def __init__(
        self,
        users: UserRepo,
        logins: SessionRepo,
        setup: SetupRepo,
        signer: Signer,
        *,
        passwords: Passwords | None = None,
        clock: Clock | None = None,
        welcome: Callable[[User], Awaitable[None]] | None = None,
    ) -> None:
        """Keep people in the three repos, and sign bearer tokens with `signer`; `welcome` is called for every new user."""
        self._users = users
        self._logins = logins
        self._setup = setup
        self._signer = signer
        self._clock = clock or SystemClock()
        self._passwords = passwords or Passwords()
        self._throttle = Throttle(clock=self._clock)
        self._welcome = welcome

    async def setup_needed(self) -> bool:
        """Tell whether there is nobody yet."""
        return not await self._users.everybody()

    async def new_setup_token(self) -> Secret | None:
        """Return a token for the link that creates the owner, None when there is somebody.

        Links given before stay good, until one of them has been used.
        """
        if not await self.setup_needed():
            return None
        token = sessions.new_token()
        await self._setup.add(sessions.token_hash(token.reveal()), self._clock.now())
        return token

    async def set_up(self, token: str, name: str, password: str, *, origin: Origin = NOWHERE) -> Login:
        """Create the owner and log them in. Raises `Conflict` (`accounts.set_up`) the second time, `Denied` for a wrong token."""
        if not await self._setup.holds(sessions.token_hash(token)):
            if not await self.setup_needed():
                raise Conflict("accounts.set_up", "The owner exists already.", hint="Log in.")
            raise Denied("accounts.setup_token", "This link is not valid.", hint="Use the newest link that the server printed.")
        credentials = await self._new(name, password, Role.OWNER)
        await self._add(credentials, first=True)
        return await self._login(credentials.user, origin)

    async def log_in(self, name: str, password: str, *, origin: Origin = NOWHERE) -> Login:
        """Log a person in. Raises `Unauthenticated` (`accounts.credentials`), or `Busy` after too many wrong passwords."""
        return await self._login((await self._proven(name, password, origin)).user, origin)

    async def issue_token(self, name: str, password: str, *, origin: Origin = NOWHERE) -> Bearer:
        """Return a bearer token for a program of this person. Raises as `log_in` does."""
        credentials = await self._proven(name, password, origin)
        return self._signer.sign(Claim(user_id=credentials.user.id, epoch=credentials.epoch))

    async def visitor(self, token: str, *, extend: bool = True) -> Visitor:
        """Return whom a session token belongs to. Raises `Unauthenticated`.

        Keeps the session alive, unless it is only looked whether it still is: who extends it tells the browser.
        """
        found = await self._logins.find(sessions.token_hash(token))
        now = self._clock.now()
        if found is None or found[0].expires_at <= now:
            raise Unauthenticated("accounts.session", "You are not logged in.", hint="Log in.")
        session, user = found
        extended = extend and now - session.seen_at >= sessions.SEEN_EVERY_S
        if extended:
            session = msgspec.structs.replace(session, seen_at=now, expires_at=now + sessions.LIFETIME_S)
            await self._logins.touch(session.id, seen_at=session.seen_at, expires_at=session.expires_at)
        return Visitor(user=user, session=session, extended=extended)

    async def bearer(self, token: str) -> Visitor:
        """Return whom a bearer token stands for. Raises `Unauthenticated`, also when the password was changed since."""
        claim = self._signer.read(token)
        found = await self._users.find(id=claim.user_id)
        if found is None or found.epoch != claim.epoch:
            raise Unauthenticated("accounts.token", "This access token is not valid any more.", hint="Ask for a new one at /api/token.")
        return Visitor(user=found.user)

    async def log_out(self, visitor: Visitor) -> None:
        """End the session; a bearer token simply runs out."""
        if visitor.session is not None:
            await self._logins.remove(visitor.user.id, id=visitor.session.id)

    async def sessions(self, user: User) -> list[Session]:
        """Return where this person is logged in, the newest first, without those that have expired."""
        now = self._clock.now()
        return [session for session in await self._logins.of_user(user.id) if session.expires_at > now]

    async def end_session(self, user: User, id: str) -> None:
        """Log this person out elsewhere. Raises `NotFound`."""
        if not await self._logins.remove(user.id, id=id):
            raise NotFound("accounts.session_unknown", "There is no such session.")

    async def set_preferences(self, user: User, preferences: dict[str, Any]) -> User:
        """Replace a person's preferences, which are any JSON object up to 64 KiB, and return the person."""
        if len(msgspec.json.encode(preferences)) > PREFERENCES_BYTES_MAX:
            raise Invalid("accounts.preferences", "These preferences are too large.", maximum_bytes=PREFERENCES_BYTES_MAX)
        await self._users.change(user.id, preferences=preferences)
        return msgspec.structs.replace(user, preferences=preferences)

    async def change_password(self, visitor: Visitor, old: str, new: str, *, origin: Origin = NOWHERE) -> None:
        """Change a password, and end every other session and every bearer token of this person."""
        proven = await self._proven(visitor.user.name, old, origin)
        check_policy(new, name=proven.user.name)
        await self._users.change(proven.user.id, password_hash=await self._passwords.hash(new))
        await self._logins.remove(proven.user.id, all_but=visitor.session.id if visitor.session else "")

    async def users(self, actor: User) -> list[User]:
        """Return all users, oldest first. Only for the owner."""
        require_owner(actor)
        return await self._users.everybody()

    async def add_user(self, actor: User, name: str, password: str, role: Role = Role.MEMBER) -> User:
        """Add a user. Only for the owner. Raises `Conflict` (`accounts.name_taken`)."""
        require_owner(actor)
        credentials = await self._new(name, password, role)
        await self._add(credentials)
        return credentials.user

    async def remove_user(self, actor: User, id: str) -> None:
        """Remove a user with everything that is theirs. Only for the owner, who cannot remove themselves."""
        require_owner(actor)
        if id == actor.id:
            raise Conflict("accounts.yourself", "You cannot remove yourself.")
        if not await self._users.remove(id):
            raise NotFound("accounts.user_unknown", "There is no such user.")

    async def _add(self, credentials: Credentials, *, first: bool = False) -> None:
        await self._users.add(credentials, first=first)
        if self._welcome is not None:
            await self._welcome(credentials.user)

    async def _new(self, name: str, password: str, role: Role) -> Credentials:
        name = clean_name(name)
        check_policy(password, name=name)
        user = User(id=new_id("usr"), name=name, role=role, created_at=self._clock.now())
        return Credentials(user=user, password_hash=await self._passwords.hash(password))

    async def _proven(self, name: str, password: str, origin: Origin) -> Credentials:
        key = name_key(name)
        self._throttle.admit(key, origin.address)
        self._throttle.failed(key, origin.address)  # Counted before it is known, so that a burst in parallel gets no extra tries.
        found = await self._users.find(name=name)
        right, renewed = await self._passwords.check(password, found.password_hash if found else None)
        if found is None or not right:
            raise Unauthenticated("accounts.credentials", "The name or the password is wrong.")
        self._throttle.succeeded(key, origin.address)
        if renewed:
            await self._users.change(found.user.id, password_hash=renewed, renew=True)
        return found

    async def _login(self, user: User, origin: Origin) -> Login:
        now = self._clock.now()
        session = Session(
            id=new_id("ses"),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + sessions.LIFETIME_S,
            address=origin.address[:64],
            agent=origin.agent[:256],
        )
        token = sessions.new_token()
        await self._logins.add(session, sessions.token_hash(token.reveal()))
        return Login(user=user, session=session, token=token)


def require_owner(actor: User) -> None:
    """Raise `Denied` (`accounts.owner_only`) for everybody else."""
    if actor.role is not Role.OWNER:
        raise Denied("accounts.owner_only", "Only the owner may do this.")
