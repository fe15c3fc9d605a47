"""A release that is not what was built is refused with the name of what is wrong."""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import zstandard

from comfytavern.deploy.build import archive
from comfytavern.deploy.build.service import seal
from comfytavern.deploy.errors import Refused
from comfytavern.deploy.release import FORMAT, Interpreter, Release, Schema, checked, fits, open_artifact, verify

HASH = "0" * 64
ABOUT = Release(
    release="1.0+abc",
    version="1.0",
    git="abc",
    created="2026-01-01T00:00:00Z",
    python=Interpreter(),
    schema=Schema(level=3, min=2),
)


def key(folder: Path, name: str) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True)
    return folder / name


def allowed(folder: Path, *keys: Path) -> Path:
    path = folder / "allowed_signers"
    path.write_text("".join(f"{each.name}@example.org {each.with_suffix('.pub').read_text()}" for each in keys))
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: key(folder, name) for name in ("builder", "stranger")}


@pytest.fixture
def folder(tmp_path: Path, keys: dict[str, Path]) -> Path:
    """A small release, signed by the builder."""
    made = tmp_path / "release"
    for name, content in {
        "web/index.html": "<p>hi</p>",
        "wheels/comfytavern-1.0-py3-none-any.whl": "app",
        "wheels/uv-1-py3-none-linux_x86_64.whl": "uv",
    }.items():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    digest = archive.sha256(made / "wheels/comfytavern-1.0-py3-none-any.whl")
    (made / "requirements.txt").write_text(f"comfytavern==1.0 --hash=sha256:{digest}\n")
    seal(made, ABOUT, keys["builder"])
    return made


def codes(folder: Path, **more: object) -> list[str]:
    return [problem.code for problem in verify(folder, **more)]


def test_a_sound_release_has_no_problems(folder: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    assert verify(folder, allowed(tmp_path, keys["stranger"], keys["builder"]), "cp311") == []
    assert Release.read(folder).schema == Schema(level=3, min=2)


def test_a_manifest_reads_back_as_it_was_written(folder: Path) -> None:
    release = Release.read(folder)
    assert release.encode() == (folder / "manifest.json").read_bytes()
    assert set(release.files) == {
        "requirements.txt",
        "web/index.html",
        "wheels/comfytavern-1.0-py3-none-any.whl",
        "wheels/uv-1-py3-none-linux_x86_64.whl",
    }


def tamper(folder: Path) -> None:
    (folder / "web/index.html").write_text("<p>ho</p>")


def lose(folder: Path) -> None:
    (folder / "web/index.html").unlink()


def add(folder: Path) -> None:
    (folder / "web/extra.js").write_text("evil()")


def link(folder: Path) -> None:
    shutil.copy(folder / "web/index.html", folder.parent / "outside")
    (folder / "web/index.html").unlink()
    (folder / "web/index.html").symlink_to(folder.parent / "outside")


@pytest.mark.parametrize(
    ("wrong", "code", "name"),
    [
        (tamper, "release.tampered", "web/index.html"),
        (lose, "release.missing", "web/index.html"),
        (add, "release.extra", "web/extra.js"),
        (link, "release.tampered", "web/index.html"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "release.missing", "SHA256SUMS"),
    ],
)
def test_a_file_that_is_not_as_built_is_named(folder: Path, wrong: Callable[[Path], None], code: str, name: str) -> None:
    wrong(folder)
    problem = next(problem for problem in verify(folder) if problem.code == code)
    assert problem.params["file"] == name
    assert name in problem.message
    assert problem.params["fix"]


def test_a_file_and_its_line_in_the_manifest_changed_together_are_still_found(folder: Path) -> None:
    tamper(folder)
    release = Release.read(folder)
    listed = dict(
        release.files,
        **{"web/index.html": msgspec.structs.replace(release.files["web/index.html"], sha256=archive.sha256(folder / "web/index.html"))},
    )
    (folder / "manifest.json").write_bytes(msgspec.structs.replace(release, files=listed).encode())
    problem = verify(folder)[0]
    assert (problem.code, problem.params["file"]) == ("release.sums", "manifest.json")


def test_everything_changed_together_breaks_the_signature(folder: Path) -> None:
    signature = (folder / "SHA256SUMS.sig").read_bytes()
    tamper(folder)
    (folder / "SHA256SUMS.sig").unlink()
    seal(folder, ABOUT)
    (folder / "SHA256SUMS.sig").write_bytes(signature)
    assert codes(folder) == ["release.signature"]


def test_a_signature_by_an_unknown_key_names_the_key(folder: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    problem = verify(folder, allowed(tmp_path, keys["stranger"]))[0]
    assert problem.code == "release.signer"
    shown = subprocess.run(["ssh-keygen", "-l", "-f", keys["builder"]], capture_output=True, text=True).stdout.split()[1]
    assert problem.params["key"] == shown
    assert shown in problem.message


def test_a_signature_made_for_something_else_does_not_count(folder: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    (folder / "SHA256SUMS.sig").unlink()
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", keys["builder"], "-n", "git", folder / "SHA256SUMS"], check=True, capture_output=True
    )
    assert codes(folder, signers=allowed(tmp_path, keys["builder"])) == ["release.signature"]


def test_an_unsigned_release_is_taken_only_where_nobody_asks_for_a_signer(folder: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    (folder / "SHA256SUMS.sig").unlink()
    assert codes(folder) == []
    assert codes(folder, signers=allowed(tmp_path, keys["builder"])) == ["release.unsigned"]


def test_a_release_for_another_python_is_refused(folder: Path) -> None:
    problem = verify(folder, python_tag="cp312")[0]
    assert problem.code == "release.python"
    assert "cp311" in problem.message
    assert "--python-tag cp312" in problem.message


def test_a_wheel_for_another_python_is_named(folder: Path) -> None:
    (folder / "wheels/numpy-2-cp312-cp312-manylinux_2_28_x86_64.whl").write_text("no")
    seal(folder, ABOUT)
    (folder / "SHA256SUMS.sig").unlink()
    problem = verify(folder)[0]
    assert (problem.code, problem.params["file"]) == ("release.python", "wheels/numpy-2-cp312-cp312-manylinux_2_28_x86_64.whl")


@pytest.mark.parametrize(
    ("wheel", "good"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-cp39-abi3-manylinux_2_17_x86_64.whl", True),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.whl", True),
        ("a-1-1build-py3-none-any.whl", True),
        ("a-1-cp312-abi3-manylinux_2_17_x86_64.whl", False),
        ("a-1-cp310-cp310-manylinux_2_17_x86_64.whl", False),
        ("a-1-pp311-pypy311_pp73-manylinux_2_17_x86_64.whl", False),
        ("a-1-py2-none-any.whl", False),
    ],
)
def test_a_wheels_name_says_which_python_it_is_for(wheel: str, good: bool) -> None:
    assert fits(f"wheels/{wheel}", "cp311") is good


def test_a_requirement_without_its_wheel_is_named(folder: Path) -> None:
    with (folder / "requirements.txt").open("a") as file:
        file.write(f"lost==2.0 --hash=sha256:{HASH}\n")
    (folder / "SHA256SUMS.sig").unlink()
    seal(folder, ABOUT)
    problem = verify(folder)[0]
    assert (problem.code, problem.params["requirement"]) == ("release.wheel", "lost==2.0")


def test_a_manifest_from_the_future_is_refused_without_guessing(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"format": 2, "rest": "unknown"}')
    problem = verify(folder)[0]
    assert problem.code == "release.format"
    assert "format 2" in problem.message
    with pytest.raises(Refused) as refused:
        Release.read(folder)
    assert refused.value.code == "release.format"
    assert str(FORMAT) in refused.value.sentence


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}', "\x00\x01"])
def test_what_is_no_manifest_is_refused(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    assert codes(folder)[0] in {"release.manifest", "release.format"}


def test_a_folder_without_a_manifest_is_no_release(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["release.manifest"]


def test_sha256sum_checks_the_release(folder: Path) -> None:
    good = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert good.returncode == 0, good.stderr
    assert "manifest.json: OK" in good.stdout
    tamper(folder)
    bad = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert bad.returncode == 1
    assert "web/index.html: FAILED" in bad.stdout


def test_an_artifact_opens_to_the_folder_it_was_packed_from_and_only_once(folder: Path, tmp_path: Path) -> None:
    artifact = tmp_path / "a.tar.zst"
    archive.pack(folder, artifact, seconds=0)
    opened = open_artifact(artifact, tmp_path / "cache")
    assert verify(opened) == []
    stamp = (opened / "manifest.json").stat().st_mtime_ns
    assert open_artifact(artifact, tmp_path / "cache") == opened
    assert (opened / "manifest.json").stat().st_mtime_ns == stamp
    assert Release.read(artifact) == Release.read(folder)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [opened.name], "nothing half-done is left"


@pytest.mark.parametrize("cut", [0, 1, 50, -10])
def test_half_an_artifact_is_refused(folder: Path, tmp_path: Path, cut: int) -> None:
    artifact = tmp_path / "a.tar.zst"
    archive.pack(folder, artifact, seconds=0)
    artifact.write_bytes(artifact.read_bytes()[:cut])
    with pytest.raises(Refused) as refused:
        open_artifact(artifact, tmp_path / "cache")
    assert refused.value.code == "release.archive"
    assert list((tmp_path / "cache").iterdir()) == []


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


@pytest.mark.parametrize(
    "evil",
    [
        entry("../outside"),
        entry("/etc/outside"),
        entry("a/../../b"),
        entry("link", tarfile.SYMTYPE, "/etc/passwd"),
        entry("hard", tarfile.LNKTYPE, "x"),
        entry("pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda made: made.name,
)
def test_an_artifact_cannot_write_outside_its_folder(evil: tarfile.TarInfo, tmp_path: Path) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        tar.addfile(evil)
    artifact = tmp_path / "evil.tar.zst"
    artifact.write_bytes(zstandard.compress(raw.getvalue()))
    with pytest.raises(Refused) as refused:
        open_artifact(artifact, tmp_path / "cache")
    assert refused.value.code == "release.archive"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "evil.tar.zst"]


def test_checked_gives_every_reason_at_once(folder: Path) -> None:
    tamper(folder)
    add(folder)
    with pytest.raises(Refused) as refused:
        checked(folder, python_tag="cp312")
    assert {problem.code for problem in refused.value.problems} == {"release.tampered", "release.extra", "release.python"}
