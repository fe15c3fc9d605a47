"""From a checkout to one file, and from that file alone to a program that runs."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from comfytavern.deploy.release import Release, open_artifact, verify
from comfytavern.testing.releases import BROKEN, new_bytes, packed, variant

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def checkout(folder: Path, of: Path = ROOT) -> Path:
    """Clone what is committed in `of`, with the web app that is built already."""
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", of, folder], check=True)
    for built in (of / "web").glob("dist*"):
        shutil.copytree(built, folder / "web" / built.name)
    return folder


def comfytavern(source: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "comfytavern", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source / "src"), **environment},
        capture_output=True,
        text=True,
        timeout=280,
    )


def build(source: Path, out: Path, *more: object) -> Path:
    done = comfytavern(source, "build", "--skip-web", "--out", out, "--json", *more)
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["artifact"])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("one") / "tavern")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "release"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    path.with_name("allowed").write_text(f"release@example.org {path.with_suffix('.pub').read_text()}")
    return path


@pytest.fixture(scope="module")
def artifact(source: Path, key: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(source, tmp_path_factory.mktemp("dist"), "--sign-key", key)


@pytest.fixture(scope="module")
def opened(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_artifact(artifact, tmp_path_factory.mktemp("opened"))


def test_two_builds_in_different_folders_at_different_times_are_the_same_bytes(
    source: Path, artifact: Path, key: Path, tmp_path: Path
) -> None:
    other = checkout(tmp_path / "a folder with another name", of=source)
    before = os.umask(0o077)
    try:
        again = build(other, tmp_path / "out", "--sign-key", key)
    finally:
        os.umask(before)
    assert again.name == artifact.name
    assert again.read_bytes() == artifact.read_bytes()


def test_the_artifact_says_everything_a_deployment_asks(opened: Path, key: Path) -> None:
    assert verify(opened, key.with_name("allowed"), "cp311") == []
    release = Release.read(opened)
    assert release.schema.level >= 1
    assert release.env["JWT_SECRET"].required_in_production
    assert release.env["JWT_SECRET"].secret
    assert json.loads((opened / "web" / "version.json").read_text()) == {"release": release.release}
    maps = [name for name in release.files if name.endswith(".map")]
    assert maps
    assert all(name.startswith("web-maps/assets/") for name in maps), "beside what is served, never in it"
    assert {"agent/ctd.pyz", "sbom.cdx.json", "requirements.txt", "web/index.html", "templates/.env.example"} <= set(release.files)
    assert {f"templates/{driver}/etc/nginx/conf.d/comfytavern.conf" for driver in ("systemd", "supervisord", "pm2", "tls")} <= set(
        release.files
    )
    wheel = next(name for name in release.wheels if name.startswith("wheels/comfytavern-"))
    names = subprocess.run([sys.executable, "-m", "zipfile", "-l", opened / wheel], capture_output=True, text=True).stdout
    assert "comfytavern/_web/" not in names, "the web app travels beside the wheel"
    assert "comfytavern/deploy/build/service.py" in names


def test_everything_that_can_be_compressed_is(opened: Path) -> None:
    text = [path for path in (opened / "web").rglob("*") if path.suffix in {".js", ".css", ".html", ".svg"} and path.stat().st_size >= 1024]
    assert len(text) > 50
    assert all(path.with_name(path.name + end).is_file() for path in text for end in (".gz", ".br"))


def test_the_command_verifies_and_names_what_is_wrong(source: Path, artifact: Path, opened: Path, key: Path, tmp_path: Path) -> None:
    good = comfytavern(source, "build", "verify", artifact, "--signers", key.with_name("allowed"))
    assert good.returncode == 0, good.stderr
    assert "is sound" in good.stdout
    bad = variant(opened, "9.9+bad", out=tmp_path)
    (bad / "web" / "index.html").unlink()
    (bad / "web" / "index.html").write_text("owned")
    done = comfytavern(source, "build", "verify", packed(bad, tmp_path), "--signers", key.with_name("allowed"), "--python-tag", "cp312")
    assert done.returncode == 1
    for code in ("release.tampered", "release.unsigned", "release.python"):
        assert code in done.stderr
    assert "web/index.html" in done.stderr


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the artifact is for Python 3.11")
def test_the_artifact_alone_installs_offline_and_runs(opened: Path, tmp_path: Path) -> None:
    uv = next(path for path in (opened / "wheels").iterdir() if path.name.startswith("uv-"))
    shutil.unpack_archive(uv, tmp_path / "uv", "zip")
    program = next((tmp_path / "uv").rglob("scripts/uv"))
    program.chmod(0o755)
    alone = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_OFFLINE": "1"}
    python = tmp_path / "venv" / "bin" / "python"
    install = [
        program,
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        "--require-hashes",
        "--find-links",
        opened / "wheels",
        "--python",
        python,
    ]
    start = time.monotonic()
    subprocess.run([program, "venv", "-q", "--python", Path(sys.executable).resolve(), tmp_path / "venv"], env=alone, check=True)
    subprocess.run([*install, "-r", opened / "requirements.txt"], env=alone, check=True)
    assert time.monotonic() - start < 30
    done = subprocess.run([python, "-m", "comfytavern", "version"], env=alone, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == Release.read(opened).version, done.stderr


def test_the_next_release_sends_less_than_a_hundredth(opened: Path, tmp_path: Path) -> None:
    after = variant(opened, "9.9+next", BROKEN["slow_start"], out=tmp_path)
    assert verify(after) == []
    total = sum(file.size for file in Release.read(after).files.values())
    assert new_bytes(after, opened) <= 0.01 * total


@pytest.mark.skipif(not (ROOT / "web" / "node_modules" / ".package-lock.json").is_file(), reason="the web packages are not installed")
def test_a_build_as_people_type_it_has_its_web_app(tmp_path: Path) -> None:
    """Without --skip-web and with the default --out, which is no absolute path, releases had none."""
    source = checkout(tmp_path / "tavern")
    shutil.rmtree(source / "web" / "dist")
    (source / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    done = comfytavern(source, "build", "--json")
    assert done.returncode == 0, done.stderr
    artifact = Path(json.loads(done.stdout)["artifact"])
    assert artifact.parent == source / "dist"
    files = Release.read(open_artifact(artifact, tmp_path / "opened")).files
    assert "web/index.html" in files
    assert sum(name.startswith("web/assets/") for name in files) > 50


@pytest.mark.long
@pytest.mark.skipif(not (ROOT / "web" / "node_modules" / ".package-lock.json").is_file(), reason="the web packages are not installed")
def test_a_type_error_stops_the_build_before_anything_is_built(tmp_path: Path) -> None:
    broken = checkout(tmp_path / "tavern")
    (broken / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    stamp = (broken / "web" / "dist" / "index.html").stat().st_mtime_ns
    (broken / "web" / "src" / "broken.ts").write_text("export const n: number = 'text'\n")
    done = comfytavern(broken, "build", "--web-only")
    assert done.returncode == 1
    assert "build.types" in done.stderr
    assert "src/broken.ts" in done.stderr
    assert (broken / "web" / "dist" / "index.html").stat().st_mtime_ns == stamp
