"""Placeholder until the accounts room lands."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response


def caller(request: Request) -> Any:
    """Return who sent this request."""
    return request.state.user


Me = Annotated[Any, Depends(caller)]


async def set_cookie(response: Response, request: Request, user: Any) -> None:
    """Set."""


async def clear_cookie(response: Response, request: Request) -> None:
    """Clear."""
