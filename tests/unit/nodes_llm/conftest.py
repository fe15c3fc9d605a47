"""A node's surroundings without an engine: what it may ask of its context, and what it told it."""

from typing import Any

import pytest

from comfytavern.testing.llm import demo_gateway


class Surroundings:
    """Implements `engine.context.Context`."""

    path = "node"
    run_id = "run_1"
    owner = "usr_1"
    attempt = 1
    cancelled = False
    idempotency_key = "key"

    def __init__(self, *services: Any) -> None:
        self.services = {type(service): service for service in services}
        self.previews: list[tuple[str, Any]] = []
        self.logs: list[str] = []
        self.used: list[tuple[str, int, int]] = []

    def use(self, service: type) -> Any:
        return self.services[service]

    def progress(self, value: float | None, text: str = "") -> None: ...

    def log(self, message: str, level: str = "info") -> None:
        self.logs.append(message)

    def usage(self, model: str, *, input_tokens: int = 0, output_tokens: int = 0, cost_usd: float | None = None) -> None:
        self.used.append((model, input_tokens, output_tokens))

    def preview(self, port: str, value: Any) -> None:
        self.previews.append((port, value))


@pytest.fixture
def ctx() -> Surroundings:
    return Surroundings(demo_gateway())
