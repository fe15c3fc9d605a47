import asyncio
from typing import Any

import httpx

from comfytavern.boot.app import System


async def test_a_part_of_a_file_is_sent_from_where_it_was_asked_for(owner: httpx.AsyncClient) -> None:
    at = "/api/files/content?uri=user://part.txt"
    assert (await owner.put(at, content=b"0123456789")).status_code == 201
    part = await owner.get(at, headers={"Range": "bytes=7-"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"789", "bytes 7-9/10")
    beyond = await owner.get(at, headers={"Range": "bytes=10-"})
    assert (beyond.status_code, beyond.json()["code"], beyond.headers["content-range"]) == (416, "api.range", "bytes */10")


async def test_half_a_request_does_nothing(system: System, owner: httpx.AsyncClient) -> None:
    heard: list[Any] = []
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    messages.put_nowait({"type": "http.request", "body": b'{"name": "Half"}', "more_body": True})
    messages.put_nowait({"type": "http.disconnect"})
    headers = [(b"host", b"tavern.test"), (b"origin", b"http://tavern.test"), (b"content-type", b"application/json")]
    headers.append((b"cookie", f"ct_session={owner.cookies['ct_session']}".encode()))
    scope = {"type": "http", "method": "POST", "path": "/api/projects", "query_string": b"", "headers": headers, "scheme": "http"}

    async def send(message: Any) -> None:
        heard.append(message)

    await system.app(scope | {"root_path": "", "client": ("127.0.0.1", 1), "server": ("tavern.test", 80)}, messages.get, send)
    assert heard == []
    assert "Half" not in [project["name"] for project in (await owner.get("/api/projects")).json()["items"]]
