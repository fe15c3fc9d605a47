"""The pipelines that `ci init` writes, run: every job's script as it stands in the file, against real machines, mailboxes and webhooks."""

import ctypes
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from comfytavern.deploy.render.pipelines import Pipeline, render
from comfytavern.testing.releases import BROKEN, packed, variant
from tests.lab import ground
from tests.lab.fleet import Fleet
from tests.lab.installation import CLI
from tests.lab.pipelines import Done, GitHub, GitLab, Ground, Settings
from tests.unit.deploy.receivers import Hooks, Post

T = TypeVar("T")
LONG_JOBS: Final = ("verify", "unit", "browser")
NEWNET: Final = 0x40000000
JWT: Final = "canary-jwt-6f1d2c3b4a59687f6e5d4c3b2a190817"
HOOK_KEY: Final = "canary-hook-0a1b2c3d4e5f"
SPEC: Final = """
[ssh]
known_hosts = "~/.ssh/known_hosts"
[strategy]
name = "replace"
[deadlines]
steady_s = 1
[secrets]
JWT_SECRET = "env:JWT_SECRET"
[hosts.h1]
address = "{production}"
[target.staging.hosts.stage]
address = "{staging}"
"""


def on_network(name: Path) -> Callable[[], None]:
    """Return what puts the thread that calls it onto a network; sockets it opens stay there."""

    def enter() -> None:
        with name.open() as file:
            assert ctypes.CDLL(None, use_errno=True).setns(file.fileno(), NEWNET) == 0

    return enter


def opened(enter: Callable[[], None], make: Callable[[], T]) -> T:
    """Return what `make` makes on another network, in a thread that ends."""
    made: list[T] = []

    def work() -> None:
        enter()
        made.append(make())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return made[0]


@dataclass
class Stage:
    """One or two machines, those who are told, and a repository on a service."""

    fleet: Fleet
    folder: Path
    releases: Path
    slack: Hooks
    hook: Hooks
    post: Post
    ground: Ground
    settings: Settings
    seen: list[str] = field(default_factory=list)

    def holds(self, release: str, artifact: Path, *jobs: str) -> None:
        """Put a release where the job `build` puts it."""
        for place in jobs:
            folder = self.ground.folder / "artifacts" / place
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            os.link(artifact, folder / f"comfytavern-{release}.tar.zst")
            (folder / "release.txt").write_text(f"{release}\n")

    def serving(self, machine: int = 0) -> str:
        asked = ["curl", "-s", "-m", "10", f"http://{self.fleet.machines[machine].address}/version"]
        return self.fleet.controller(asked).stdout

    @property
    def told(self) -> list[dict[str, Any]]:
        return [each.said for each in self.hook.taken]

    def checked(self, done: Done, outcome: str = "success") -> None:
        """Say that a job ended so, that three were told, and that no secret is anywhere it could be read."""
        assert done.outcome == outcome, done.log[-6000:]
        assert len(self.slack.taken) == len(self.hook.taken) == len(self.post.mails), done.log[-3000:]
        assert self.ground.left_behind(done.folder) == []
        seen = done.log + "".join(str(each.said) for each in (*self.slack.taken, *self.hook.taken)) + "".join(map(str, self.post.mails))
        seen += "".join(path.read_text() for path in done.folder.glob("*.log"))
        private = self.fleet.key.read_text().splitlines()[2]
        for secret in (JWT, HOOK_KEY, private):
            assert secret not in seen


def made(fleet: Fleet, folder: Path, stack: ExitStack) -> Stage:
    """Return a stage on a fleet; `stack` ends its receivers."""
    enter = on_network(ground.NAMES / f"{fleet.name}-ctl")
    slack, hook = (stack.enter_context(opened(enter, lambda: Hooks(address=ground.CONTROLLER))) for _ in range(2))
    post = stack.enter_context(Post(address=ground.CONTROLLER, enter=enter))

    def execute(words: Sequence[str], env: Mapping[str, str], at: Path) -> subprocess.CompletedProcess[str]:
        whole = [*ground.in_network(fleet.name, "ctl"), *words]
        return subprocess.run(whole, env=dict(env), cwd=at, capture_output=True, text=True, timeout=900)

    production, staging = fleet.machines[0].address, fleet.machines[-1].address
    spec = SPEC.format(production=production, staging=staging if staging != production else "192.0.2.1")
    jobs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ci-")))  # a short path: Chromium has sockets below it
    place = Ground(jobs, {"deploy.toml": spec}, execute, more={"COMFYTAVERN_CACHE": str(folder / "cache")})
    secrets = {"DEPLOY_SSH_KEY": fleet.key.read_text(), "JWT_SECRET": JWT, "NOTIFY_SLACK": f"{slack.url}/T/B/x", "NOTIFY_WEBHOOK": hook.url}
    secrets |= {"NOTIFY_WEBHOOK_KEY": HOOK_KEY, "NOTIFY_MAIL": post.url}
    variables = {
        "KNOWN_HOSTS": fleet.known_hosts.read_text(),
        "NOTIFY_MAIL_FROM": "tavern@example.org",
        "NOTIFY_MAIL_TO": "ops@example.org",
    }
    variables |= {"CHECK_OPTIONS": "--no-browser"}  # which finds fault with a site that has no HTTPS, and rightly
    sites = {"staging": staging, "production": production}
    environments = {name: Settings(secrets, {**variables, "SITE_URL": f"http://{address}"}) for name, address in sites.items()}
    return Stage(fleet, folder, folder, slack, hook, post, place, Settings(secrets, variables, environments))


def prepared(stage: Stage) -> None:
    """Make the bare machines hosts, as an operator does once."""
    own = f'[ssh]\nkey = "{stage.fleet.key}"\nagent = false'
    file = stage.folder / "deploy.toml"
    file.write_text(stage.ground.files["deploy.toml"].replace("~/.ssh/known_hosts", str(stage.fleet.known_hosts)).replace("[ssh]", own))
    for target in ("", "staging")[: len(stage.fleet.machines)]:
        done = stage.fleet.controller([*CLI, "deploy", "host", "prepare", "--file", str(file), "--target", target])
        assert done.returncode == 0, done.stderr


@pytest.fixture
def one(able: None, tmp_path: Path) -> Iterator[Stage]:
    """One machine, which is production."""
    with Fleet(1) as fleet, ExitStack() as stack:
        stage = made(fleet, tmp_path, stack)
        prepared(stage)
        yield stage


@pytest.mark.slow
def test_github_deploys_checks_tells_and_goes_back(one: Stage, base: Path, tmp_path: Path) -> None:
    workflows = render(Pipeline("github", "ssh"))
    deploy, rollback = (workflows[f".github/workflows/{name}.yml"] for name in ("deploy", "rollback"))
    github = GitHub(one.ground, one.settings)
    for release in ("0.1.0+ci1", "0.1.0+ci2"):
        one.holds(release, packed(variant(base, release, out=tmp_path / "made"), tmp_path), "release")
        done = github.run(deploy, "production")["production"]
        one.checked(done)
        assert release in one.serving()
    done = github.run(rollback, inputs={"target": "production", "release": "", "reason": "the login is broken"})["rollback"]
    one.checked(done)
    assert "0.1.0+ci1" in one.serving()
    assert [each["event"] for each in one.told] == ["deployed", "deployed", "rolled_back"]
    assert one.told[1] | {"sentence": "", "id": "", "at": "", "duration_s": 0} == {
        "format": 1, "event": "deployed", "release": "0.1.0+ci2", "target": "production", "url": f"http://{one.fleet.machines[0].address}",
        "who": "olive", "cause": "", "sentence": "", "id": "", "at": "", "duration_s": 0,
    }  # fmt: skip
    assert (one.told[2]["release"], one.told[2]["cause"]) == ("0.1.0+ci1", "the login is broken")
    assert one.slack.taken[2].said["text"].startswith(":leftwards_arrow_with_hook: production: back to ")
    assert one.post.mails[0]["Subject"] == "production: 0.1.0+ci1 is deployed"


@pytest.fixture
def two(able: None, tmp_path: Path) -> Iterator[Stage]:
    """Two machines: production and staging."""
    with Fleet(2) as fleet, ExitStack() as stack:
        stage = made(fleet, tmp_path, stack)
        prepared(stage)
        yield stage


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_github_from_a_commit_to_production(two: Stage, tmp_path: Path) -> None:
    """Every job of the workflow, those of the beginning in a clone of the last commit; the release that `build` makes is deployed."""
    text = render(Pipeline("github", "ssh"))[".github/workflows/deploy.yml"]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ci", "-f", tmp_path / "key"], check=True)
    public = (tmp_path / "key.pub").read_text()
    signers = {"allowed_signers": f'ci@example.org namespaces="comfytavern-release" {public}'}

    def execute(words: Sequence[str], env: Mapping[str, str], at: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, env={**env, "CI": "true"}, cwd=at, capture_output=True, text=True, timeout=3600)

    with tempfile.TemporaryDirectory(prefix="ci-") as folder:
        start = Ground(Path(folder), {**two.ground.files, **signers}, execute, clone=True)
        github = GitHub(start, Settings({"RELEASE_KEY": (tmp_path / "key").read_text()}))
        done = github.run(text, *LONG_JOBS, "build")
        for name, each in done.items():
            print(f"{name}: {each.outcome}\n{each.log[-1500:]}")  # noqa: T201 -- which tests ran, and how
        assert {name: each.outcome for name, each in done.items()} == dict.fromkeys((*LONG_JOBS, "build"), "success")
        artifacts = github.artifacts / "release"
        release = (artifacts / "release.txt").read_text().strip()
        assert sorted(path.name for path in artifacts.iterdir()) == [f"comfytavern-{release}.tar.zst", "release.txt", "sbom.cdx.json"]
        two.holds(release, artifacts / f"comfytavern-{release}.tar.zst", "release")
    two.ground.files |= signers  # type: ignore[operator]
    done = GitHub(two.ground, two.settings).run(text, "staging", "gate", "production")
    for name in ("staging", "production"):
        two.checked(done[name])
    assert done["gate"].outcome == "success"
    assert [release in two.serving(machine) for machine in (0, 1)] == [True, True]
    assert [(each["event"], each["target"]) for each in two.told] == [("deployed", "staging"), ("deployed", "production")]


@pytest.mark.slow
def test_a_bad_release_goes_no_further_than_staging_and_everybody_is_told(two: Stage, base: Path, tmp_path: Path) -> None:
    text = render(Pipeline("github", "ssh"))[".github/workflows/deploy.yml"]
    two.holds("0.1.0+bad", packed(variant(base, "0.1.0+bad", BROKEN["import_error"], out=tmp_path / "made"), tmp_path), "release")
    done = GitHub(two.ground, two.settings).run(text, "staging", "gate", "production")
    two.checked(done["staging"], "failure")
    assert (done["gate"].outcome, done["production"].outcome) == ("skipped", "skipped")
    assert [(each["event"], each["target"], each["release"]) for each in two.told] == [("failed", "staging", "0.1.0+bad")]
    assert two.told[0]["cause"]
    assert "check" not in two.told[0]["cause"], "the cause is that of the deployment"
    assert two.told[0]["url"].endswith("/actions/runs/7")


@pytest.mark.slow
def test_a_failure_before_the_deployment_is_told_and_nothing_is_deployed(one: Stage) -> None:
    text = render(Pipeline("github", "ssh"))[".github/workflows/deploy.yml"].replace("make format lint types walls", "false")
    done = GitHub(one.ground, one.settings).run(text, "verify", "build", "staging", "failed")
    assert {name: each.outcome for name, each in done.items()} == {
        "verify": "failure",
        "build": "skipped",
        "staging": "skipped",
        "failed": "success",
    }
    assert [(each["event"], each["cause"]) for each in one.told] == [("failed", "a step before the deployment failed")]


@pytest.mark.slow
def test_gitlab_deploys_checks_tells_and_goes_back(two: Stage, base: Path, tmp_path: Path) -> None:
    text = render(Pipeline("gitlab", "ssh"))[".gitlab-ci.yml"]
    gitlab = GitLab(two.ground, two.settings)
    for release in ("0.1.0+lab1", "0.1.0+lab2"):
        two.holds(release, packed(variant(base, release, out=tmp_path / "made"), tmp_path), "build/dist/ci")
        for name in ("staging", "production"):
            two.checked(gitlab.run(text, name)[name])
        assert [release in two.serving(machine) for machine in (0, 1)] == [True, True]
    typed = {"RELEASE": "0.1.0+lab1", "REASON": "the login is broken"}
    two.checked(gitlab.run(text, "rollback-production", typed=typed)["rollback-production"])
    assert ["0.1.0+lab1" in two.serving(machine) for machine in (0, 1)] == [True, False]
    evil = gitlab.run(text, "rollback-staging", typed={"RELEASE": "$(touch evil); --yes"})["rollback-staging"]
    two.checked(evil, "failed")
    assert not (evil.folder / "evil").exists()
    wanted = ["deployed"] * 4 + ["rolled_back", "failed"]
    assert [each["event"] for each in two.told] == wanted
    assert two.told[4]["cause"] == "the login is broken"
    assert two.told[5]["cause"] == "what was given is not the name of a release."
