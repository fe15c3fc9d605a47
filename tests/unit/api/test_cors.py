"""Pages of other origins: which may use the API can change while the server runs."""

import httpx
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from comfytavern.api.cors import Cors
from comfytavern.api.services import Values

A, B = "https://a.example", "https://b.example"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


async def room(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


async def test_the_list_of_origins_holds_as_it_is_now() -> None:
    values = Values(version="1")
    transport = httpx.ASGITransport(Cors(room, values))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

        async def allowed(origin: str) -> tuple[bool, bool]:
            asked, done = await client.options("/", headers={"Origin": origin, **ASKS}), await client.get("/", headers={"Origin": origin})
            assert done.text == "hello"
            answers = (asked, done)
            return tuple(answer.headers.get("access-control-allow-origin") == origin for answer in answers)  # type: ignore[return-value]

        assert await allowed(A) == (False, False)
        assert (await client.options("/", headers={"Origin": A, **ASKS})).text == "hello", "without origins there is nothing in between"
        values.origins = (A,)
        assert (await allowed(A), await allowed(B)) == ((True, True), (False, False))
        assert (await client.get("/", headers={"Origin": A})).headers["access-control-allow-credentials"] == "true"
        values.origins = (B,)
        assert (await allowed(A), await allowed(B)) == ((False, False), (True, True))
