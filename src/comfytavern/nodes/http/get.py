"""Reading from another server."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from comfytavern.nodes.http.exchange import HEADERS, OUTPUTS, QUERY, STRICT, TIMEOUT, URL, ZH, exchange
from comfytavern.nodes.http.guard import Fetcher
from comfytavern.nodes.kit import Context, Type, Words, inp, node, select


@node(
    "http.get",
    title="HTTP read",
    description="Reads from a web address. Changes nothing there, so it may be repeated and its result may be kept.",
    icon="globe",
    keywords=["fetch", "get", "url", "web", "api", "rest", "download"],
    inputs=[
        URL,
        inp(
            "method",
            Type.STRING,
            default="GET",
            handle=False,
            description="GET reads everything, HEAD the headers only.",
            widget=select(("GET", "GET"), ("HEAD", "HEAD")),
        ),
        QUERY,
        HEADERS,
        TIMEOUT,
        STRICT,
    ],
    outputs=OUTPUTS,
    effect="nondet",
    services=(Fetcher,),
    example={
        "inputs": {"url": "http://example.test/greeting"},
        "reply": {"body": '{"hello": 0}', "headers": {"content-type": "application/json"}},
        "outputs": {"body": '{"hello": 0}', "json": {"hello": 0}, "status": 200},
    },
    zh=Words(
        title="HTTP 读取",
        description="读取一个网址。不会改变对方的内容，因此可以重复，结果也可以保留。",
        ports=ZH | {"method": ("方法", "GET 读取全部内容，HEAD 只读头部。")},
        options={"GET": "GET", "HEAD": "HEAD"},
        keywords=["请求", "网址", "接口", "抓取"],
    ),
)
async def get(
    ctx: Context, url: str, method: str, query: dict[str, Any], headers: dict[str, Any], timeout_s: float, strict: bool
) -> AsyncIterator[Any]:
    """Yield the text, then JSON, status and headers."""
    used = method if method == "HEAD" else "GET"
    parts = exchange(ctx.use(Fetcher), used, url, query=query, headers=headers, body=None, timeout_s=timeout_s, strict=strict)
    async with aclosing(parts):
        async for part in parts:
            yield part
