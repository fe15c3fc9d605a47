"""What podman and docker are told by the agent: nothing secret, nothing that is not needed; the engines themselves are played here."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from fleet import NEW, OLD

from comfytavern.deploy.agent import disk, drivers, environment, image, process, retention, slots, switch
from comfytavern.deploy.agent.context import Context
from comfytavern.deploy.agent.drivers import containers, driver
from comfytavern.deploy.agent.failures import Failed
from comfytavern.deploy.agent.paths import Paths

Answer = Callable[[Sequence[str]], tuple[int, str, str]]


class Engine:
    """Plays podman and docker: keeps what it was told, knows images and one container."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []
        self.images: dict[str, dict[str, Any]] = {"python:3.11-slim-bookworm": {"Id": "base"}}
        self.container: dict[str, Any] | None = None
        self.output: tuple[str, str] = ("", "")

    def run(self, argv: Sequence[str], **_more: Any) -> subprocess.CompletedProcess[bytes]:
        self.told.append(list(argv))
        code, said, complaint = self._answer(list(argv[1:]))
        return subprocess.CompletedProcess(argv, code, said.encode(), complaint.encode())

    def _answer(self, words: list[str]) -> tuple[int, str, str]:  # noqa: PLR0911 -- one answer for each question
        match words:
            case ["inspect", "--type", "image", name]:
                return (0, json.dumps([self.images[name]]), "") if name in self.images else (1, "[]", "no such image")
            case ["inspect", "--type", "container", _]:
                return (0, json.dumps([self.container]), "") if self.container else (1, "[]", "Error: no such container")
            case ["build", *rest]:
                recipe = Path(rest[-1], "Dockerfile").read_text()
                files = [str(path.relative_to(rest[-1])) for path in sorted(Path(rest[-1]).rglob("*")) if path.is_file()]
                labels = dict(
                    pair.replace('"', "").split("=") for row in recipe.splitlines() if row.startswith("LABEL") for pair in row.split()[1:]
                )
                self.images[rest[rest.index("--tag") + 1]] = {"Id": "made", "Config": {"Labels": labels}, "recipe": recipe, "files": files}
                return 0, "made", ""
            case ["pull", "--quiet", name]:
                return (0, name, "") if name in self.images else (1, "", "Error: not found")
            case ["tag", source, target]:
                self.images[target] = self.images[source]
                return 0, "", ""
            case ["rmi", name]:
                return (0, "", "") if self.images.pop(name, None) else (1, "", "in use")
            case ["images", "--format", _, name]:
                return 0, "\n".join(each for each in self.images if each.startswith(name + ":")), ""
            case ["logs", *_]:
                return 0, *self.output
            case ["run", *_]:
                self.container = {"State": {"Status": "running", "Running": True, "Pid": os.getpid()}, "RestartCount": 0}
                return 0, "id", ""
            case _:
                return 0, "", ""

    def said(self, verb: str) -> list[str]:
        return next(argv for argv in self.told if argv[1] == verb)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    played = Engine()
    monkeypatch.setattr(process, "run", played.run)
    return played


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A host with a release in blue, a setting and a secret."""
    paths = Paths(str(tmp_path / "srv"), str(tmp_path))
    disk.make_folders(paths.steps, paths.env, paths.run, paths.data, paths.backups, paths.tools, str(Path(paths.slot("blue")).parent))
    for release in (OLD, NEW):
        packages = Path(paths.release(release), ".venv/lib/python3.11/site-packages")
        (packages / "comfytavern/nodes").mkdir(parents=True)
        (packages / "comfytavern/nodes/kit.py").write_text("")
        (packages / "other").mkdir()
        (packages / "other/__init__.py").write_text("")
        script = Path(paths.release(release), ".venv/bin/comfytavern")
        script.parent.mkdir()
        script.write_text("#!/bin/sh\n")
        wheels = {
            "wheels/comfytavern-0.1.0-py3-none-any.whl": release,
            "wheels/other-1-py3-none-any.whl": "same",
            "wheels/uv-1.whl": release,
        }
        manifest = {"release": release, "files": {name: {"sha256": digest} for name, digest in wheels.items()}}
        Path(paths.release(release), "manifest.json").write_text(json.dumps(manifest))
    Path(paths.slot("blue")).symlink_to(paths.release(NEW))
    Path(paths.env, "base.env").write_text("LOG_LEVEL=info\nAPI_BASE_URL='https://a b'\n")
    Path(paths.env, "secrets.env").write_text("# 8f\nJWT_SECRET=planted\nDATABASE_URL=postgres://u:planted@db/x\n")
    environment.write(paths, "blue", NEW)
    return paths


@pytest.mark.parametrize("name", image.ENGINES)
def test_no_secret_is_told_to_an_engine(name: str, engine: Engine, paths: Paths) -> None:
    driver(name, paths).start("blue")
    assert "planted" not in json.dumps(engine.told)
    shown = Path(paths.run, "blue.env").read_text()
    assert "planted" not in shown
    assert {"LOG_LEVEL=info", "API_BASE_URL=https://a b", "COMFYTAVERN_SLOT=blue"} <= set(shown.splitlines())
    secrets = Path(paths.run, "blue.secrets")
    assert {path.name: path.read_text() for path in secrets.iterdir()} == {
        "JWT_SECRET": "planted",
        "DATABASE_URL": "postgres://u:planted@db/x",
    }
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o400}
    assert f"type=bind,source={secrets},target=/run/secrets,readonly" in engine.said("run")


@pytest.mark.parametrize("name", image.ENGINES)
def test_a_container_may_do_little(name: str, engine: Engine, paths: Paths) -> None:
    Path(paths.etc, "container.json").write_text(json.dumps({"memory_mib": 512, "cpus": 1.5, "pids": 99, "log_mib": 7, "stop_s": 33}))
    driver(name, paths).start("blue")
    said = " ".join(engine.said("run"))
    for words in ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--restart on-failure", "--pull never"):
        assert words in said
    for words in ("--memory 512m --memory-swap 512m", "--cpus 1.5", "--pids-limit 99", "--log-opt max-size=7m", "--stop-timeout 33"):
        assert words in said
    assert f"--user {Path(paths.data).stat().st_uid}:" in said
    writable = [word for word in said.split() if word.startswith("type=bind") and not word.endswith(",readonly")]
    assert [word.split("source=")[1].split(",")[0] for word in writable] == [paths.data, paths.backups, f"{paths.run}/blue.d"]
    assert str(Path(paths.socket("blue")).readlink()) == "blue.d/app.sock"


def test_a_container_that_runs_is_left_alone(engine: Engine, paths: Paths) -> None:
    engine.container = {"State": {"Status": "running", "Running": True, "Pid": 1}, "RestartCount": 0}
    driver("docker", paths).start("blue")
    assert [argv[1] for argv in engine.told] == ["inspect"]


def test_releases_with_the_same_packages_share_their_layer(engine: Engine, paths: Paths) -> None:
    assert image.ensure(paths, "podman", OLD) == f"localhost/comfytavern:{OLD.replace('+', '_')}"
    image.ensure(paths, "podman", NEW)
    image.ensure(paths, "podman", NEW)
    made = [argv for argv in engine.told if argv[1] == "build"]
    assert len(made) == 3, "packages once, two applications"
    layer = next(about for name, about in engine.images.items() if name.startswith(image.PACKAGES))
    assert layer["files"] == ["Dockerfile", "files/other/__init__.py"]
    ours = engine.images[image.tag_of(NEW)]
    assert ours["files"] == ["Dockerfile", "files/comfytavern/nodes/kit.py", "script/comfytavern"]
    assert ours["Config"]["Labels"][image.RELEASE] == NEW
    assert not Path(paths.tools, "image.part").exists()


def test_another_base_or_another_package_makes_another_layer(paths: Paths) -> None:
    manifest = json.loads(Path(paths.release(NEW), "manifest.json").read_text())
    name = image._packages("base", manifest)
    assert name == image._packages("base", json.loads(Path(paths.release(OLD), "manifest.json").read_text()))
    assert name != image._packages("other base", manifest)
    manifest["files"]["wheels/other-1-py3-none-any.whl"]["sha256"] = "changed"
    assert name != image._packages("base", manifest)


def test_an_image_of_another_release_is_refused(engine: Engine, paths: Paths) -> None:
    Path(paths.etc, "container.json").write_text(json.dumps({"image": "registry.lab/tavern"}))
    engine.images[f"registry.lab/tavern:{NEW.replace('+', '_')}"] = {"Id": "x", "Config": {"Labels": {image.RELEASE: OLD}}}
    with pytest.raises(Failed, match=f"is the image of {OLD.replace('+', '.')}, not of"):
        image.ensure(paths, "docker", NEW)
    assert image.tag_of(NEW) not in engine.images


def test_an_image_of_a_registry_is_known_by_the_release(engine: Engine, paths: Paths) -> None:
    digest = "registry.lab/tavern@sha256:" + "0" * 64
    Path(paths.etc, "container.json").write_text(json.dumps({"image": digest}))
    engine.images[digest] = {"Id": "x", "Config": {"Labels": {image.RELEASE: NEW}}}
    assert image.ensure(paths, "docker", NEW) == image.tag_of(NEW)
    assert engine.images[image.tag_of(NEW)]["Id"] == "x"


def test_a_registry_that_has_not_got_it_is_named(engine: Engine, paths: Paths) -> None:
    Path(paths.etc, "container.json").write_text(json.dumps({"image": "registry.lab/tavern"}))
    with pytest.raises(Failed, match=r"The image registry.lab/tavern:.* cannot be fetched: Error: not found"):
        image.ensure(paths, "docker", NEW)


def test_images_go_with_their_releases(engine: Engine, paths: Paths) -> None:
    for release in (OLD, NEW):
        image.ensure(paths, "podman", release)
    old_packages = f"{image.PACKAGES}:older"
    engine.images[old_packages] = {"Id": "y"}
    assert image.prune(paths, "podman", {NEW}) == [image.tag_of(OLD), old_packages]
    assert image.tag_of(NEW) in engine.images


def test_an_engine_that_fails_keeps_no_release_from_being_thrown_away(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> None:
        raise Failed("deploy.no_program", "podman is not on this host.")

    monkeypatch.setattr(image, "prune", gone)
    context = Context(paths, "gc", fence=1)
    context.update(lambda state: state.update(driver="podman"))
    Path(paths.release(NEW), "installed.json").write_text('{"at": "2026-12-01T00:00:00Z"}')
    assert retention.gc(context, keep=1)["removed"] == [OLD]


def test_both_streams_of_a_log_are_one(engine: Engine, paths: Paths) -> None:
    engine.output = ("2026-12-01T00:00:01.000000000Z one\n2026-12-01T00:00:03.000000000Z three\n", "2026-12-01T00:00:02.000000000Z two\n")
    assert driver("podman", paths).logs("blue", 10) == ["one", "two", "three"]
    assert driver("podman", paths).logs("blue", 2) == ["two", "three"]


def test_a_log_ends_with_how_the_process_was_killed(engine: Engine, paths: Paths) -> None:
    engine.container = {"State": {"Status": "exited", "Running": False, "ExitCode": 137}, "RestartCount": 1}
    engine.output = ("2026-12-01T00:00:01Z last words\n", "")
    assert driver("docker", paths).logs("blue", 10)[-1] == "Main process exited, code=killed, status=9/KILL"


@pytest.mark.parametrize(
    ("state", "failed"),
    [
        ({"Status": "running", "Running": True, "Pid": 7}, False),
        ({"Status": "exited", "ExitCode": 1}, False),
        ({"Status": "exited", "ExitCode": 0}, True),
        ({"Status": "created"}, True),
    ],
)
def test_what_crashed_will_be_back_and_what_ended_will_not(state: dict[str, Any], failed: bool, engine: Engine, paths: Paths) -> None:
    engine.container = {"State": state, "RestartCount": 2}
    said = driver("podman", paths).status("blue")
    assert (said["failed"], said["restarts"], said["running"]) == (failed, 2, state["Status"] == "running")


def test_an_engine_that_does_not_answer_is_no_empty_slot(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = subprocess.CompletedProcess[bytes]([], 1, b"", b"Cannot connect to the Docker daemon")
    monkeypatch.setattr(process, "run", lambda *_, **__: refused)
    with pytest.raises(Failed, match="docker does not answer: Cannot connect to the Docker daemon"):
        driver("docker", paths).status("blue")


@pytest.mark.parametrize(
    ("since", "means"),
    [
        ("-1h", "1h"),
        ("-10min", "10m"),
        ("-2d", "48h"),
        ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("2026-12-01 10:00:00 UTC", "2026-12-01T10:00:00Z"),
    ],
)
def test_times_are_said_as_engines_take_them(since: str, means: str) -> None:
    assert containers.moment(since) == means


def test_what_is_secret_is_kept_with_the_slot(paths: Paths) -> None:
    Path(paths.env, "secrets.env").write_text("OTHER=x\n")
    assert environment.secrets_of(paths, "blue") == {"JWT_SECRET", "DATABASE_URL"}
    assert "SECRET" not in environment.parse(Path(paths.env, "blue.env").read_bytes())


def test_each_slot_stays_with_the_manager_that_started_it(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str | None, str, str]] = []

    class Played:
        def __init__(self, name: str | None) -> None:
            self.name = name

        def status(self, slot: str) -> dict[str, Any]:
            return {"running": (self.name, "start", slot) in said, "pid": 1, "restarts": 0, "since": None, "failed": False}

        def __getattr__(self, verb: str) -> Callable[..., None]:
            return lambda slot, *_: said.append((self.name, verb, slot))

    monkeypatch.setattr(drivers, "driver", lambda name, _paths: Played(name))
    context = Context(paths, "start_slot", fence=1)
    for slot, release, name in (("blue", OLD, "systemd"), ("green", NEW, "podman")):
        slots.start_slot(context, slot, release, name)
        context.set_slot(slot, "ready")
        switch.switch(context, slot)
    said.clear()
    slots.drain(context, "blue", 0)
    slots.stop_slot(context, "blue")
    assert said == [("systemd", "signal", "blue"), ("systemd", "stop", "blue")]
    said.clear()
    slots.start_slot(context, "blue", OLD, "podman")
    assert {("systemd", "stop", "blue"), ("podman", "stop", "blue"), ("podman", "start", "blue")} == set(said)
