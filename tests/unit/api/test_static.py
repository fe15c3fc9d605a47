import gzip
import os
from pathlib import Path

import httpx
import pytest

from comfytavern.api.static import Static

PAGE = {"Accept": "text/html,*/*"}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    root = tmp_path / "web"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<html>")
    (root / "favicon.svg").write_text("<svg/>")
    (root / "assets" / "app-1234.js").write_text("let a = 1")
    (root / "assets" / "app-1234.js.gz").write_bytes(gzip.compress(b"let a = 1"))
    (root / "assets" / "app-1234.js.br").write_bytes(b"brotli")
    (tmp_path / "secret.txt").write_text("secret")
    (root / ".env").write_text("SECRET=1")
    return root


@pytest.fixture
async def client(web: Path):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Static(web)), base_url="http://x") as made:
        yield made


async def test_hashed_files_are_kept_for_ever_and_the_page_is_asked_for_each_time(client: httpx.AsyncClient) -> None:
    asset = await client.get("/assets/app-1234.js", headers={"Accept-Encoding": "identity"})
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"].startswith("text/javascript")
    assert (await client.get("/")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(("accepts", "got"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", None)])
async def test_the_best_encoding_that_was_built_is_sent(web: Path, accepts: str, got: str | None) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Static(web)), base_url="http://x") as client:
        request = client.build_request("GET", "/assets/app-1234.js", headers={"Accept-Encoding": accepts})
        reply = await client.send(request, stream=True)
        assert reply.headers.get("content-encoding") == got
        assert reply.headers["vary"] == "Accept-Encoding"
        await reply.aclose()


async def test_a_browser_that_has_it_gets_304(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/")).headers["etag"]
    again = await client.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_page_of_another_release_is_another_page_though_date_and_size_are_the_same(web: Path, client: httpx.AsyncClient) -> None:
    page = web / "index.html"
    os.utime(page, (1_767_225_600, 1_767_225_600))
    etag = (await client.get("/")).headers["etag"]
    page.write_text("<body>")
    os.utime(page, (1_767_225_600, 1_767_225_600))
    assert (await client.get("/", headers={"If-None-Match": etag})).text == "<body>"


@pytest.mark.parametrize("path", ["/", "/p/prj_1/w/wfl_2", "/settings/models", "/files/a.txt"])
async def test_every_page_of_the_app_is_the_app(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path, headers=PAGE)
    assert (reply.status_code, reply.text) == (200, "<html>")


async def test_a_missing_part_of_a_page_is_not_the_page(client: httpx.AsyncClient) -> None:
    assert (await client.get("/assets/old-9999.js", headers=PAGE)).status_code == 404
    assert (await client.get("/logo.png", headers={"Accept": "image/*"})).status_code == 404


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/.env", "/..\\secret.txt", "/a%00b"]
)
async def test_nothing_outside_and_nothing_hidden_is_served(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path, headers=PAGE)
    assert "secret" not in reply.text.lower()


async def test_a_link_that_leads_outside_is_not_followed(client: httpx.AsyncClient, web: Path) -> None:
    (web / "link.txt").symlink_to(web.parent / "secret.txt")
    assert "secret" not in (await client.get("/link.txt")).text


async def test_only_reading_is_possible(client: httpx.AsyncClient) -> None:
    assert (await client.post("/")).status_code == 405
    head = await client.head("/")
    assert (head.status_code, head.content) == (200, b"")


async def test_without_a_built_app_the_answer_says_what_to_do() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Static(None)), base_url="http://x") as client:
        reply = await client.get("/")
    assert reply.status_code == 503
    assert "make build" in reply.text
