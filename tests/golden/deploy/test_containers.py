"""Files for containers: held to golden files, read by what reads them for a living, and every mistake in them is caught.

Write the golden files anew with `COMFYTAVERN_GOLDEN=write pytest tests/golden/deploy/test_containers.py`.
"""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import kubernetes_validate.utils
import pytest
import yaml
from typer.testing import CliRunner

from comfytavern.cli.main import app
from comfytavern.deploy.errors import Refused
from comfytavern.deploy.render import compose, ecs, images, kubernetes
from comfytavern.deploy.render.compose import ONE_BOX, PRODUCTION, Box
from comfytavern.deploy.render.images import BACKEND, FRONTEND, WHOLE, Bases, Images
from tests.golden.deploy import container_rules as rules

# It reads a megabyte of definitions anew for each manifest; some dozen files belong to one version.
kubernetes_validate.utils.schema_contents = functools.lru_cache(maxsize=32)(kubernetes_validate.utils.schema_contents)

GOLDEN: Final = Path(__file__).parent / "containers"
VERSIONS: Final = [f"1.{minor}" for minor in range(25, 38)]
RENDERED: Final[dict[str, Callable[[], dict[str, str]]]] = {
    "images": lambda: images.render(Images()),
    "images-own-bases": lambda: images.render(Images(Bases(python="registry.example.org/python:3.11-slim-bookworm"), upload_mib=64)),
    "compose": lambda: compose.render(Box()),
    "compose-own-network": lambda: compose.render(Box(memory_mib=4096, network="10.9.8.0/24", port_frontend=8080)),
    "kubernetes": lambda: kubernetes.render(kubernetes.Cluster(release="0.1.0")),
    "kubernetes-own-registry": lambda: kubernetes.render(
        kubernetes.Cluster(
            release="0.2.0-rc.1", registry="registry.example.org/tavern/", namespace="tavern", web_replicas=3, pods="172.20.0.0/14"
        )
    ),
    "ecs": lambda: ecs.render(ecs.Task(release="0.1.0")),
}


@pytest.mark.parametrize("name", RENDERED)
def test_what_is_rendered_is_what_the_golden_files_say(name: str) -> None:
    folder, rendered = GOLDEN / name, RENDERED[name]()
    if os.environ.get("COMFYTAVERN_GOLDEN") == "write":
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in rendered.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    assert rendered == {str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()}
    assert rendered == RENDERED[name]()
    for path, text in rendered.items():
        assert text.endswith("\n"), path
        assert not [line for line in text.splitlines() if line != line.rstrip() or "{{" in line or "None" in line], path


# What reads them for a living.


def hadolint(text: str, folder: Path) -> list[str]:
    file = folder / "Dockerfile"
    file.write_text(text)
    done = subprocess.run([Path(sys.executable).with_name("hadolint"), str(file)], capture_output=True, text=True, timeout=60)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def compose_schema(text: str, folder: Path) -> list[str]:
    file = folder / "compose.yml"
    file.write_text(text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def kubernetes_schema(files: dict[str, str], versions: list[str]) -> list[str]:
    found: list[str] = []
    for document in manifests(files):
        for version in versions:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                found.append(f"{document['kind']} {version}: {error.message}")
    return found


def manifests(files: dict[str, str]) -> list[dict[str, Any]]:
    texts = [text for path, text in files.items() if not path.endswith("kustomization.yaml")]
    return [document for text in texts for document in yaml.safe_load_all(text)]


@pytest.mark.parametrize("file", [WHOLE, FRONTEND, BACKEND])
def test_hadolint_and_our_rules_have_nothing_to_say_about_a_dockerfile(file: str, tmp_path: Path) -> None:
    text = images.render(Images())[file]
    assert hadolint(text, tmp_path) == []
    assert rules.dockerfile(text) == []


@pytest.mark.parametrize("file", [ONE_BOX, PRODUCTION])
def test_a_compose_file_follows_its_schema_and_our_rules(file: str, tmp_path: Path) -> None:
    text = compose.render(Box())[file]
    assert compose_schema(text, tmp_path) == []
    assert rules.compose(text) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_kubernetes_takes_every_manifest(version: str) -> None:
    for name in ("kubernetes", "kubernetes-own-registry"):
        assert kubernetes_schema(RENDERED[name](), [version]) == []


def test_manifests_fit_together() -> None:
    assert rules.kubernetes(RENDERED["kubernetes"]()) == []
    for stage in ("staging", "production"):
        files = RENDERED["kubernetes"]()
        overlay = yaml.safe_load(files[f"overlays/{stage}/kustomization.yaml"])
        patched = {f"base/{each['path']}": files[f"overlays/{stage}/{each['path']}"] for each in overlay["patches"]}
        assert rules.kubernetes(files | patched) == []


def test_aws_and_our_rules_have_nothing_to_say_about_the_task() -> None:
    assert rules.ecs(ecs.render(ecs.Task())["task-definition.json"]) == []


# What is refused.


@pytest.mark.parametrize("replicas", [0, 2, 7])
def test_another_number_of_back_ends_than_one_is_refused_with_the_reason(replicas: int) -> None:
    with pytest.raises(Refused, match="cannot be shared between replicas yet") as refused:
        kubernetes.render(kubernetes.Cluster(replicas=replicas))
    assert refused.value.code == "deploy.replicas"


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "a b.example.org"},
        {"domain": "x"},
        {"namespace": "Tavern"},
        {"release": "1 2"},
        {"registry": "reg/\nx: y"},
        {"pods": "all"},
    ],
)
def test_what_no_cluster_takes_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        kubernetes.render(replace(kubernetes.Cluster(), **change))
    assert refused.value.code == "deploy.cluster"


@pytest.mark.parametrize("change", [{"memory_mib": 300}, {"cpu": 700}, {"region": "here"}, {"account": "12"}])
def test_a_task_that_fargate_does_not_have_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        ecs.render(replace(ecs.Task(), **change))
    assert refused.value.code == "deploy.task"


def test_the_command_line_writes_what_is_rendered(tmp_path: Path) -> None:
    for verb, name, more in (
        ("docker", "images", []),
        ("compose", "compose", []),
        ("kubernetes", "kubernetes", ["--release", "0.1.0"]),
        ("ecs", "ecs", ["--release", "0.1.0"]),
    ):
        done = CliRunner().invoke(app, ["deploy", "render", verb, "--out", str(tmp_path / verb), *more])
        assert done.exit_code == 0, done.output
        for path, text in RENDERED[name]().items():
            assert (tmp_path / verb / path).read_text() == text
    assert os.access(tmp_path / "docker/docker/web.sh", os.X_OK)
    assert isinstance(CliRunner().invoke(app, ["deploy", "render", "kubernetes", "--replicas", "2"]).exception, Refused)


# The net is tight.


@dataclass(frozen=True)
class Mistake:
    """`old` is `new` in every place where it stands; `words` are in what is said of it by `caught_by`."""

    old: str
    new: str
    caught_by: str
    words: str

    def made(self, text: str) -> str:
        assert self.old in text, f"{self.old!r} is not there"
        return text.replace(self.old, self.new)


IN_DOCKERFILES = {
    "root": Mistake("USER 10001:10001", "USER 0:0", "rules", "root"),
    "a base that changes": Mistake("ARG PYTHON_IMAGE=python:3.11-slim-bookworm", "ARG PYTHON_IMAGE=python:latest", "rules", "latest"),
    "a base without a tag": Mistake("FROM ${PYTHON_IMAGE} AS packages", "FROM python AS packages", "hadolint", "DL3006"),
    "no hashes": Mistake(" --require-hashes", "", "rules", "hashes"),
    "sources before packages": Mistake("COPY requirements/run.txt requirements/", "COPY src src\nCOPY requirements/run.txt requirements/", "rules", "cached"),
    "a secret in a layer": Mistake("ENV PATH=", "ENV JWT_SECRET=x\nENV PATH=", "rules", "JWT_SECRET"),
    "no health check": Mistake("HEALTHCHECK ", "# ", "rules", "HEALTHCHECK"),
    "an instruction that is none": Mistake("STOPSIGNAL", "STOPSIGNALS", "hadolint", "missing whitespace"),
    "a shell between us and signals": Mistake('ENTRYPOINT ["comfytavern"]', "ENTRYPOINT comfytavern", "hadolint", "DL3025"),
    "pip's cache in a layer": Mistake("pip download -q --no-cache-dir", "cd /tmp && pip download -q", "hadolint", "DL3003"),
    "something run at the end": Mistake("STOPSIGNAL", "RUN touch /built\nSTOPSIGNAL", "rules", "no two builds"),
    "no bill of materials": Mistake("sbom.cdx.json", "nothing", "rules", "bill of materials"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_DOCKERFILES)
def test_a_mistake_in_a_dockerfile_is_caught(name: str, tmp_path: Path) -> None:
    mistake = IN_DOCKERFILES[name]
    text = mistake.made(images.render(Images())[BACKEND])
    said = hadolint(text, tmp_path) if mistake.caught_by == "hadolint" else rules.dockerfile(text)
    assert mistake.words in " ".join(said)


IN_COMPOSE = {
    "a key that is none": Mistake("read_only:", "readonly:", "schema", "readonly"),
    "a value of the wrong kind": Mistake("cap_drop: [ALL]", "cap_drop: ALL", "schema", "ALL"),
    "a secret in the environment": Mistake("POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password", "POSTGRES_PASSWORD: hunter2", "rules", "POSTGRES_PASSWORD"),
    "a log that fills the disk": Mistake("        max-size: 10m\n", "", "rules", "for ever"),
    "all memory": Mistake("    mem_limit: 1024m\n", "", "rules", "all memory"),
    "killed while it drains": Mistake("stop_grace_period: 150s", "stop_grace_period: 10s", "rules", "drained"),
    "a back end before its database": Mistake("service_completed_successfully", "service_started", "rules", "migration"),
    "open to everybody": Mistake("${BIND:-127.0.0.1}:", "", "rules", "everybody"),
    "new rights": Mistake('    security_opt: ["no-new-privileges:true"]\n', "", "rules", "gain rights"),
    "a secret that is a variable": Mistake("file: ${SECRETS:-./secrets}/jwt_secret", "environment: JWT_SECRET", "rules", "jwt_secret"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_COMPOSE)
def test_a_mistake_in_a_compose_file_is_caught(name: str, tmp_path: Path) -> None:
    mistake = IN_COMPOSE[name]
    text = mistake.made(compose.render(Box())[PRODUCTION])
    said = compose_schema(text, tmp_path) if mistake.caught_by == "schema" else rules.compose(text)
    assert mistake.words in " ".join(said)


IN_KUBERNETES = {
    "a key that is none": Mistake("readinessProbe:", "readynessProbe:", "schema", "readynessProbe"),
    "a value of the wrong kind": Mistake("replicas: 1", 'replicas: "one"', "schema", "one"),
    "a port that nobody has": Mistake("{name: http, containerPort: 3233}", "{name: web, containerPort: 3233}", "rules", "a port that is not there"),
    "two back ends": Mistake("replicas: 1", "replicas: 2", "rules", "more than one"),
    "killed while it drains": Mistake("livenessProbe:\n            httpGet: {path: /health", "livenessProbe:\n            httpGet: {path: /ready", "rules", "while it drains"),
    "asked before it is ready": Mistake("httpGet: {path: /ready", "httpGet: {path: /health", "rules", "before it is ready"),
    "too little time": Mistake("terminationGracePeriodSeconds: 160", "terminationGracePeriodSeconds: 30", "rules", "before it has drained"),
    "asked while it stops": Mistake("preStop", "postStart", "rules", "still asked"),
    "a gap between two releases": Mistake("maxUnavailable: 0", "maxUnavailable: 1", "rules", "before the new one"),
    "root": Mistake("runAsNonRoot: true", "runAsNonRoot: false", "rules", "root"),
    "rights to gain": Mistake("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "rules", "gain rights"),
    "a secret in a manifest": Mistake("- name: JWT_SECRET_FILE", "- name: JWT_SECRET", "rules", "environment"),
    "a service without pods": Mistake("  selector:\n    app.kubernetes.io/name: comfytavern\n    app.kubernetes.io/component: backend", "  selector:\n    app.kubernetes.io/name: tavern", "rules", "leads nowhere"),
    "sockets cut after a minute": Mistake('proxy-read-timeout: "3600"', 'proxy-read-timeout: "60"', "rules", "minute"),
    "sockets to the web app": Mistake("path: /ws\n            pathType: Exact\n            backend:\n              service:\n                name: comfytavern-backend", "path: /ws\n            pathType: Exact\n            backend:\n              service:\n                name: comfytavern-web", "rules", "/ws"),
    "a file that is not listed": Mistake("  - network.yaml\n", "", "rules", "lists"),
    "a volume that is not there": Mistake("- name: tmp\n          emptyDir", "- name: temp\n          emptyDir", "rules", "not there"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_KUBERNETES)
def test_a_mistake_in_a_manifest_is_caught(name: str) -> None:
    mistake = IN_KUBERNETES[name]
    files = RENDERED["kubernetes"]()
    assert any(mistake.old in text for text in files.values()), f"{mistake.old!r} is not there"
    files = {path: text.replace(mistake.old, mistake.new) for path, text in files.items()}
    said = kubernetes_schema(files, ["1.30"]) if mistake.caught_by == "schema" else rules.kubernetes(files)
    assert said
    assert mistake.words in " ".join(said)


IN_ECS = {
    "a key that is none": Mistake('"readonlyRootFilesystem"', '"readOnlyRootFilesystem"', "aws", "readOnlyRootFilesystem"),
    "a value of the wrong kind": Mistake('"stopTimeout": 120', '"stopTimeout": "120"', "aws", "stopTimeout"),
    "no name": Mistake('"family": "comfytavern",', "", "aws", "family"),
    "root": Mistake('"user": "10001:10001"', '"user": "0"', "rules", "root"),
    "killed while it drains": Mistake('"value": "80"', '"value": "120"', "rules", "drained"),
    "more time than there is": Mistake('"stopTimeout": 120', '"stopTimeout": 160', "rules", "Fargate"),
    "a back end before its database": Mistake('"condition": "SUCCESS"', '"condition": "START"', "rules", "migration"),
    "files in the clear": Mistake('"transitEncryption": "ENABLED"', '"transitEncryption": "DISABLED"', "rules", "clear"),
    "a secret in the definition": Mistake('"name": "DRAIN_S"', '"name": "DRAIN_S", "value": "30"}, {"name": "JWT_SECRET"', "rules", "JWT_SECRET"),
    "a volume that is not there": Mistake('"sourceVolume": "data"', '"sourceVolume": "date"', "rules", "not there"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_ECS)
def test_a_mistake_in_a_task_is_caught(name: str) -> None:
    mistake = IN_ECS[name]
    said = rules.ecs(mistake.made(ecs.render(ecs.Task())["task-definition.json"]))
    assert mistake.words in " ".join(said)
