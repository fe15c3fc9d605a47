"""No secret is ever written to the log, wherever it was; and every line says on whose behalf it was written."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from comfytavern.api.about import ABOUT, note
from comfytavern.boot.logs import Machines, Redacted, configure
from comfytavern.boot.redact import GONE, redacting, secrets_of
from comfytavern.settings.settings import read

KEY = "sk-proj-Zq81kfWv20pLmXyT"
COOKIE = "ct_session=Qm9vIHRoaXMgaXMgYSBzZXNzaW9u"
BEARER = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl"
PASSWORD = 'pa"ss\\w0rd-of-the-database'
TOKEN = "AHTF_Y6DdAInIUc2X2LyX5snZYVSnTg8yWggnYYA6fc"
PLANTED = [KEY, COOKIE.partition("=")[2], BEARER, PASSWORD, TOKEN, "hunter2hunter2", "s3cr3t-in-address"]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Redacted(Machines(), redacting([PASSWORD])))
    logger = logging.getLogger("planted")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    yield written
    logger.handlers = []


def refused() -> None:
    headers = [(b"authorization", f"Bearer {BEARER}".encode()), (b"cookie", COOKIE.encode())]
    given = {"password": "hunter2hunter2"}
    raise RuntimeError(f"{headers} {PASSWORD} {PASSWORD!r} postgresql://tavern:s3cr3t-in-address@db/x {given}")


def plant(logger: logging.Logger) -> None:
    logger.info("started with %s", KEY)
    logger.info("see http://localhost:3233/setup?token=%s&x=1", TOKEN)
    logger.info("asked", extra={"headers": {"Authorization": f"Bearer {BEARER}", "Cookie": COOKIE, "x-api-key": "hunter2hunter2"}})
    logger.info("%r", {"api_key": "hunter2hunter2", "nested": json.dumps({"password": PASSWORD})})
    logger.info("JWT_SECRET=%s DATABASE_URL=postgresql://tavern:s3cr3t-in-address@db/x", "hunter2hunter2")
    logger.info("Set-Cookie: %s; HttpOnly", COOKIE)
    local = KEY
    try:
        refused()
    except RuntimeError:
        logger.exception("failed %s", "here", extra={"about": [local]})
        logger.info("with a stack", stack_info=True)


def test_no_planted_secret_is_written_not_even_in_tracebacks(stream: io.StringIO) -> None:
    plant(logging.getLogger("planted"))
    written = stream.getvalue()
    for secret in PLANTED:
        assert secret not in written
        assert json.dumps(secret)[1:-1] not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert len(lines) == 8
    assert lines[6]["exception"][0]["exc_type"] == "RuntimeError"
    assert written.count(GONE) > 10


def test_what_is_no_secret_stays_as_it_is() -> None:
    redact = redacting(["short", "a-long-secret"])
    for line in (
        "2026-11-24 run run_01 of usr_02 is over: short",
        '{"event":"request","route":"/api/token","status":200}',
        "see https://tavern.example.org/setup?next=/w/1",
        "the task-switcher is risk-averse",
    ):
        assert redact(line) == line
    assert redact("it was a-long-secret.") == f"it was {GONE}."


def test_secrets_of_the_environment_are_known_by_their_names() -> None:
    environ = {"OPENAI_API_KEY": "k1", "PATH": "/bin", "DATABASE_URL": "postgresql://u:p%40ss@h/d", "JWT_SECRET": "j"}
    assert secrets_of(environ) == {"k1", "j", "p%40ss", "p@ss"}


def test_every_line_says_on_whose_behalf_it_was_written(stream: io.StringIO) -> None:
    token = ABOUT.set({"request_id": "abcdefgh"})
    try:
        note(user_id="usr_1", run_id="run_1")
        logging.getLogger("planted").warning("late by %d s", 3, extra={"ms": 1.5, "odd": object})
    finally:
        ABOUT.reset(token)
    note(user_id="nobody")
    logging.getLogger("planted").info("alone")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("timestamp").endswith("Z")
    assert first.pop("odd").startswith("<class")
    assert first == {
        "level": "warning",
        "logger": "planted",
        "event": "late by 3 s",
        "request_id": "abcdefgh",
        "user_id": "usr_1",
        "run_id": "run_1",
        "ms": 1.5,
    }
    assert "request_id" not in second


@pytest.mark.parametrize(("format", "first"), [("json", "{"), ("text", "2")])
def test_libraries_write_through_the_same_formatter(
    format: str, first: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "only-the-environment-knows")
    root = logging.getLogger()
    before, level = root.handlers, root.level
    try:
        configure(read(log_format=format, log_level="info"))
        logging.getLogger("uvicorn.error").error("lost with only-the-environment-knows")
    finally:
        root.handlers, root.level = before, level
    written = capsys.readouterr().err
    assert written.startswith(first)
    assert GONE in written
    assert "only-the" not in written
