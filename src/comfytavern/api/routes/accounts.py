"""Who is there: the first owner, login, sessions, people."""

from typing import Any

from fastapi import APIRouter, Request, Response

from comfytavern.api.auth import Me, clear_cookie, set_cookie
from comfytavern.api.routes.paging import Cursor, Limit
from comfytavern.api.schemas.accounts import (
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
from comfytavern.kernel.paging import LIMIT_DEFAULT

router = APIRouter(prefix="/api", tags=["accounts"])


@router.get("/setup", response_model=SetupState)
async def get_setup(doors: Doors) -> Any:
    """Tell whether the owner has still to be created. Anonymous."""
    return {"needed": await doors.accounts.setup_needed()}


@router.post("/setup", response_model=Session, status_code=201)
async def create_owner(body: SetupRequest, request: Request, response: Response, doors: Doors) -> Any:
    """Create the owner with the one-time token, and log in. Anonymous."""
    user = await doors.accounts.create_owner(body.token, body.name, body.password)
    await set_cookie(response, request, user)
    return {"user": user}


@router.post("/login", response_model=Session)
async def login(body: LoginRequest, request: Request, response: Response, doors: Doors) -> Any:
    """Log in; the answer sets the session cookie. Anonymous."""
    user = await doors.accounts.login(body.name, body.password)
    await set_cookie(response, request, user)
    return {"user": user}


@router.post("/token", response_model=TokenGrant)
async def create_token(body: LoginRequest, request: Request, doors: Doors) -> Any:
    """Return a bearer token for programs. Anonymous."""
    return await doors.accounts.token(body.name, body.password)


@router.post("/logout", status_code=204)
async def logout(request: Request, response: Response, doors: Doors, me: Me) -> None:
    """End this session."""
    await clear_cookie(response, request)


@router.get("/session", response_model=Session)
async def get_session(me: Me) -> Any:
    """Return who is logged in."""
    return {"user": me}


@router.put("/session/preferences", response_model=Session)
async def save_preferences(body: Json, doors: Doors, me: Me) -> Any:
    """Replace one's preferences (an object that only clients read, at most 64 KiB)."""
    return {"user": await doors.accounts.save_preferences(me.id, body)}


@router.put("/session/password", status_code=204)
async def change_password(body: PasswordChange, doors: Doors, me: Me) -> None:
    """Replace one's password."""
    await doors.accounts.change_password(me.id, body.old, body.new)


@router.get("/users", response_model=UserPage)
async def list_users(doors: Doors, me: Me, cursor: Cursor = None, limit: Limit = LIMIT_DEFAULT) -> Any:
    """List people (owner only)."""
    return await doors.accounts.users(me, cursor, limit)


@router.post("/users", response_model=User, status_code=201)
async def create_user(body: NewUser, doors: Doors, me: Me) -> Any:
    """Add a person (owner only)."""
    return await doors.accounts.create(me, body.name, body.password, body.role)


@router.delete("/users/{user_id}", status_code=204)
async def delete_user(user_id: str, doors: Doors, me: Me) -> None:
    """Remove a person (owner only; not oneself)."""
    await doors.accounts.delete(me, user_id)
