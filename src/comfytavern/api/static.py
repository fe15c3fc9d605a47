"""The built web app on the same origin: hashed assets for ever, index.html fresh, every other page is index.html."""

import mimetypes
from email.utils import formatdate
from hashlib import blake2b
from os import stat_result
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

IMMUTABLE: Final = "public, max-age=31536000, immutable"
FRESH: Final = "no-cache"
ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
"""In order of preference, with the suffix of the file the build put beside the original."""
NOT_BUILT: Final = "The web app is not built. Run `make build`, or `make dev` for one with hot reload.\n"

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")
mimetypes.add_type("application/manifest+json", ".webmanifest")


class Static:
    """ASGI application that serves the files of one folder."""

    def __init__(self, root: Path | None) -> None:
        """Serve `root`; None when there is no built web app."""
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        request = Request(scope, receive)
        response = await anyio.to_thread.run_sync(self._response, request)
        await response(scope, receive, send)

    def _response(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return PlainTextResponse("Method not allowed.\n", 405, {"Allow": "GET, HEAD"})
        if self._root is None or not (index := self._root / "index.html").is_file():
            return PlainTextResponse(NOT_BUILT, 503)
        path = request.scope["path"]
        if (file := _file(self._root, path)) is not None:
            hashed = path.startswith("/assets/")
            return _send(file, request, FRESH if file == index else IMMUTABLE if hashed else "public, max-age=3600")
        if path.startswith("/assets/") or not _is_page(request):
            return PlainTextResponse("Not found.\n", 404)
        return _send(index, request, FRESH)


def _file(root: Path, path: str) -> Path | None:
    """Return the file at `path` inside `root`; None when there is none, also for every path that tries to leave."""
    parts = path.split("/")
    if "\\" in path or "\0" in path or any(part.startswith(".") for part in parts):
        return None
    file = root.joinpath(*filter(None, parts))
    try:
        return file if file.is_file() and file.resolve().is_relative_to(root.resolve()) else None
    except OSError:
        return None


def _is_page(request: Request) -> bool:
    """Tell whether a browser wants a page, not a part of one."""
    return "text/html" in request.headers.get("accept", "") or "." not in request.scope["path"].rpartition("/")[2]


def _send(file: Path, request: Request, cache: str) -> Response:
    encoding, sent = _variant(file, request)
    found = sent.stat()
    headers = {
        "Cache-Control": cache,
        "ETag": _etag(sent, found, cache),
        "Vary": "Accept-Encoding",
        "Last-Modified": formatdate(found.st_mtime, usegmt=True),
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["Content-Encoding"] = encoding
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return FileResponse(sent, headers=headers, media_type=media_type, stat_result=found)


def _variant(file: Path, request: Request) -> tuple[str, Path]:
    accepted = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    for encoding, suffix in ENCODINGS:
        packed = file.with_name(file.name + suffix)
        if encoding in accepted and packed.is_file():
            return encoding, packed
    return "", file


def _etag(file: Path, found: stat_result, cache: str) -> str:
    """Return what tells two versions of a file apart. The page is known by its content: all files of a container image have one date."""
    if cache == FRESH:
        return f'"{blake2b(file.read_bytes(), digest_size=12).hexdigest()}"'
    return f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
