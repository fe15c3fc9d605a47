"""Who is there: the first owner, login, sessions, people."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from comfytavern.accounts.user import Role
from comfytavern.api.auth import Me, Who, clear_cookie, origin_of, set_cookie
from comfytavern.api.body import JsonRoute
from comfytavern.api.schemas.accounts import (
    LoginPage,
    LoginRequest,
    NewUser,
    PasswordChange,
    Session,
    SetupRequest,
    SetupState,
    TokenGrant,
    User,
    UserPage,
)
from comfytavern.api.schemas.common import Json
from comfytavern.api.services import Doors

router = APIRouter(route_class=JsonRoute, prefix="/api", tags=["accounts"])


@router.get("/setup", response_model=SetupState)
async def get_setup(doors: Doors) -> Any:
    """Tell whether the owner has still to be created. Anonymous."""
    return {"needed": await doors.accounts.setup_needed()}


@router.post("/setup", response_model=Session, status_code=201)
async def create_owner(body: SetupRequest, request: Request, response: Response, doors: Doors) -> Any:
    """Create the owner with the one-time token, and log in. Anonymous."""
    made = await doors.accounts.set_up(body.token, body.name, body.password, origin=origin_of(request))
    set_cookie(response, request, made, doors.values)
    return made


@router.post("/login", response_model=Session)
async def login(body: LoginRequest, request: Request, response: Response, doors: Doors) -> Any:
    """Log in; the answer sets the session cookie. Anonymous."""
    made = await doors.accounts.log_in(body.name, body.password, origin=origin_of(request))
    set_cookie(response, request, made, doors.values)
    return made


@router.post("/token", response_model=TokenGrant)
async def create_token(body: LoginRequest, request: Request, doors: Doors) -> Any:
    """Return a bearer token for programs. Anonymous."""
    return await doors.accounts.issue_token(body.name, body.password, origin=origin_of(request))


@router.post("/logout", status_code=204)
async def logout(response: Response, doors: Doors, who: Who) -> None:
    """End this session. A bearer token stays good until it runs out."""
    await doors.accounts.log_out(who)
    clear_cookie(response)


@router.get("/session", response_model=Session)
async def get_session(who: Who) -> Any:
    """Return who is logged in."""
    return who


@router.put("/session/preferences", response_model=Session)
async def save_preferences(body: Json, doors: Doors, me: Me) -> Any:
    """Replace one's preferences (an object that only clients read, at most 64 KiB)."""
    return {"user": await doors.accounts.set_preferences(me, body)}


@router.put("/session/password", status_code=204)
async def change_password(body: PasswordChange, request: Request, doors: Doors, who: Who) -> None:
    """Replace one's password. Every other session and every bearer token ends."""
    await doors.accounts.change_password(who, body.old, body.new, origin=origin_of(request))


@router.get("/sessions", response_model=LoginPage)
async def list_sessions(doors: Doors, who: Who) -> Any:
    """List where one is logged in, the newest first."""
    here = who.session.id if who.session else ""
    found = await doors.accounts.sessions(who.user)
    return {"items": [msgspec.structs.asdict(session) | {"current": session.id == here} for session in found]}


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: str, doors: Doors, me: Me) -> None:
    """Log out elsewhere."""
    await doors.accounts.end_session(me, session_id)


@router.get("/users", response_model=UserPage)
async def list_users(doors: Doors, me: Me) -> Any:
    """List people (owner only)."""
    return {"items": await doors.accounts.users(me)}


@router.post("/users", response_model=User, status_code=201)
async def create_user(body: NewUser, doors: Doors, me: Me) -> Any:
    """Add a person (owner only)."""
    return await doors.accounts.add_user(me, body.name, body.password, Role(body.role))


@router.delete("/users/{user_id}", status_code=204)
async def delete_user(user_id: str, doors: Doors, me: Me) -> None:
    """Remove a person with everything that is theirs (owner only; not oneself)."""
    await doors.accounts.remove_user(me, user_id)
