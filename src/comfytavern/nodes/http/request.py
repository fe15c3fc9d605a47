"""Sending to another server."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from comfytavern.nodes.http.exchange import HEADERS, OUTPUTS, QUERY, STRICT, TIMEOUT, URL, ZH, exchange
from comfytavern.nodes.http.guard import Fetcher
from comfytavern.nodes.kit import Context, Failure, Type, Words, inp, json_widget, node, select

METHODS = ("POST", "PUT", "PATCH", "DELETE")


@node(
    "http.request",
    title="HTTP request",
    description="Sends to a web address. It may change something there, so it runs once and is never repeated by itself.",
    icon="send",
    keywords=["post", "put", "delete", "webhook", "api", "rest", "fetch"],
    inputs=[
        URL,
        inp(
            "method",
            Type.STRING,
            default="POST",
            handle=False,
            description="What the server should do.",
            widget=select(*((method, method) for method in METHODS)),
        ),
        inp("body", Type.ANY, default=None, widget=json_widget(), description="Text is sent as it is, anything else as JSON."),
        QUERY,
        HEADERS,
        TIMEOUT,
        STRICT,
    ],
    outputs=OUTPUTS,
    effect="effect",
    services=(Fetcher,),
    example={
        "inputs": {"url": "http://example.test/letters", "body": {"to": "Ada"}},
        "reply": {"status": 201, "body": "sent", "headers": {"content-type": "text/plain"}},
        "outputs": {"body": "sent", "status": 201},
    },
    zh=Words(
        title="HTTP 请求",
        description="向一个网址发送内容。可能改变对方的状态，因此只运行一次，不会自动重复。",
        ports=ZH
        | {"method": ("方法", "要求服务器做什么。"), "body": ("正文", "要发送的内容：文本原样发送，其他作为 JSON；输出时为应答的文本。")},
        options={method: method for method in METHODS},
        keywords=["发送", "提交", "接口", "回调"],
    ),
)
async def request(  # noqa: PLR0917 -- one parameter per input
    ctx: Context, url: str, method: str, body: Any, query: dict[str, Any], headers: dict[str, Any], timeout_s: float, strict: bool
) -> AsyncIterator[Any]:
    """Yield the text, then JSON, status and headers."""
    if method not in METHODS:
        raise Failure("http.method", f"There is no method called {method!r} here.", method=method)
    parts = exchange(ctx.use(Fetcher), method, url, query=query, headers=headers, body=body, timeout_s=timeout_s, strict=strict)
    async with aclosing(parts):
        async for part in parts:
            yield part
