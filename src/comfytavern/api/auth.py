"""The gate in front of every route: closed unless a route is on the short list of those for strangers.

A browser shows the cookie `ct_session`, a program `Authorization: Bearer …`. What carries a cookie and may change something
must come from a page of ours, told by its Origin; so must every socket.
"""

from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comfytavern.accounts.service import Accounts
from comfytavern.accounts.session import LIFETIME_S as SESSION_LIFETIME_S
from comfytavern.accounts.session import Login, Origin, Visitor
from comfytavern.accounts.user import User
from comfytavern.api import problems
from comfytavern.api.about import note
from comfytavern.api.services import Values
from comfytavern.kernel.errors import Denied, Failure, Unauthenticated

COOKIE: Final = "ct_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
STRANGERS: Final = frozenset(
    {
        ("GET", "/health"),
        ("GET", "/ready"),
        ("GET", "/version"),
        ("GET", "/metrics"),
        ("GET", "/api/watching"),
        ("POST", "/api/watching/errors"),
        ("GET", "/api/setup"),
        ("POST", "/api/setup"),
        ("POST", "/api/login"),
        ("POST", "/api/token"),
    }
)


class Gate:
    """ASGI middleware: puts the visitor into the request's state, or answers in its place."""

    def __init__(self, app: ASGIApp, accounts: Accounts, values: Values) -> None:
        """Guard `app`."""
        self._app = app
        self._accounts = accounts
        self._values = values

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            await self._admit(connection)
        except Failure as failure:
            refusal = problems.reply(failure, request_id=problems.request_id_of(connection))
            await _refuse(refusal, scope, receive, send)
            return
        if (visitor := scope["state"].get("visitor")) is not None and visitor.extended:
            send = _with_cookie(send, connection, self._values)
        await self._app(scope, receive, send)

    async def _admit(self, connection: HTTPConnection) -> None:
        bearer = _bearer_token(connection)
        method = connection.scope.get("method", "")
        if not bearer and method not in SAFE_METHODS:
            self._check_origin(connection)
        if (method, connection.scope["path"]) not in STRANGERS:
            connection.state.visitor = visitor = await self._visitor(connection, bearer)
            note(user_id=visitor.user.id)
            connection.state.again = lambda: self._visitor(connection, bearer, extend=False)

    async def _visitor(self, connection: HTTPConnection, bearer: str, *, extend: bool = True) -> Visitor:
        if bearer:
            return await self._accounts.bearer(bearer)
        cookie = connection.cookies.get(COOKIE, "")
        if not cookie:
            raise Unauthenticated("api.anonymous", "You are not logged in.", hint="Log in, or send a bearer token.")
        return await self._accounts.visitor(cookie, extend=extend)

    def _check_origin(self, connection: HTTPConnection) -> None:
        """Refuse what a page of somebody else sends in a browser's name. A program without cookies sends no Origin: it may log in."""
        origin = connection.headers.get("origin", "")
        if not origin and COOKIE not in connection.cookies and connection.scope["type"] == "http":
            return
        if origin in self._values.origins or (origin and _host(origin) == connection.headers.get("host", "")):
            return
        raise Denied("api.origin", "This request does not come from a page of this server.", hint="Add the page's origin to CORS_ORIGIN.")


def visitor(connection: HTTPConnection) -> Visitor:
    """Return whom the gate let in."""
    return connection.state.visitor


def user(connection: HTTPConnection) -> User:
    """Return the person whom the gate let in."""
    return connection.state.visitor.user


Who = Annotated[Visitor, Depends(visitor)]
Me = Annotated[User, Depends(user)]


def origin_of(request: Request) -> Origin:
    """Return where a login comes from."""
    return Origin(address=request.client.host if request.client else "", agent=request.headers.get("user-agent", ""))


def set_cookie(response: Response, request: Request, login: Login, values: Values) -> None:
    """Give the browser its session."""
    _keep(response, request, login.token.reveal(), values)


def clear_cookie(response: Response) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


def _keep(response: Response, connection: HTTPConnection, token: str, values: Values) -> None:
    secure = values.secure_cookies or connection.url.scheme in {"https", "wss"}
    response.set_cookie(COOKIE, token, max_age=SESSION_LIFETIME_S, httponly=True, samesite="lax", secure=secure)


def _with_cookie(send: Send, connection: HTTPConnection, values: Values) -> Send:
    """Return a `send` that lets the browser keep its cookie as long as the session now lives, unless the answer is a log-out."""
    given = Response()
    _keep(given, connection, connection.cookies[COOKIE], values)

    async def send_with_cookie(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept"}:
            headers = MutableHeaders(scope=message)
            if not any(cookie.startswith(f"{COOKIE}=") for cookie in headers.getlist("set-cookie")):
                headers.append("set-cookie", given.headers["set-cookie"])
        await send(message)

    return send_with_cookie


def _host(origin: str) -> str:
    """Return host and port of an origin; nothing when it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _bearer_token(connection: HTTPConnection) -> str:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refusal(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await send({"type": "websocket.http.response.start", "status": refusal.status_code, "headers": refusal.raw_headers})
        await send({"type": "websocket.http.response.body", "body": refusal.body})
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
