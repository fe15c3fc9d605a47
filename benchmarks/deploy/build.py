"""Build twice, install once, and print one line of JSON.

    reproducible            whether wheel, artifact, bill of materials and manifest are the same bytes from two folders
    artifact_bytes          size of the artifact
    build_s                 a build with full caches, the web app built before; first_s is with whatever the caches held
    install_s               offline, from the artifact alone, by the agent: `cold` on a new host, `warm` for the next release
    second_deploy_share     bytes a host lacks of a release that differs in the application and the web app's version, of all its bytes

Usage: python benchmarks/deploy/build.py

Builds the last commit, with web/dist as it is. Where the lab's base image is (and for root), it installs in there without a network.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from comfytavern.deploy.agent.pack import pack
from comfytavern.deploy.build.archive import sha256
from comfytavern.deploy.release import Release, open_artifact, verify
from comfytavern.testing.releases import BROKEN, new_bytes, variant

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(os.environ.get("COMFYTAVERN_LAB", "/var/tmp/comfytavern-lab")) / "hostfs"


def build(source: Path, out: Path) -> tuple[Path, float]:
    """Return the artifact of a checkout and the seconds it took."""
    start = time.monotonic()
    command = [sys.executable, "-m", "comfytavern", "build", "--skip-web", "--out", str(out), "--json"]
    done = subprocess.run(
        command, cwd=source, env={**os.environ, "PYTHONPATH": str(source / "src")}, check=True, stdout=subprocess.PIPE, text=True
    )
    return Path(json.loads(done.stdout)["artifact"]), time.monotonic() - start


def clone(source: Path, folder: Path) -> Path:
    """Return a checkout of what is committed there."""
    subprocess.run(["git", "clone", "-q", str(source), str(folder)], check=True)
    shutil.copytree(source / "web" / "dist", folder / "web" / "dist")
    return folder


@contextmanager
def host(folder: Path) -> Iterator[tuple[Path, list[str], Path]]:
    """Yield a folder on a bare host, how to run something there without a network, and the folder's name there."""
    if os.geteuid() or not BASE.is_dir():
        (folder / "srv").mkdir()
        yield folder / "srv", ["env", "-i", "PATH=/usr/bin:/bin", f"HOME={folder}", str(Path(sys.executable).resolve())], folder / "srv"
        return
    up, work, root = (folder / name for name in ("up", "work", "root"))
    for each in (up, work, root):
        each.mkdir()
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={BASE},upperdir={up},workdir={work}", str(root)], check=True)
    try:
        (root / "srv" / "tavern").mkdir(parents=True)
        yield (
            root / "srv" / "tavern",
            ["unshare", "-n", "chroot", str(root), "/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "HOME=/root", "python3"],
            Path("/srv/tavern"),
        )
    finally:
        subprocess.run(["umount", str(root)], check=True)


def install(here: Path, run: list[str], there: Path, release: Path) -> float:
    """Return the seconds the agent takes to install a release whose files are there."""
    shutil.copytree(release, here / "releases" / f"{release.name}.part")
    (here / "ctd.pyz").write_bytes(pack())
    agent = [*run, "-IS", str(there / "ctd.pyz"), "--root", str(there)]
    fence = _answer([*agent, "lock_acquire", json.dumps({"owner": {}})])["fence"]
    os.sync()  # What lies around unwritten is not the installation's.
    done = _answer([*agent, "--fence", str(fence), "install", json.dumps({"release": release.name})])
    program = there / "releases" / release.name / ".venv" / "bin"
    subprocess.run([*run[:-1], str(program / "python"), str(program / "comfytavern"), "version"], check=True, stdout=subprocess.DEVNULL)
    return round(done["install_ms"] / 1000, 2)


def _answer(command: list[str]) -> dict[str, Any]:
    """Return what the agent answers."""
    said = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout
    answer = json.loads(said.splitlines()[-1])
    if not answer["ok"]:
        raise SystemExit(said)
    return answer["value"]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="comfytavern-build-", dir="/var/tmp") as name:
        folder = Path(name)
        one = clone(ROOT, folder / "one")
        first, first_s = build(one, folder / "a")
        second, again_s = build(clone(one, folder / "somewhere else"), folder / "b")
        opened = [open_artifact(path, folder / "opened" / path.parent.name) for path in (first, second)]
        wheels = [next((path / "wheels").glob("comfytavern-*.whl")) for path in opened]
        after = variant(opened[0], "9.9+next", BROKEN["slow_start"], out=folder)
        problems = [problem.message for path in (*opened, after) for problem in verify(path, python_tag="cp311")]
        with host(folder) as (here, run, there):
            cold = install(here, run, there, opened[0])
            warm = install(here, run, there, after)
        total = sum(file.size for file in Release.read(after).files.values())
        result = {
            "reproducible": {
                "wheel": sha256(wheels[0]) == sha256(wheels[1]),
                "tar": sha256(first) == sha256(second),
                "sbom": sha256(opened[0] / "sbom.cdx.json") == sha256(opened[1] / "sbom.cdx.json"),
                "manifest": sha256(opened[0] / "manifest.json") == sha256(opened[1] / "manifest.json"),
            },
            "artifact_bytes": first.stat().st_size,
            "build_s": round(again_s, 1),
            "first_s": round(first_s, 1),
            "install_s": {"cold": cold, "warm": warm, "bare_host": there != here},
            "second_deploy_share": round(new_bytes(after, opened[0]) / total, 5),
            "second_deploy_bytes": new_bytes(after, opened[0]),
            "problems": problems,
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
