"""Which pages of other origins may use the API: asked at each request, for the list can change while the server runs."""

from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from comfytavern.api.services import Values


class Cors(CORSMiddleware):
    """Starlette's, with the origins of `values` as they are now. Without any it is not there."""

    def __init__(self, app: ASGIApp, values: Values) -> None:
        """Pass on to `app`."""
        exposed = ["ETag", "X-Request-Id", "X-Comfytavern-Release"]
        super().__init__(app, allow_credentials=True, allow_methods=["*"], allow_headers=["*"], expose_headers=exposed)
        self._values = values

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer what a browser asks before it sends one."""
        await (super().__call__ if self._values.origins else self.app)(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Tell whether pages of `origin` may use the API."""
        return origin in self._values.origins
