"""ECS by AWS's own command line against moto, over HTTP: deployed by digest, and back to what has served. A true AWS was never reached."""

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest

from comfytavern.deploy.render import ecs
from tests.lab.pipelines import GitHub, Ground, Settings
from tests.unit.deploy.test_pipeline_scripts import DIGESTS, IMAGES, RELEASE, TOKEN, execute, given, only, signed_images, workflow


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """AWS as moto plays it, and GitHub's giver of tokens; yields the variables that lead there."""
    if not shutil.which("aws"):
        pytest.skip("AWS's command line is not on this box (pip install awscli)")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    seen: dict[str, str] = {}

    class Tokens(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen["asked"] = f"{self.path} {self.headers['Authorization']}"
            body = json.dumps({"value": TOKEN}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    tokens = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    Thread(target=tokens.serve_forever, daemon=True).start()
    yield {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{tokens.server_port}/token?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "asks"}  # fmt: skip
    assert seen["asked"] == "/token?x=1&audience=sts.amazonaws.com bearer asks"
    tokens.shutdown()
    server.stop()


@pytest.mark.slow
def test_ecs_runs_the_signed_images_and_goes_back_to_what_has_served(amazon: dict[str, str], tmp_path: Path) -> None:
    account = {
        "aws_access_key_id": "x",
        "aws_secret_access_key": "x",
        "region_name": "eu-central-1",
        "endpoint_url": amazon["AWS_ENDPOINT_URL"],
    }
    client = boto3.client("ecs", **account)
    client.create_cluster(clusterName="tavern")
    task = ecs.render(ecs.Task())["task-definition.json"]
    first = client.register_task_definition(**json.loads(task))["taskDefinition"]["taskDefinitionArn"]
    client.create_service(cluster="tavern", serviceName="tavern", taskDefinition=first, desiredCount=0)
    place = Ground(
        tmp_path / "jobs", {"allowed_signers": signed_images(tmp_path), "ecs/staging/task-definition.json": task}, execute, more=amazon
    )
    names = {
        "AWS_REGION": "eu-central-1",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/ci",
        "ECS_CLUSTER": "tavern",
        "ECS_SERVICE": "tavern",
    }
    github = GitHub(place, Settings({}, names))

    def serving() -> dict[str, Any]:
        arn = client.describe_services(cluster="tavern", services=["tavern"])["services"][0]["taskDefinition"]
        found = client.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        return {
            "revision": int(arn.rpartition(":")[2]),
            "tags": {each["key"]: each["value"] for each in found["tags"]},
            **found["taskDefinition"],
        }

    for release in (RELEASE, "0.3.0+5d6e7f8"):
        given(tmp_path, "release", release__txt=f"{release}\n")
        done = github.run(only(workflow("ecs")), "staging")["staging"]
        assert done.outcome == "success", done.log
        assert TOKEN not in done.log
        assert serving()["tags"] == {"release": release, "good": "yes"}
    images = {each["name"]: each["image"] for each in serving()["containerDefinitions"]}
    wanted = {part: f"{IMAGES}/comfytavern-{part}@{digest}" for part, digest in DIGESTS.items()}
    assert images == {"migrate": wanted["backend"], "backend": wanted["backend"], "web": wanted["frontend"]}
    assert serving()["revision"] == 3
    client.register_task_definition(**json.loads(task))  # one that never served
    for wish, revision, outcome in (("", 2, "success"), ("0.3.0+5d6e7f8", 3, "success"), ("0.9.0", 3, "failure")):
        inputs = {"target": "staging", "release": wish, "reason": ""}
        done = github.run(only(workflow("ecs", "rollback")), inputs=inputs)["rollback"]
        assert done.outcome == outcome, done.log
        assert serving()["revision"] == revision
    assert "Error: There is no 0.9.0 that ever served in comfytavern." in (done.folder / "deploy.log").read_text()
