"""The scripts of pipelines that reach a registry, a cluster or a cloud: run as they are rendered, with stand-ins that take no other word.

A true cluster was never reached. AWS's own command line, against moto, has its turn in tests/lab/test_pipelines_ecs.py.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from comfytavern.deploy.render import kubernetes
from comfytavern.deploy.render.pipelines import Pipeline, Way, render
from tests.lab.pipelines import Done, GitHub, GitLab, Ground, Settings
from tests.unit.deploy.standins import Programs

pytestmark = pytest.mark.slow

RELEASE, TAG = "0.2.0+1a2b3c4", "0.2.0_1a2b3c4"
IMAGES: Final = "ghcr.io/olive/tavern"
DIGESTS: Final = {"backend": "sha256:" + "b" * 64, "frontend": "sha256:" + "f" * 64}
TOKEN: Final = "canary-token-5e4d3c2b1a"


def execute(words: Sequence[str], env: Mapping[str, str], at: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, env=dict(env), cwd=at, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def key_of(folder: Path) -> tuple[str, str]:
    """Return a new private key, and the line of `allowed_signers` that allows it to sign releases and images."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ci", "-f", folder / "key"], check=True)
    return (folder / "key").read_text(), f"ci@example.org {(folder / 'key.pub').read_text()}"


def ground(folder: Path, programs: Programs, **files: str) -> Ground:
    return Ground(folder / "jobs", {name.replace("__", "/"): text for name, text in files.items()}, execute, path=programs.path)


def given(folder: Path, name: str, **files: str) -> None:
    """Put files where another job has left them."""
    place = folder / "jobs" / "artifacts" / name
    place.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (place / file.replace("__", ".")).write_text(text)


def workflow(way: Way, name: str = "deploy") -> str:
    return render(Pipeline("github", way))[f".github/workflows/{name}.yml"]


def only(text: str, *steps: str) -> str:
    """Return a workflow whose other named steps do nothing: here there is no site to check, and nobody to tell."""
    return re.sub(r"(- name: (?:Check|Tell|Install)\n(?:.*\n)*?        run: \|\n)(?:          .*\n|\n)+", r"\1          true\n\n", text)


def images_of(programs: Programs, images: str, registry: str, user: str, token: str, revision: str) -> None:
    programs.expect(["docker", "login", registry, "--username", user, "--password-stdin"], given=token)
    for part, place in (("backend", "/opt/app"), ("frontend", "/opt/web")):
        image = re.escape(f"{images}/comfytavern-{part}:{TAG}")
        arguments = ["--build-arg", re.escape(f"RELEASE={RELEASE}"), "--build-arg", f"REVISION={revision}"]
        programs.expect(["docker", "build", "--pull", "--file", f"Dockerfile.{part}", *arguments, "--tag", image, r"\."])
        programs.expect(["docker", "push", "--quiet", image])
        said = f"{images}/comfytavern-{part}@{DIGESTS[part]}\n"
        programs.expect(["docker", "image", "inspect", "--format", r"\{\{index .RepoDigests 0\}\}", image], out=said)
        programs.expect(["docker", "create", image], out="c0ffee\n")
        programs.expect(["docker", "cp", f"c0ffee:{place}/sbom.cdx.json", f"dist/ci/{part}.cdx.json"], writes=(3, "{}"))
        programs.expect(["docker", "rm", "c0ffee"], out="c0ffee\n")
    programs.expect(["docker", "logout", registry])


@pytest.mark.parametrize("service", ["github", "gitlab"])
def test_images_are_built_pushed_listed_by_digest_and_signed(service: str, tmp_path: Path) -> None:
    private, signers = key_of(tmp_path)
    programs = Programs(tmp_path / "programs", "docker")
    place = ground(tmp_path, programs, allowed_signers=signers)
    if service == "github":
        given(tmp_path, "release", release__txt=f"{RELEASE}\n")
        images_of(programs, IMAGES, "ghcr.io", "olive", "gh-token", "(1a2b3c4)+")
        runner: GitHub | GitLab = GitHub(place, Settings({"RELEASE_KEY": private}))
        done, there = runner.run(workflow("docker"), "images")["images"], place.folder / "artifacts" / "images"
    else:
        given(tmp_path, "build/dist/ci", release__txt=f"{RELEASE}\n")
        images_of(programs, "registry.gitlab.test/olive/tavern", "registry.gitlab.test", "ci", "registry-token", "(1a2b3c4)+")
        runner = GitLab(place, Settings({"RELEASE_KEY": private}))
        done = runner.run(render(Pipeline("gitlab", "docker"))[".gitlab-ci.yml"], "images")["images"]
        there = place.folder / "artifacts" / "images" / "dist" / "ci"
    assert (done.outcome, programs.wrong) == ("success", []), done.log
    rows = [row.split() for row in (there / "images.txt").read_text().splitlines()]
    assert [(part, image.partition("@")[2]) for part, image in rows] == list(DIGESTS.items())
    verify = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        tmp_path / "signers",
        "-I",
        "ci@example.org",
        "-n",
        "comfytavern-images",
        "-s",
        there / "images.txt.sig",
    ]
    (tmp_path / "signers").write_text(signers)
    assert subprocess.run(verify, input=(there / "images.txt").read_bytes(), capture_output=True).returncode == 0
    assert place.left_behind(done.folder) == []
    assert private.splitlines()[2] not in done.log


def signed_images(folder: Path) -> str:
    """Leave the signed list of images where the job `images` leaves it; return the line of allowed signers."""
    _, signers = key_of(folder)
    rows = "".join(f"{part} {IMAGES}/comfytavern-{part}@{digest}\n" for part, digest in DIGESTS.items())
    given(folder, "images", images__txt=rows)
    given(folder, "release", release__txt=f"{RELEASE}\n")
    file = folder / "jobs" / "artifacts" / "images" / "images.txt"
    subprocess.run(["ssh-keygen", "-Y", "sign", "-q", "-f", folder / "key", "-n", "comfytavern-images", file], check=True)
    return signers


class Cluster:
    """What `kubectl` will be called with."""

    def __init__(self, folder: Path, namespace: str = "comfytavern-staging") -> None:
        self.programs = Programs(folder / "programs", "kubectl")
        self._first = ["kubectl", "--kubeconfig", r"/.+/config", "--namespace", namespace]

    def will(self, *words: str, out: str = "", code: int = 0) -> None:
        self.programs.expect([*self._first, *words], out=out, code=code)

    def lists(self) -> None:
        self.will(
            "get",
            "deployment",
            "--selector",
            OURS,
            "--output",
            "name",
            out="deployment.apps/comfytavern-backend\ndeployment.apps/comfytavern-web\n",
        )

    def begins(self) -> None:
        self.will("delete", "job", "--selector", OURS, "--ignore-not-found")
        self.will("apply", "--kustomize", "dist/ci/kubernetes")

    def is_ready(self, name: str, code: int = 0) -> None:
        self.will("annotate", f"deployment.apps/comfytavern-{name}", "--overwrite", re.escape(f"kubernetes.io/change-cause={RELEASE}"))
        self.will("rollout", "status", f"deployment.apps/comfytavern-{name}", "--timeout", "15m", code=code)


OURS: Final = "app.kubernetes.io/name=comfytavern"
WAIT: Final = ("wait", "job", "--selector", OURS, "--for", "condition=complete", "--timeout", "10m")


def deployed(folder: Path, cluster: Cluster, **files: str) -> Done:
    manifests = {f"kubernetes/{path}": text for path, text in kubernetes.render(kubernetes.Cluster()).items()}
    place = Ground(folder / "jobs", {**manifests, **files}, execute, path=cluster.programs.path)
    return GitHub(place, Settings({"KUBE_CONFIG": TOKEN})).run(only(workflow("kubernetes")), "staging")["staging"]


def test_kubernetes_migrates_waits_and_runs_the_signed_images(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.begins()
    cluster.will(*WAIT)
    cluster.lists()
    cluster.is_ready("backend")
    cluster.is_ready("web")
    done = deployed(tmp_path, cluster, allowed_signers=signed_images(tmp_path))
    assert (done.outcome, cluster.programs.wrong) == ("success", []), done.log
    assert TOKEN not in done.log
    if shutil.which("kubectl"):
        said = subprocess.run(["kubectl", "kustomize", "dist/ci/kubernetes"], cwd=done.folder, capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
        used = set(re.findall(r"image: (\S+)", said.stdout))
        assert used == {f"{IMAGES}/comfytavern-{part}@{digest}" for part, digest in DIGESTS.items()}


def test_kubernetes_goes_back_when_a_release_does_not_become_ready(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.begins()
    cluster.will(*WAIT)
    cluster.lists()
    cluster.is_ready("backend", code=1)
    cluster.lists()
    for name in ("backend", "web"):
        cluster.will("rollout", "undo", f"deployment.apps/comfytavern-{name}")
    done = deployed(tmp_path, cluster, allowed_signers=signed_images(tmp_path))
    assert (done.outcome, cluster.programs.wrong) == ("failure", []), done.log
    assert (
        "Error: deployment.apps/comfytavern-backend did not become ready; everything went back" in (done.folder / "deploy.log").read_text()
    )


def test_kubernetes_goes_back_when_the_database_is_not_migrated(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.begins()
    cluster.will(*WAIT, code=1)
    cluster.lists()
    for name in ("backend", "web"):
        cluster.will("rollout", "undo", f"deployment.apps/comfytavern-{name}")
    done = deployed(tmp_path, cluster, allowed_signers=signed_images(tmp_path))
    assert (done.outcome, cluster.programs.wrong) == ("failure", []), done.log


def test_images_that_somebody_else_has_listed_are_not_deployed(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.will("never")
    signers = signed_images(tmp_path)
    rows = tmp_path / "jobs" / "artifacts" / "images" / "images.txt"
    rows.write_text(rows.read_text().replace("b" * 64, "e" * 64))
    done = deployed(tmp_path, cluster, allowed_signers=signers)
    assert done.outcome == "failure"
    assert [row for row in cluster.programs.wrong if not row.startswith("not called")] == []


@pytest.mark.parametrize("release", ["", "0.1.0+old"])
def test_kubernetes_goes_back(release: str, tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, "comfytavern")
    cluster.lists()
    for name, part in (("backend", "backend"), ("web", "frontend")):
        if release:
            cluster.will("set", "image", f"deployment.apps/comfytavern-{name}", rf"\*={IMAGES}/comfytavern-{part}:0.1.0_old")
            cluster.will("annotate", f"deployment.apps/comfytavern-{name}", "--overwrite", r"kubernetes.io/change-cause=0.1.0\+old")
        else:
            cluster.will("rollout", "undo", f"deployment.apps/comfytavern-{name}")
    cluster.lists()
    for name in ("backend", "web"):
        cluster.will("rollout", "status", f"deployment.apps/comfytavern-{name}", "--timeout", "15m")
    place = Ground(tmp_path / "jobs", {}, execute, path=cluster.programs.path)
    inputs = {"target": "production", "release": release, "reason": ""}
    done = GitHub(place, Settings({"KUBE_CONFIG": TOKEN})).run(only(workflow("kubernetes", "rollback")), inputs=inputs)["rollback"]
    assert (done.outcome, cluster.programs.wrong) == ("success", []), done.log


def test_what_is_no_release_is_not_gone_back_to(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, "comfytavern")
    cluster.will("never")
    place = Ground(tmp_path / "jobs", {}, execute, path=cluster.programs.path)
    inputs = {"target": "production", "release": "$(touch evil)", "reason": ""}
    done = GitHub(place, Settings({"KUBE_CONFIG": TOKEN})).run(only(workflow("kubernetes", "rollback")), inputs=inputs)["rollback"]
    assert done.outcome == "failure"
    assert not (done.folder / "evil").exists()
