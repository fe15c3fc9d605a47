"""What both HTTP kinds do: send, judge the status, and hand the text on while it arrives."""

import codecs
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any
from urllib.parse import quote

from comfytavern.kernel.errors import Busy, Failure, Invalid, NotFound, Unavailable
from comfytavern.nodes.http.guard import Fetcher, Reply
from comfytavern.nodes.kit import DEAD, Final, Type, as_text, inp, json_widget, number, out, text_widget, toggle

EXCERPT = 500

URL = inp(
    "url",
    Type.STRING,
    required=True,
    title="Address",
    tags=["url"],
    widget=text_widget("https://…"),
    description="An http or https address.",
)
QUERY = inp("query", Type.OBJECT, default={}, widget=json_widget(2), description="Added to the address as ?name=value.")
HEADERS = inp("headers", Type.OBJECT, default={}, widget=json_widget(2), description="Headers to send, by name.")
TIMEOUT = inp(
    "timeout_s", Type.FLOAT, default=30.0, title="Time limit", widget=number(0.1, 600, 1), description="Seconds for the whole exchange."
)
STRICT = inp(
    "strict",
    Type.BOOLEAN,
    default=True,
    title="Fail on errors",
    widget=toggle(),
    description="Fail when the server answers with an error (400 and above).",
)
OUTPUTS = [
    out("body", Type.STRING, stream=True, description="The text of the answer, as it arrives."),
    out("json", Type.ANY, title="JSON", tags=["json"], description="What the answer says, if it is JSON."),
    out("status", Type.INTEGER, description="The status, such as 200."),
    out("headers", Type.OBJECT, description="The headers of the answer, names in small letters."),
]
ZH = {
    "url": ("地址", "http 或 https 地址。"),
    "query": ("查询参数", "以 ?名称=值 的形式加到地址后面。"),
    "headers": ("头部", "要发送的头部；输出时为应答的头部，名称为小写。"),
    "timeout_s": ("时限", "整个过程最多多少秒。"),
    "strict": ("出错时失败", "服务器应答错误（400 及以上）时失败。"),
    "body": ("正文", "应答的文本，边到边传。"),
    "json": ("JSON", "应答是 JSON 时的内容。"),
    "status": ("状态码", "状态码，例如 200。"),
}


async def exchange(
    fetcher: Fetcher, method: str, url: str, *, query: dict[str, Any], headers: dict[str, Any], body: Any, timeout_s: float, strict: bool
) -> AsyncGenerator[Any]:
    """Yield the text as it arrives and a `Final` of json, status and headers. Raises what `Fetcher.open` raises, and `http.status`."""
    content, content_type = _encoded(body)
    sent = {str(name): as_text(value) for name, value in (headers or {}).items()}
    if content_type and not any(name.lower() == "content-type" for name in sent):
        sent["content-type"] = content_type
    async with fetcher.open(method, with_query(url, query), headers=sent, body=content, timeout_s=timeout_s) as reply:
        if strict and reply.status >= 400:
            raise await _status_failure(reply)
        text: list[str] = []
        async for piece in _text(reply):
            text.append(piece)
            yield piece
        yield Final(json=_json(reply, "".join(text)), status=reply.status, headers=reply.headers)


def with_query(url: str, query: dict[str, Any] | None) -> str:
    """Return the address with the query added; a list gives its name several times."""
    pairs = [(name, value) for name, given in (query or {}).items() for value in (given if isinstance(given, list) else [given])]
    if not pairs:
        return url
    base, mark, fragment = url.partition("#")
    joined = "&".join(f"{quote(str(name), safe='')}={quote(as_text(value), safe='')}" for name, value in pairs)
    return base + ("&" if "?" in base else "?") + joined + mark + fragment


def _encoded(body: Any) -> tuple[bytes | None, str]:
    """Return the bytes to send and their media type: text as it is, anything else as JSON, nothing for null."""
    match body:
        case None:
            return None, ""
        case str():
            return body.encode(), "text/plain; charset=utf-8"
        case bytes():
            return body, "application/octet-stream"
        case _:
            return json.dumps(body, ensure_ascii=False).encode(), "application/json"


async def _text(reply: Reply) -> AsyncIterator[str]:
    try:
        decoder = codecs.getincrementaldecoder(reply.charset)(errors="replace")
    except LookupError:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    first = True
    async for raw in reply.body:
        if first and b"\0" in raw and not reply.charset.startswith("utf-16"):
            raise Invalid("http.binary", "The answer is not text.", hint="Use Download to keep it as a file.", media_type=reply.media_type)
        first = False
        if piece := decoder.decode(raw):
            yield piece
    if rest := decoder.decode(b"", final=True):
        yield rest


def _json(reply: Reply, text: str) -> Any:
    if reply.media_type != "application/json" and not reply.media_type.endswith("+json"):
        return DEAD
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return DEAD


async def _status_failure(reply: Reply) -> Failure:
    """Return what to tell a person about an answer of 400 and above."""
    excerpt = ""
    async for piece in _text(reply):
        excerpt += piece
        if len(excerpt) > EXCERPT:
            break
    told: dict[str, Any] = {"status": reply.status, "excerpt": excerpt[:EXCERPT]}
    match reply.status:
        case 401 | 403:
            return Failure("http.status", f"The server refuses access ({reply.status}).", hint="Check the key in the headers.", **told)
        case 404 | 410:
            return NotFound("http.status", f"There is nothing at this address ({reply.status}).", hint="Check the address.", **told)
        case 429:
            return Busy("http.status", "The server has had too many requests (429).", hint="Wait, or set retries on this node.", **told)
        case status if status >= 500:
            return Unavailable("http.status", f"The server has a problem ({status}).", hint="Try again later.", **told)
        case status:
            return Failure("http.status", f"The server did not accept the request ({status}).", hint="Read what it says.", **told)
