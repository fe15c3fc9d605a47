"""People: owner, members, sessions."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from comfytavern.api.schemas.common import Body, Json, Reply, Time

UserName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
TypedPassword = Annotated[str, StringConstraints(max_length=1024)]


class User(Reply):
    """A person who may log in."""

    id: str
    name: str
    role: Literal["owner", "member"]
    preferences: Json = Field(default_factory=dict)
    created_at: Time | None = None


class UserPage(Reply):
    """People in order of creation."""

    items: list[User]
    next: str | None = None


class Session(Reply):
    """Who is logged in."""

    user: User


class LoginPlace(Reply):
    """A place where one is logged in."""

    id: str
    created_at: Time
    seen_at: Time
    expires_at: Time
    address: str
    agent: str
    current: bool
    """Whether it is the session that asks."""


class LoginPage(Reply):
    """Where one is logged in, the newest first."""

    items: list[LoginPlace]
    next: str | None = None


class SetupState(Reply):
    """Whether the owner has still to be created."""

    needed: bool


class SetupRequest(Body):
    """Creates the owner with the one-time token that the first start printed."""

    token: Annotated[str, StringConstraints(max_length=200)]
    name: UserName
    password: Password


class LoginRequest(Body):
    """Name and password."""

    name: Annotated[str, StringConstraints(max_length=64)]
    password: TypedPassword


class TokenGrant(Reply):
    """A bearer token for programs."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- the word of RFC 6750, not a secret
    expires_in: int


class PasswordChange(Body):
    """Replaces one's own password; every other session ends."""

    old: TypedPassword
    new: Password


class NewUser(Body):
    """Adds a person."""

    name: UserName
    password: Password
    role: Literal["owner", "member"] = "member"
