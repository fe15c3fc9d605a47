"""What openapi.json promises is what the real application does: generated requests, no bug answered, every answer as described.

Half of the requests go to things that exist, so that more than 404 is seen.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tests.journeys.graphs import loud
from tests.server import PASSWORD, Server

pytestmark = pytest.mark.slow

SCHEMA = schemathesis.openapi.from_path(Path(__file__).parents[2] / "schemas" / "openapi.json")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
CASES = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


class Real:
    """Things that exist, made when they are asked for; those in `FRESH` anew for each request."""

    def __init__(self, server: Server) -> None:
        self.http = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.token()}"}, timeout=30)
        self.users = 0
        self.project = cache(self._project)
        self.workflow = cache(self._workflow)
        self.run = cache(self._run)
        self.channel = cache(self._channel)

    def post(self, path: str, body: Any, **params: Any) -> str:
        answer = self.http.post(path, json=body, params=params)
        assert answer.is_success, answer.text
        return answer.json()["id"]

    def _project(self) -> str:
        return self.post("/api/projects", {"name": "Shelf"})

    def _workflow(self) -> str:
        return self.post(f"/api/projects/{self._project()}/workflows", {"name": "Loud", "graph": loud()})

    def _run(self) -> str:
        return self.post("/api/runs", {"graph": loud(), "inputs": {"text": "hi"}}, wait=True)

    def _channel(self) -> str:
        return self.post("/api/channels", {"name": "Demo", "provider": "demo"})

    def _user(self) -> str:
        self.users += 1
        return self.post("/api/users", {"name": f"Person {self.users}", "password": PASSWORD})

    def _trashed(self) -> str:
        project = self._project()
        self.http.delete(f"/api/projects/{project}")
        return project

    def path_parameters(self, names: set[str], *, fresh: bool) -> dict[str, Any]:
        """Return what exists by the names of path parameters."""
        makers: dict[str, Any] = {
            "project_id": self._project if fresh else self.project,
            "workflow_id": self._workflow if fresh else self.workflow,
            "run_id": self._run if fresh else self.run,
            "channel_id": self._channel if fresh else self.channel,
            "user_id": self._user,
            "item_id": self._trashed,
            "example_id": lambda: "chat",
            "number": lambda: 1,
            "path": lambda: "up",
        }
        return {name: makers[name]() for name in names if name in makers}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with Server(tmp_path_factory.mktemp("openapi")) as server:
        real = Real(server)
        yield real
        real.http.close()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_answers_are_as_the_document_says(real: Real, operation: Any) -> None:
    @CASES
    @given(case=operation.as_strategy(), exists=st.booleans())
    def check(case: Any, exists: bool) -> None:
        if exists and case.path_parameters:
            case.path_parameters |= real.path_parameters(set(case.path_parameters), fresh=case.method == "DELETE")
        response = case.call(
            base_url=str(real.http.base_url).rstrip("/"), headers={"Authorization": real.http.headers["Authorization"]}, timeout=30
        )
        case.validate_response(response, checks=CHECKS)

    check()
