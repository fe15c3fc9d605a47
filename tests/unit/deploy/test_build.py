"""The parts of a build: what the lock says, what the wheels say, and the same bytes each time."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from comfytavern.deploy.build import archive, bytecode, sbom, service, source, web, wheelhouse
from comfytavern.deploy.build.wheel import changed
from comfytavern.deploy.build.wheelhouse import Pin, Target
from comfytavern.deploy.errors import DeployFailed, Refused

ROOT = Path(__file__).resolve().parents[3]
HASH = "a" * 64
LOCK = f"""# a comment
here==1.0 \\
    --hash=sha256:{HASH} \\
    --hash=sha256:{"b" * 64}
    # via something
windows==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:{HASH}
linux==3.0+local.1 ; sys_platform == 'linux' and python_version >= '3.11' \\
    --hash=sha256:{HASH}
"""


def small_wheel(folder: Path, name: str = "small", version: str = "1.0", **files: str) -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for place, text in {
            f"{name}/__init__.py": "A = {'x', 'y', 'z'}\n",
            **files,
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{about}/RECORD": "",
        }.items():
            wheel.writestr(zipfile.ZipInfo(place, (2020, 1, 1, 0, 0, 0)), text)
    return path


def test_the_lock_is_read_for_one_target() -> None:
    assert wheelhouse.pins(LOCK, Target()) == [
        Pin("here", "1.0", frozenset({HASH, "b" * 64})),
        Pin("linux", "3.0+local.1", frozenset({HASH})),
    ]


@pytest.mark.parametrize("line", ["loose>=1", "nohash==1.0", "-e .", f"git+ssh://x/y --hash=sha256:{HASH}"])
def test_a_line_that_is_not_pinned_is_refused(line: str) -> None:
    with pytest.raises(Refused) as refused:
        wheelhouse.pins(line + "\n", Target())
    assert refused.value.code == "build.lock"
    assert line[:9] in refused.value.sentence


def test_the_projects_own_lock_is_whole() -> None:
    pinned = {pin.name for pin in wheelhouse.pins((ROOT / "requirements" / "run.txt").read_text(), Target())}
    assert {"fastapi", "uvloop", "msgspec"} <= pinned
    assert "colorama" not in pinned, "it is for Windows"


@pytest.mark.parametrize(
    ("tag", "platform"), [("py3", "linux_x86_64"), ("cp311", "win_amd64"), ("cp27", "linux_x86_64"), ("cp311", "linux_riscv64")]
)
def test_a_target_that_cannot_be_is_refused(tag: str, platform: str) -> None:
    with pytest.raises(Refused) as refused:
        wheelhouse.target(tag, platform)
    assert refused.value.code == "build.target"


def test_a_cached_wheel_of_the_right_hash_needs_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    shelf = tmp_path / "wheels" / "cp311-linux_x86_64"
    shelf.mkdir(parents=True)
    wheel = small_wheel(shelf)
    assert wheelhouse.gather([Pin("small", "1.0", frozenset({archive.sha256(wheel)}))], Target(), tmp_path) == {"small": wheel}


def pip_asks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point pip at a folder alone, without a network."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def test_a_package_that_has_only_sources_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_asks(tmp_path, monkeypatch)
    (tmp_path / "old-thing-1.0.tar.gz").write_bytes(b"sources")
    with pytest.raises(Refused) as refused:
        wheelhouse.gather([Pin("old-thing", "1.0", frozenset({HASH}))], Target(), tmp_path / "cache")
    assert refused.value.code == "build.wheel"
    assert refused.value.params["package"] == "old-thing"
    assert "old-thing 1.0 has no wheel for cp311 on linux_x86_64" in refused.value.sentence


def test_a_wheel_with_another_hash_than_the_locks_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_asks(tmp_path, monkeypatch)
    small_wheel(tmp_path)
    with pytest.raises(DeployFailed) as failed:
        wheelhouse.gather([Pin("small", "1.0", frozenset({HASH}))], Target(), tmp_path / "cache")
    assert failed.value.code == "build.index"
    assert "hash" in failed.value.sentence.lower()
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_a_missing_wheel_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_asks(tmp_path, monkeypatch)
    wheel = small_wheel(tmp_path)
    pins = [Pin("small", "1.0", frozenset({archive.sha256(wheel)}))]
    first = wheelhouse.gather(pins, Target(), tmp_path / "cache")
    wheel.unlink()
    assert wheelhouse.gather(pins, Target(), tmp_path / "cache") == first


def test_bytecode_is_the_same_bytes_twice_and_is_used(tmp_path: Path) -> None:
    wheel = small_wheel(tmp_path, **{"small/deep/mod.py": "def f(): return {1.5, 'q', (1, 2)}\n", "small/broken.py": "print 'old'\n"})
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    made = [bytecode.wheel([wheel], tag, tmp_path / name) for name in "ab"]
    first, second = (path for path in made if path)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    home = tmp_path / "home"
    for path in (wheel, first):
        zipfile.ZipFile(path).extractall(home)
    (home / "small" / "__init__.py").write_text("A = 'the source was read'\n")
    done = subprocess.run(
        [sys.executable, "-c", "import small; print(sorted(small.A), small.__file__)"], cwd=home, capture_output=True, text=True
    )
    assert done.stdout.startswith("['x', 'y', 'z']"), "a pyc of a sealed release is not compared with its source"
    assert not list(home.rglob("broken*.pyc"))


def test_another_python_compiles_for_itself(tmp_path: Path) -> None:
    assert bytecode.wheel([small_wheel(tmp_path)], "cp39", tmp_path) is None


def test_a_changed_wheel_has_a_right_record(tmp_path: Path) -> None:
    wheel = small_wheel(tmp_path)
    changed(wheel, lambda folder: (folder / "small" / "new.py").write_text("B = 2\n") and None)
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or pytest.skip("uv is not here")
    subprocess.run([uv, "pip", "install", "-q", "--offline", "--no-index", "--no-cache", "--target", tmp_path / "home", wheel], check=True)
    rows = zipfile.ZipFile(wheel).read("small-1.0.dist-info/RECORD").decode().splitlines()
    assert {row.split(",")[0] for row in rows} == set(zipfile.ZipFile(wheel).namelist())
    assert all(row.split(",")[1].startswith("sha256=") for row in rows if "RECORD" not in row)
    assert (tmp_path / "home" / "small" / "new.py").is_file()


@pytest.mark.slow
def test_the_bill_of_materials_is_valid_and_the_same_twice(tmp_path: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    wheels = [small_wheel(tmp_path), small_wheel(tmp_path, "other", "2")]
    lock = ROOT / "web" / "package-lock.json"
    first, second = (sbom.bill("1.0+abc", "1.0", seconds=1_700_000_000, wheels=order, npm_lock=lock) for order in (wheels, wheels[::-1]))
    assert first == second
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(first.decode()) is None
    parts = {part["purl"]: part for part in msgspec.json.decode(first)["components"]}
    assert parts["pkg:pypi/small@1.0"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert parts["pkg:pypi/small@1.0"]["hashes"] == [{"alg": "SHA-256", "content": archive.sha256(wheels[0])}]
    vue = next(part for purl, part in parts.items() if purl.startswith("pkg:npm/vue@"))
    assert vue["hashes"][0]["alg"] == "SHA-512"
    assert vue["licenses"] == [{"license": {"id": "MIT"}}]
    assert not any(purl.startswith("pkg:npm/vitest@") for purl in parts), "tools are not shipped"


def test_a_folder_packs_to_the_same_bytes_whatever_its_dates_owners_and_order(tmp_path: Path) -> None:
    names = ["b/two", "a", "b/one"]
    for place, order in (("x", names), ("y", names[::-1])):
        for name in order:
            path = tmp_path / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(0o600 if place == "x" else 0o664)
            os.utime(path, (1, 1) if place == "x" else None)
        archive.pack(tmp_path / place, tmp_path / f"{place}.zst", seconds=1_700_000_000)
    assert (tmp_path / "x.zst").read_bytes() == (tmp_path / "y.zst").read_bytes()


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", ".hidden", "a" * 65, "ü"])
def test_a_bad_name_of_a_release_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        source.named(name)
    assert refused.value.code == "build.name"


NPM = """#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" != --outDir ] || { mkdir -p "$2" && WRITE; }; shift; done
"""


@pytest.mark.parametrize("write", ['echo page >"$2/index.html"', "true"], ids=["whole", "empty"])
def test_a_web_app_is_built_into_the_folder_that_was_named_from_wherever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    """`build --out dist/ci` put it below web/, where npm runs, and the release had none."""
    tools, root = tmp_path / "tools", tmp_path / "checkout"
    (root / "web" / "node_modules").mkdir(parents=True)
    (root / "web" / "node_modules" / ".package-lock.json").touch()
    tools.mkdir()
    (tools / "npm").write_text(NPM.replace("WRITE", write))
    (tools / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.chdir(root)
    if write == "true":
        with pytest.raises(DeployFailed, match=r"no index\.html") as raised:
            web.build(root, Path("dist/ci/web"), lambda _: None)
        assert raised.value.code == "build.web"
    else:
        web.build(root, Path("dist/ci/web"), lambda _: None)
        assert (root / "dist" / "ci" / "web" / "index.html").read_text() == "page\n"


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        source.look(tmp_path)
    assert refused.value.code == "build.checkout"


def test_a_checkout_this_program_does_not_run_from_is_refused(tmp_path: Path) -> None:
    (tmp_path / "src" / "comfytavern").mkdir(parents=True)
    (tmp_path / "src" / "comfytavern" / "__init__.py").write_text('__version__ = "9"\n')
    with pytest.raises(Refused) as refused:
        source.look(tmp_path)
    assert "does not run from" in refused.value.sentence


def test_this_checkout_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    found = source.look(ROOT)
    assert found.seconds == 1_700_000_000
    assert source.named(found.release).startswith(f"{found.version}+{found.commit[:7]}")


def test_a_release_with_a_cloud_brings_its_library_along_each_package_once() -> None:
    about = source.Source(root=ROOT, version="1", commit="c", seconds=0, dirty=False)
    bare = {pin.name for pin in service._pins(about, Target(), "run")}
    for extra, library in {"aws": "boto3", "azure": "azure-keyvault-secrets", "google": "grpcio"}.items():
        found = [pin.name for pin in service._pins(about, Target(), "run", extra)]
        assert library in set(found) - bare
        assert bare < set(found)
        assert len(found) == len(set(found))


def test_a_cloud_that_is_not_known_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        service.build(service.Wish(root=tmp_path, out=tmp_path / "dist", extras=("aws", "alibaba")), service.App())
    assert (refused.value.code, refused.value.hint) == ("build.extra", "Use one of aws, azure, google.")
    assert not (tmp_path / "dist").exists()
