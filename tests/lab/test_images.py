"""The committed Dockerfiles and compose files, unchanged, built and run by two engines without a network.

`make lab` runs them: a back end that is worked with as its owner, then everything with both engines: three images, the guide's own lines,
both compose files, two builds compared, and what Kubernetes would be given, played by podman.
"""

import base64
import json
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from comfytavern.deploy.render import images, kubernetes
from comfytavern.deploy.render.compose import PRODUCTION
from tests.lab import bases, ground
from tests.lab.engines import Docker, Engine, Podman, skip_reason
from tests.server import NAME, PASSWORD, free_port

ROOT: Final = Path(__file__).resolve().parents[2]
FILES: Final = {"comfytavern-frontend": "Dockerfile.frontend", "comfytavern-backend": "Dockerfile.backend", "comfytavern": "Dockerfile"}
HARDENED: Final = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
KEY: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}")
CANARY: Final = "kanarienvogel-7f3a9c"
NO_PAGES: Final = frozenset(
    {"page", "page cache", "assets", "asset cache", "lost asset", "compression", "deep link", "headers", "server name", "metrics"}
)
"""What a back end without web app does not have to answer; and /metrics is shown to the machine itself."""
READY_S: Final = 90
OWNER: Final = """
import json, sys, urllib.request
url, body = sys.argv[1] + "/api/setup", json.dumps(dict(zip(("token", "name", "password"), sys.argv[2:]))).encode()
urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=20)
"""
ASK: Final = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=5)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.headers.get("Cache-Control"), answer.read().decode()[:2000])
"""


@pytest.fixture(scope="module")
def podman() -> Iterator[Engine]:
    yield from _engine(Podman)


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    yield from _engine(Docker)


def _engine(kind: type[Engine]) -> Iterator[Engine]:
    if why := skip_reason(kind):
        pytest.skip(why)
    with kind() as engine:
        yield engine


def built(engine: Engine, image: str, *options: str, tag: str = "", cached: bool = True) -> str:
    """Return an image of the checkout as it is, built unless the engine has it."""
    name = tag or image
    if not cached or not engine.do("images", "-q", name).strip():
        needed = {"comfytavern-frontend": (bases.node, bases.nginx), "comfytavern-backend": (bases.python, bases.postgres)}
        engine.bring(*(base() for base in needed.get(image, (bases.node, bases.python))))
        engine.build(FILES[image], name, ROOT, *options)
    return name


def ask(engine: Engine, url: str) -> str:
    """Return status, caching and the beginning of an answer."""
    return engine.run([sys.executable, "-c", ASK, url]).strip()


def until_ready(engine: Engine, url: str, container: str) -> None:
    until = time.monotonic() + READY_S
    while True:
        try:
            if ask(engine, f"{url}/ready").startswith("200 "):
                return
        except ground.LabError as error:
            if time.monotonic() > until:
                raise ground.LabError(f"{url} is not ready:\n{engine.do('logs', container)[-3000:]}") from error
        assert time.monotonic() < until, engine.do("logs", container)[-3000:]
        time.sleep(0.3)


def work(engine: Engine, url: str, container: str, *, spared: frozenset[str] = frozenset()) -> None:
    """Be the owner: log in, open a socket, run a workflow and read its stream, as `comfytavern check` does."""
    token = [word.partition("token=")[2] for word in engine.do("logs", container).split() if "/setup?token=" in word][-1]
    engine.run([sys.executable, "-c", OWNER, url, token, NAME, PASSWORD])
    options = ["--user", NAME, "--no-browser", "--json"]
    done = subprocess.run(
        [*engine.network(), sys.executable, "-m", "comfytavern", "check", url, *options],
        env=engine.environment | {"COMFYTAVERN_CHECK_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = {each["check"]: each for each in json.loads(done.stdout)["findings"]}
    bad = {name: each for name, each in said.items() if each["verdict"] == "fail" and name not in spared}
    assert not bad, bad
    assert {said[name]["verdict"] for name in ("ready", "login", "websocket", "workflow")} == {"ok"}, said


def inside(engine: Engine, image: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file of our own layers of an image, and its configuration: all that somebody gets who pulls it."""
    archive = folder / "image.tar"
    engine.save(image, archive)
    with tarfile.open(archive) as whole:
        for member in whole.getmembers():
            stream = whole.extractfile(member) if member.isfile() else None
            if stream is None:
                continue
            if not member.name.endswith(".tar"):
                yield member.name, stream.read()
                continue
            with tarfile.open(fileobj=stream) as layer:
                for file in layer:
                    content = layer.extractfile(file) if file.isfile() and file.name.startswith(("opt/", "data/", "src/")) else None
                    if content is not None:
                        yield file.name, content.read()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_back_end_is_built_and_works_with_a_root_that_is_only_read(podman: Engine, tmp_path: Path) -> None:
    image, port = built(podman, "comfytavern-backend"), free_port()
    known = podman.inspect(image)
    about, health = known["Config"], known.get("Healthcheck") or known["Config"]["Healthcheck"]  # podman has a place of its own for it
    assert about["User"] == f"{images.USER}:{images.USER}"
    assert about["StopSignal"] == "SIGTERM"
    assert about["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    (tmp_path / "jwt").write_text("X4vQ" * 3 + CANARY * 3 + "pZ8w1R")
    (tmp_path / "jwt").chmod(0o444)
    secret = ("-v", f"{tmp_path}/jwt:/run/secrets/JWT_SECRET:ro", "-v", f"data-{port}:/data")
    settings = ("-e", f"PORT_BACKEND={port}", "-e", "NODE_ENV=production")
    options = (*HARDENED, "--no-healthcheck", *secret, *settings)
    refused = podman.start(image, *options)
    assert podman.do("wait", refused).strip() != "0"
    assert "comfytavern db migrate" in podman.do("logs", refused), "production migrates nothing by itself"
    podman.do("run", "--rm", "--cgroups=enabled", "--network", "host", *options, image, "db", "migrate")
    container = podman.start(image, *options)
    until_ready(podman, f"http://localhost:{port}", container)
    work(podman, f"http://localhost:{port}", container, spared=NO_PAGES)
    assert podman.do("exec", container, *health["Test"][1:]) == ""
    bill = json.loads(podman.do("exec", container, "cat", "/opt/app/sbom.cdx.json"))
    assert {"fastapi", "uvloop"} <= {part["name"] for part in bill["components"]}
    assert CANARY not in json.dumps(podman.inspect(container))
    assert CANARY not in podman.do("logs", container)
    started = time.monotonic()
    podman.do("stop", "--time", "60", container)
    assert time.monotonic() - started < 20
    assert podman.inspect(container)["State"]["ExitCode"] == 0
    _holds_no_secret(podman, image, tmp_path)


def _holds_no_secret(engine: Engine, image: str, folder: Path) -> None:
    """No private key, no .env, no git, nothing of the one who built it."""
    seen = 0
    for name, content in inside(engine, image, folder):
        seen += 1
        assert not name.endswith((".env", "id_rsa", "id_ed25519")), name
        assert "/.git/" not in name, name
        assert name.startswith("opt/postgres/lib/") or not KEY.search(content), name  # gnutls tests itself with keys of its own
        assert CANARY.encode() not in content, name
        assert str(ROOT).encode() not in content, name
    assert seen > 1000


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["podman", "docker"])
def test_two_builds_have_the_same_layers(kind: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(kind)
    for image in FILES:
        first = engine.layers(built(engine, image))
        again = built(engine, image, "--no-cache", tag=f"{image}:again", cached=False)
        assert engine.layers(again) == first, image


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_lines_of_the_guide_work_as_they_are(docker: Engine) -> None:
    for image in ("comfytavern-frontend", "comfytavern-backend"):
        needed = (bases.node, bases.nginx) if "front" in image else (bases.python, bases.postgres)
        docker.bring(*(base() for base in needed))
        docker.run(["docker", "build", "-t", image, "-f", FILES[image], "."], cwd=ROOT, timeout_s=900)
    front = docker.do(*["run", "-d", "-p", "5573:80", "comfytavern-frontend"]).split()[-1]
    back = docker.do(*["run", "-d", "-p", "3233:3233", "comfytavern-backend"]).split()[-1]
    until_ready(docker, "http://localhost:3233", back)
    until_ready(docker, "http://localhost:5573", front)
    work(docker, "http://localhost:5573", back)
    assert ask(docker, "http://localhost:5573/p/prj_1").startswith("200 no-cache <!doctype html>")
    assert "404" in ask(docker, "http://localhost:5573/metrics")
    docker.do("rm", "-f", back)
    assert ask(docker, "http://localhost:5573/").startswith("200 "), "pages are there without a back end"
    assert ask(docker, "http://localhost:5573/api/setup").startswith(("502", "504"))
    settings = ["-e", "NODE_ENV=development", "-e", "PORT_BACKEND=3000"]
    other = docker.do("run", "-d", "-p", "3233:3000", *settings, "comfytavern-backend").split()[-1]
    until_ready(docker, "http://localhost:5573", other)  # The guide's ports, when the container is told of them.
    _stopped_in_peace(docker, front, other)


def _stopped_in_peace(engine: Engine, *containers: str) -> None:
    for container in containers:
        engine.do("stop", "--time", "60", container)
        assert engine.inspect(container)["State"]["ExitCode"] == 0
        engine.do("rm", container)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_one_box_comes_up_and_keeps_its_data(docker: Docker) -> None:
    built(docker, "comfytavern", tag="comfytavern:dev")
    docker.compose("up", "-d", "--no-build", root=ROOT)
    try:
        container = docker.compose("ps", "-q", "comfytavern", root=ROOT).split()[-1]
        until_ready(docker, "http://localhost:3233", container)
        work(docker, "http://localhost:3233", container)
        assert docker.inspect(container)["HostConfig"]["ReadonlyRootfs"]
        docker.compose("up", "-d", "--no-build", "--force-recreate", root=ROOT)
        container = docker.compose("ps", "-q", "comfytavern", root=ROOT).split()[-1]
        until_ready(docker, "http://localhost:3233", container)
        assert '"needed":false' in ask(docker, "http://localhost:3233/api/setup").replace(" ", "")
        assert _healthy(docker, container)
    finally:
        docker.compose("down", "--volumes", root=ROOT)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_production_comes_up_on_postgresql_with_secrets_in_files(docker: Docker, tmp_path: Path) -> None:
    docker.bring(bases.postgres())
    for image in ("comfytavern-frontend", "comfytavern-backend"):
        built(docker, image, tag=f"{image}:dev")
    docker.run(["sh", str(ROOT / "docker/secrets.sh"), str(tmp_path / "secrets")])
    given = {"API_BASE_URL": "http://localhost:5573", "SECRETS": str(tmp_path / "secrets")}
    file = ("-f", PRODUCTION)
    docker.compose(*file, "up", "-d", "--no-build", root=ROOT, **given)
    try:
        places = {
            name: docker.compose(*file, "ps", "-q", name, root=ROOT, **given).split()[-1] for name in ("web", "backend", "migrate", "db")
        }
        until_ready(docker, "http://localhost:5573", places["backend"])
        assert docker.inspect(places["migrate"])["State"]["ExitCode"] == 0
        work(docker, "http://localhost:5573", places["backend"])
        assert "PostgreSQL" in docker.do("exec", places["backend"], "pg_dump", "--version")
        docker.do("exec", places["backend"], "comfytavern", "db", "backup")
        assert all(_healthy(docker, places[name]) for name in ("web", "backend", "db"))
        for secret in (tmp_path / "secrets").iterdir():
            word = secret.read_text()
            for name, container in places.items():
                assert word not in json.dumps(docker.inspect(container)), (secret.name, name)
                assert word not in docker.do("logs", container), (secret.name, name)
        docker.compose(*file, "stop", root=ROOT, **given)
        assert {name: docker.inspect(place)["State"]["ExitCode"] for name, place in places.items()} == dict.fromkeys(places, 0), "killed"
    finally:
        docker.compose(*file, "down", "--volumes", root=ROOT, **given)


def _healthy(engine: Engine, container: str) -> bool:
    """Tell what the engine's own health check says in the end."""
    until = time.monotonic() + 60
    while (health := engine.inspect(container)["State"]["Health"]["Status"]) != "healthy":
        if time.monotonic() > until:
            return False
        assert health in {"starting", "healthy"}, engine.inspect(container)["State"]["Health"]
        time.sleep(0.5)
    return True


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_podman_builds_and_runs_the_web_app_and_the_whole(podman: Engine) -> None:
    front, whole, port = free_port(), built(podman, "comfytavern"), free_port()
    web = podman.start(
        built(podman, "comfytavern-frontend"),
        *HARDENED,
        "--no-healthcheck",
        "-e",
        f"PORT_FRONTEND={front}",
        "-e",
        f"BACKEND=127.0.0.1:{port}",
    )
    container = podman.start(
        whole, *HARDENED, "--no-healthcheck", "-e", f"PORT_BACKEND={port}", "-e", f"API_BASE_URL=http://localhost:{front}"
    )
    until_ready(podman, f"http://localhost:{front}", container)
    work(podman, f"http://localhost:{front}", container)
    assert ask(podman, f"http://localhost:{port}/").startswith("200 no-cache")
    assert podman.do("exec", web, "/opt/web/web.sh", "healthy") == ""
    _stopped_in_peace(podman, web, container)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_podman_plays_the_pods_of_the_manifests(podman: Engine, tmp_path: Path) -> None:
    """Pods, config maps, secrets, volumes, security contexts and arguments for real; podman has no services, probes over time, or rollouts."""
    built(podman, "comfytavern-backend", tag="localhost/comfytavern-backend:dev")
    port = free_port()
    (tmp_path / "pods.yaml").write_text(yaml.safe_dump_all(_playable(port)))
    podman.do("play", "kube", "--network", "host", str(tmp_path / "pods.yaml"), timeout_s=180)
    container = next(name for name in podman.do("ps", "-a", "--format", "{{.Names}}").split() if "backend" in name and "infra" not in name)
    until_ready(podman, f"http://localhost:{port}", container)
    about = podman.inspect(container)
    assert about["HostConfig"]["ReadonlyRootfs"]
    assert about["Config"]["User"].startswith(str(images.USER))
    assert len(podman.do("exec", container, "cat", "/run/secrets/comfytavern/jwt_secret")) >= 64
    podman.do("play", "kube", "--down", str(tmp_path / "pods.yaml"), timeout_s=180)


def _playable(port: int) -> list[dict[str, Any]]:
    """Return the back end's documents as podman can take them: one pod instead of a Deployment, SQLite instead of a database elsewhere."""
    texts = kubernetes.render(kubernetes.Cluster(registry="localhost/"))
    documents = [one for name in ("config", "backend") for one in yaml.safe_load_all(texts[f"base/{name}.yaml"])]
    settings, volume, deployment = documents[:3]
    settings["data"] |= {"COMFYTAVERN_ENV": "development", "PORT_BACKEND": str(port), "API_BASE_URL": f"http://localhost:{port}"}
    template = deployment["spec"]["template"]
    del template["spec"]["affinity"]
    template["spec"]["volumes"][0]["secret"]["optional"] = False  # podman 4.3 falls over without it
    box = template["spec"]["containers"][0]
    box["env"] = [each for each in box["env"] if each["name"] != "DATABASE_URL_FILE"]
    for key in (
        "startupProbe",
        "readinessProbe",
        "livenessProbe",
        "ports",
    ):  # Podman asks probes by systemd, and the box has its own ports.
        del box[key]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"tavern-{port}", **template["metadata"]}, "spec": template["spec"]}
    word = base64.b64encode(("Q7v" * 20 + "x9Lm").encode()).decode()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "comfytavern-secrets"}, "data": {"jwt_secret": word}}
    return [settings, secret, volume, pod]
