"""From blobs to a release: what arrives is whole or named, and nothing wrong is installed."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from comfytavern.deploy.agent import blobs, facts, install, releases, verify
from comfytavern.deploy.agent.failures import Failed
from tests.unit.agent.ground import WHEEL, Ground, packed, tar

NAME = "1.0.0+a"


def refused(code: str, done: object, *args: object) -> Failed:
    with pytest.raises(Failed) as failure:
        done(*args)  # type: ignore[operator] -- any function
    assert failure.value.code == code
    return failure.value


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# blobs


def test_only_what_is_missing_is_asked_for(ground: Ground) -> None:
    one, two = digest(b"one"), digest(b"two")
    assert blobs.want(ground.context(), [one, two]) == {"missing": [one, two]}
    assert blobs.receive(ground.context(stdin=packed(b"one"))) == {"received_bytes": 3, "blobs": 1}
    assert blobs.want(ground.context(), [one, two]) == {"missing": [two]}


def test_a_blob_that_differs_is_named_and_not_kept(ground: Ground) -> None:
    claimed = digest(b"what was meant")
    failure = refused("deploy.blob_damaged", blobs.receive, ground.context(stdin=tar({claimed: b"something else"})))
    assert failure.params["sha256"] == claimed
    assert blobs.want(ground.context(), [claimed])["missing"]
    assert list(Path(ground.paths.incoming).iterdir()) == []


def test_what_arrived_before_the_connection_broke_is_kept(ground: Ground) -> None:
    first, second = b"a" * 20_000, b"b" * 20_000
    refused("deploy.cut_off", blobs.receive, ground.context(stdin=packed(first, second)[:26_000]))
    assert blobs.want(ground.context(), [digest(first), digest(second)]) == {"missing": [digest(second)]}


@pytest.mark.parametrize("name", ["../../evil", "evil", "A" * 64])
def test_a_blob_has_the_name_of_its_content(ground: Ground, name: str) -> None:
    refused("deploy.bad_digest", blobs.receive, ground.context(stdin=tar({name: b"x"})))


# staging


def test_a_release_is_assembled_from_links_and_verified(ground: Ground) -> None:
    part = ground.staged(NAME)
    assert (part / "wheels/comfytavern-1-py3-none-any.whl").stat().st_nlink == 2
    assert verify.verify(ground.context(), NAME) == {"files": 4, "signed_by": None}
    assert releases.installed(ground.paths) == []


def test_a_file_that_has_not_arrived_is_named(ground: Ground) -> None:
    manifest = ground.sent(NAME)
    Path(ground.paths.blob(digest(WHEEL))).unlink()
    failure = refused("deploy.blob_missing", releases.stage, ground.context(), NAME, manifest)
    assert failure.params["file"] == "wheels/comfytavern-1-py3-none-any.whl"


@pytest.mark.parametrize("path", ["/etc/passwd", "../escape", "a/../../b", "a//b", "./a", "a\0b"])
def test_a_manifest_names_no_place_outside_the_release(ground: Ground, path: str) -> None:
    manifest = ground.sent(NAME, {path: b"x"})
    refused("deploy.bad_manifest", releases.stage, ground.context(), NAME, manifest)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".x", "x.part", "a b", "x" * 65])
def test_what_is_no_id_of_a_release_is_refused(ground: Ground, name: str) -> None:
    refused("deploy.bad_release", ground.paths.release, name)


def test_an_installed_release_is_left_alone_and_another_of_its_name_refused(ground: Ground) -> None:
    ground.installed(NAME)
    assert releases.stage(ground.context(), NAME, ground.sent(NAME))["already"]
    other = ground.sent(NAME, {**ground.files(NAME), "web/index.html": b"another page"})
    refused("deploy.release_differs", releases.stage, ground.context(), NAME, other)


def test_a_manifest_of_the_future_and_one_of_another_release_are_refused(ground: Ground) -> None:
    refused("deploy.manifest_format", releases.stage, ground.context(), NAME, ground.sent(NAME, format=2))
    refused("deploy.other_release", releases.stage, ground.context(), NAME, ground.sent("2.0.0"))


# verifying


def changed(file: Path) -> None:
    """Change a byte without changing what hard links share it."""
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.unlink()
    file.write_bytes(content)


@pytest.mark.parametrize("name", ["web/index.html", "requirements.txt", "wheels/comfytavern-1-py3-none-any.whl"])
def test_a_tampered_or_missing_file_is_named(ground: Ground, name: str) -> None:
    part = ground.staged(NAME)
    changed(part / name)
    assert refused("deploy.tampered", verify.verify, ground.context(), NAME).params["file"] == name
    (part / name).unlink()
    assert refused("deploy.missing_file", verify.verify, ground.context(), NAME).params["file"] == name


def test_a_release_for_another_python_is_refused_with_the_one_that_is_here(ground: Ground) -> None:
    ground.staged(NAME, python={"tag": "cp27"})
    failure = refused("deploy.wrong_python", verify.verify, ground.context(), NAME)
    assert (failure.params["wanted"], failure.params["found"]) == ("cp27", verify.tag_here())


def test_a_requirement_without_its_wheel_is_named(ground: Ground) -> None:
    wanted = f"numpy==2 --hash=sha256:{'0' * 64}\n".encode()
    files = ground.files(NAME)
    ground.staged(NAME, {**files, "requirements.txt": files["requirements.txt"] + wanted})
    assert refused("deploy.missing_wheel", verify.verify, ground.context(), NAME).params["wheel"] == "numpy==2"


def test_sums_that_disagree_with_the_manifest_are_refused(ground: Ground) -> None:
    part = ground.staged(NAME)
    rows = [f"{digest(path.read_bytes())}  {path.relative_to(part)}" for path in sorted(part.rglob("*")) if path.is_file()]
    sums = part / "SHA256SUMS"
    sums.write_text("\n".join(rows) + "\n")
    assert verify.verify(ground.context(), NAME)["files"] == 4
    sums.write_text("\n".join(row for row in rows if "index.html" not in row) + "\n")
    refused("deploy.sums_differ", verify.verify, ground.context(), NAME)
    sums.write_text("\n".join(row for row in rows if "manifest" not in row) + "\n")
    refused("deploy.sums_differ", verify.verify, ground.context(), NAME)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen on this box")
def test_a_host_that_trusts_a_key_takes_only_what_it_signed(ground: Ground, tmp_path: Path) -> None:
    for name in ("ours", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    public = " ".join((tmp_path / "ours.pub").read_text().split()[:2])
    Path(ground.paths.etc, "allowed_signers").write_text(f"release@example.org {public}\n")
    part = ground.staged(NAME)
    rows = [f"{digest(path.read_bytes())}  {path.relative_to(part)}" for path in sorted(part.rglob("*")) if path.is_file()]
    refused("deploy.unsigned", verify.verify, ground.context(), NAME)
    (part / "SHA256SUMS").write_text("\n".join(rows) + "\n")

    def sign(key: str) -> None:
        (part / "SHA256SUMS.sig").unlink(missing_ok=True)
        command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(tmp_path / key), "-n", verify.NAMESPACE, str(part / "SHA256SUMS")]
        subprocess.run(command, check=True, capture_output=True)

    sign("stranger")
    assert "does not know" in refused("deploy.bad_signature", verify.verify, ground.context(), NAME).sentence
    sign("ours")
    assert verify.verify(ground.context(), NAME)["signed_by"] == "release@example.org"
    (part / "SHA256SUMS").write_text("\n".join(rows) + "\n\n")
    assert "another SHA256SUMS" in refused("deploy.bad_signature", verify.verify, ground.context(), NAME).sentence


# installing


def test_what_is_not_staged_or_has_no_uv_is_not_installed(ground: Ground) -> None:
    refused("deploy.not_staged", install.install, ground.context(), NAME)
    ground.staged(NAME)
    assert refused("deploy.missing_wheel", install.install, ground.context(), NAME).params["wheel"] == "uv"
    assert releases.installed(ground.paths) == []


def test_an_installed_release_is_not_installed_again(ground: Ground) -> None:
    ground.installed(NAME)
    assert install.install(ground.context(), NAME)["already"]


def test_the_facts_of_a_host_name_its_releases_and_no_secret(ground: Ground) -> None:
    ground.installed(NAME)
    Path(ground.paths.env, "secrets.env").write_text("JWT_SECRET=hidden\n")
    said = facts.facts(ground.context())
    assert [each["id"] for each in said["releases"]] == [NAME]
    assert said["env_names"] == ["JWT_SECRET"]
    assert "hidden" not in str(said)
