"""A fake OpenAI server: real HTTP on a loopback port, no model. `tests/contracts/test_fake_openai.py` keeps it honest.

    python -m comfytavern.testing.openai_server --port 9123        then base URL http://127.0.0.1:9123/v1, any key

What it does is chosen by the name of the model (`MODELS`): `fake-chat` streams an answer, `fake-error-429` is too busy,
`fake-cut` breaks off, and so on. In a test, `fail_next` puts failures before that, and `requests` tells what was asked.
"""

import argparse
import asyncio
import base64
import json
import socket
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from comfytavern.llm.providers.demo.media import picture, tone, vector

CUT_AFTER = 3
"""Words before something goes wrong in the middle."""
HUGE_BYTES = 4 * 1024 * 1024
ERRORS = {
    400: ("invalid_request_error", None, "This parameter is not supported with this model."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: {key}."),
    402: ("insufficient_balance", "insufficient_balance", "Insufficient balance."),
    403: ("permission_error", None, "Your account may not use this."),
    404: ("invalid_request_error", "model_not_found", "The model `{model}` does not exist or you do not have access to it."),
    413: ("invalid_request_error", None, "The request is too large."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    500: ("server_error", None, "The server had an error while processing your request."),
    503: ("server_error", "overloaded", "The engine is currently overloaded."),
}
MODELS = (
    "fake-chat",
    "fake-reasoning",
    "fake-tools",
    "fake-slow",
    "fake-endless",
    "fake-huge",
    "fake-plain",
    "fake-no-usage",
    "fake-hang",
    "fake-hang-middle",
    "fake-cut",
    "fake-error-middle",
    "fake-garbage",
    "fake-html",
    "fake-context",
    "fake-quota",
    *(f"fake-error-{status}" for status in ERRORS),
    "fake-instruct",
    "fake-embedding",
    "fake-image",
    "fake-speech-tts-1",
    "fake-transcribe",
)


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class FakeOpenAI:
    """The server. In a `with` block it listens on a free loopback port, in a thread of its own."""

    key: str | None = None
    """The one key that is taken; None = any."""
    delay_s: float = 0.0
    """Before each word."""
    requests: list[Recorded] = field(default_factory=list[Recorded])
    closed_early: int = 0
    """How many streams the client closed before their end."""
    base_url: str = ""
    failures: deque[tuple[int, dict[str, str]]] = field(default_factory=deque[tuple[int, dict[str, str]]])
    """Status and headers of the answers to the next requests."""
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def fail_next(self, status: int, *, times: int = 1, retry_after: str | None = None) -> None:
        """Answer the next requests with an error."""
        headers = {} if retry_after is None else {"retry-after": retry_after}
        self.failures.extend([(status, headers)] * times)

    async def sees(self, fact: Callable[[], bool], *, within_s: float = 2.0) -> bool:
        """Return whether something becomes true here before the time is over; the server is in another thread."""
        until = time.monotonic() + within_s
        while not fact() and time.monotonic() < until:  # noqa: ASYNC110 -- an asyncio.Event does not cross threads
            await asyncio.sleep(0.005)
        return fact()

    def __enter__(self) -> Self:
        """Listen."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        config = uvicorn.Config(application(self), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, whatever is still going on."""
        if self._server and self._thread:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(timeout=5)


def application(fake: FakeOpenAI) -> Starlette:
    """Return the server's routes, without a server."""

    def answered(answer: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            fake.requests.append(Recorded(request.url.path, dict(request.headers), body))
            refused = _refused(fake, request)
            if refused is not None:
                return refused
            form = request.headers.get("content-type", "").startswith("multipart/")
            asked = dict(await request.form()) if form else json.loads(body or b"{}")
            return await _special(asked) or await answer(fake, asked)

        return endpoint

    posts = {
        "/chat/completions": _chat,
        "/completions": _complete,
        "/embeddings": _embed,
        "/images/generations": _images,
        "/audio/speech": _speech,
        "/audio/transcriptions": _transcribe,
    }
    routes = [Route(f"/v1{path}", answered(answer), methods=["POST"]) for path, answer in posts.items()]
    return Starlette(routes=[*routes, Route("/v1/models", answered(_models), methods=["GET"])])


def _refused(fake: FakeOpenAI, request: Request) -> Response | None:
    if fake.failures:
        status, headers = fake.failures.popleft()
        return _error(status, headers=headers)
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if fake.key is not None and (scheme != "Bearer" or key != fake.key):
        return _error(401, key=key)
    return None


async def _special(asked: dict[str, Any]) -> Response | None:
    """Return what a model of that name does before it looks at the question."""
    model = str(asked.get("model", ""))
    match model.removeprefix("fake-").split("-"):
        case ["error", status] if status.isdigit():
            return _error(int(status), model=model)
        case ["context"]:
            said = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
            return _error(400, message=said, code="context_length_exceeded")
        case ["quota"]:
            return _error(429, message="You exceeded your current quota, please check your plan.", code="insufficient_quota")
        case ["html"]:
            return Response("<!doctype html><title>Welcome</title><p>Hello", media_type="text/html")
        case ["hang"]:
            await asyncio.sleep(3600)
        case _ if asked and model not in MODELS:
            return _error(404, model=model)
        case _:
            pass
    return None


async def _chat(fake: FakeOpenAI, asked: dict[str, Any]) -> Response:
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        return _error(400, message="'messages' must be a non-empty array.")
    text, calls = _answer(asked), _calls(asked)
    if not asked.get("stream") or asked["model"] == "fake-plain":
        message: dict[str, Any] = {"role": "assistant", "content": None if calls else text}
        message |= {"tool_calls": calls} if calls else {}
        message |= {"reasoning_content": "I think."} if asked["model"] == "fake-reasoning" else {}
        reason = "tool_calls" if calls else "stop"
        choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
        return JSONResponse({**_head(asked, "chat.completion"), "choices": [choice], "usage": _usage(asked, text)})
    return _streamed(fake, asked, _chat_pieces(asked, text, calls))


async def _complete(fake: FakeOpenAI, asked: dict[str, Any]) -> Response:
    text = f" … fake continuation of: {asked['prompt']}"
    if not asked.get("stream"):
        choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
        return JSONResponse({**_head(asked, "text_completion"), "choices": [choice], "usage": _usage(asked, text)})
    pieces = [{"choices": [{"index": 0, "text": word, "finish_reason": None, "logprobs": None}]} for word in _words(text)]
    pieces += [{"choices": [{"index": 0, "text": "", "finish_reason": "stop", "logprobs": None}]}]
    return _streamed(fake, asked, [_head(asked, "text_completion") | piece for piece in pieces])


async def _embed(_fake: FakeOpenAI, asked: dict[str, Any]) -> Response:
    texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
    vectors: list[Any] = [vector(text, asked.get("dimensions")) for text in texts]
    if asked.get("encoding_format") == "base64":
        import array  # noqa: PLC0415 -- only the official client asks for this form

        vectors = [base64.b64encode(array.array("f", each).tobytes()).decode() for each in vectors]
    data = [{"object": "embedding", "index": index, "embedding": each} for index, each in enumerate(vectors)]
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return JSONResponse({"object": "list", "data": data[::-1], "model": asked["model"], "usage": usage})


async def _images(_fake: FakeOpenAI, asked: dict[str, Any]) -> Response:
    width, height = (int(side) for side in asked.get("size", "64x64").split("x"))
    encoded = base64.b64encode(picture(asked["prompt"], width, height)).decode()
    one = {"b64_json": encoded} if asked.get("response_format") == "b64_json" else {"url": f"data:image/png;base64,{encoded}"}
    return JSONResponse({"created": int(time.time()), "data": [one] * asked.get("n", 1)})


async def _speech(_fake: FakeOpenAI, asked: dict[str, Any]) -> Response:
    return Response(tone(asked["input"]), media_type="audio/wav")


async def _transcribe(_fake: FakeOpenAI, asked: dict[str, Any]) -> Response:
    size = len(await asked["file"].read())
    return JSONResponse({"text": f"Fake transcript of {size} bytes."})


async def _models(_fake: FakeOpenAI, _asked: dict[str, Any]) -> Response:
    data = [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "fake"} for name in MODELS]
    return JSONResponse({"object": "list", "data": data})


def _answer(asked: dict[str, Any]) -> str:
    if asked["model"] == "fake-huge":
        return "0123456789abcde " * (HUGE_BYTES // 16)
    if asked.get("response_format", {}).get("type") == "json_schema":
        return '{"answer": 42}'
    content = asked["messages"][-1].get("content") or ""
    said = content if isinstance(content, str) else " ".join(part.get("text", "(picture)") for part in content)
    return f"Fake answer to: {said}"


def _calls(asked: dict[str, Any]) -> list[dict[str, Any]]:
    if asked["model"] != "fake-tools" or not asked.get("tools"):
        return []
    named = {"name": asked["tools"][0]["function"]["name"], "arguments": '{"place": "Oslo"}'}
    return [{"id": "call_fake_1", "type": "function", "function": named}]


def _chat_pieces(asked: dict[str, Any], text: str, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if asked["model"] == "fake-reasoning":
        deltas += [{"reasoning_content": word} for word in _words("I think.")]
    if calls:
        deltas += _call_deltas(calls[0])
    elif asked["model"] == "fake-huge":
        deltas += [{"content": text[start : start + 65_536]} for start in range(0, len(text), 65_536)]
    else:
        deltas += [{"content": word} for word in _words(text)]
    choices: list[dict[str, Any]] = [{"index": 0, "delta": delta, "finish_reason": None, "logprobs": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "tool_calls" if calls else "stop", "logprobs": None})
    head = _head(asked, "chat.completion.chunk")
    pieces = [head | {"choices": [choice]} for choice in choices]
    if (asked.get("stream_options") or {}).get("include_usage") and asked["model"] != "fake-no-usage":
        pieces.append(head | {"choices": [], "usage": _usage(asked, text)})
    return pieces


def _call_deltas(call: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a tool call cut into pieces, as OpenAI sends it."""
    arguments = call["function"]["arguments"]
    first = {"index": 0, "id": call["id"], "type": "function", "function": {"name": call["function"]["name"], "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": arguments[start : start + 5]}} for start in range(0, len(arguments), 5)]
    return [{"tool_calls": [piece]} for piece in (first, *rest)]


def _streamed(fake: FakeOpenAI, asked: dict[str, Any], pieces: list[dict[str, Any]]) -> Response:
    return StreamingResponse(_frames(fake, asked["model"], pieces), media_type="text/event-stream")


async def _frames(fake: FakeOpenAI, model: str, pieces: list[dict[str, Any]]) -> AsyncIterator[bytes]:
    """Yield the stream as bytes, with the accident that the model's name announces."""
    delay_s = 0.2 if model == "fake-slow" else 0.02 if model == "fake-endless" else fake.delay_s
    ended = False
    try:
        for index, piece in enumerate(pieces):
            if index > CUT_AFTER and model in {"fake-cut", "fake-hang-middle", "fake-error-middle", "fake-garbage"}:
                yield await _accident(model)
            await asyncio.sleep(delay_s)
            yield _frame(piece)
        while model == "fake-endless":
            await asyncio.sleep(delay_s)
            yield _frame(pieces[1])
        yield b"data: [DONE]\n\n"
        ended = True
    finally:
        fake.closed_early += not ended


async def _accident(model: str) -> bytes:
    if model == "fake-cut":
        raise ConnectionResetError
    if model == "fake-hang-middle":
        await asyncio.sleep(3600)
    if model == "fake-error-middle":
        return _frame({"error": {"message": "The model crashed.", "type": "server_error", "code": None}})
    return b'data: {"choices": [{"index": 0, "delta": {"content": "broken\n\n'


def _frame(value: Any) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


def _head(asked: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "fake-1", "object": kind, "created": 1_700_000_000, "model": asked["model"], "system_fingerprint": "fake"}


def _usage(asked: dict[str, Any], text: str) -> dict[str, int]:
    prompt = len(json.dumps(asked.get("messages") or asked.get("prompt")).split())
    written = len(text.split())
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _words(text: str) -> list[str]:
    return [word + " " for word in text.split(" ")[:-1]] + text.split(" ")[-1:]


def _error(status: int, *, message: str = "", code: str | None = None, headers: dict[str, str] | None = None, **names: str) -> Response:
    kind, usual_code, usual = ERRORS.get(status, ERRORS[500])
    said = message or usual.format(**({"key": "", "model": ""} | names))
    body = {"error": {"message": said, "type": kind, "param": None, "code": code or usual_code}}
    return JSONResponse(body, status_code=status, headers=headers)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A fake OpenAI server for tests.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", help="the one key that is taken; without it, any")
    parser.add_argument("--delay", type=float, default=0.02, help="seconds before each word")
    chosen = parser.parse_args()
    fake = FakeOpenAI(key=chosen.key, delay_s=chosen.delay)
    with suppress(KeyboardInterrupt):
        uvicorn.run(application(fake), host="127.0.0.1", port=chosen.port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
