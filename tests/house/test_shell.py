"""Shell says a thing once: what two scripts need stands in a third. And what installs packages for the tests starts nothing."""

import itertools
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "src" / "comfytavern" / "deploy" / "render" / "templates"
SCRIPTS = sorted([*(ROOT / "tools").glob("*.sh"), *TEMPLATES.rglob("*.sh"), *TEMPLATES.rglob("*.sh.j2")])
SHARED_LINES = 5
"""More lines than this, one after the other in two scripts, are one thing said twice."""


def shared(one: list[str], other: list[str]) -> list[str]:
    """Return the longest run of lines that both have."""
    best: list[str] = []
    for start in range(len(one)):
        while len(best) < len(one) - start and contains(other, one[start : start + len(best) + 1]):
            best = one[start : start + len(best) + 1]
    return best


def contains(lines: list[str], run: list[str]) -> bool:
    return any(lines[at : at + len(run)] == run for at in range(len(lines) - len(run) + 1))


def lines(script: Path) -> list[str]:
    return [line.strip() for line in script.read_text(encoding="utf-8").splitlines() if line.strip()]


def test_a_run_of_the_same_lines_is_found() -> None:
    assert shared(["a", "b", "c", "d"], ["x", "b", "c", "y", "b"]) == ["b", "c"]
    assert shared(["a"], ["b"]) == []


def test_no_two_scripts_say_the_same() -> None:
    """Bug: two scripts had the same ten lines that keep Debian from starting services, two templates the same nine at their head."""
    assert len(SCRIPTS) > 20
    twice = {
        f"{one.name} and {other.name}": run
        for one, other in itertools.combinations(SCRIPTS, 2)
        if len(run := shared(lines(one), lines(other))) > SHARED_LINES
    }
    assert twice == {}


class Debian:
    """A box whose Debian is three stand-ins: nothing is installed, and `apt-get` writes down what it is told and whether services may start."""

    def __init__(self, folder: Path, user: int) -> None:
        self.log, self.policy, self.bin = folder / "log", folder / "policy-rc.d", folder / "bin"
        self.bin.mkdir()
        self.put("dpkg-query", "exit 1")
        self.put("id", f"echo {user}")
        self.put("promtool", "exit 0")
        self.put(
            "apt-get", f'echo "$DEBIAN_FRONTEND" "$@" >>{self.log}; "{self.policy}" >/dev/null 2>&1; echo "may start: $?" >>{self.log}'
        )

    def put(self, name: str, text: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.bin / name).chmod(0o755)

    def run(self, script: str, *words: str) -> "subprocess.CompletedProcess[str]":
        env = {"PATH": f"{self.bin}:{os.environ['PATH']}", "POLICY_RC_D": str(self.policy)}
        return subprocess.run([ROOT / "tools" / script, *words], env=env, cwd="/", capture_output=True, text=True, timeout=60, check=True)


SCRIPT = pytest.mark.parametrize(("script", "package"), [("services.sh", "supervisor"), ("containers.sh", "podman")])


@SCRIPT
def test_root_installs_what_is_missing_and_debian_starts_none_of_it(script: str, package: str, tmp_path: Path) -> None:
    debian = Debian(tmp_path, user=0)
    done = debian.run(script)
    assert done.stdout.startswith("Installing ")
    written = debian.log.read_text().splitlines()
    installs = [at for at, line in enumerate(written) if " install " in line and package in line]
    assert installs
    assert all(written[at].startswith("noninteractive ") and written[at + 1] == "may start: 101" for at in installs)
    assert not debian.policy.exists()


@SCRIPT
def test_a_policy_of_somebodys_own_stays(script: str, package: str, tmp_path: Path) -> None:
    debian = Debian(tmp_path, user=0)
    debian.policy.write_text("#!/bin/sh\nexit 104\n")
    debian.policy.chmod(0o755)
    debian.run(script)
    assert package in debian.log.read_text()
    assert "may start: 104" in debian.log.read_text()
    assert debian.policy.read_text() == "#!/bin/sh\nexit 104\n"


@SCRIPT
def test_who_may_not_install_is_told_how(script: str, package: str, tmp_path: Path) -> None:
    debian = Debian(tmp_path, user=1000)
    done = debian.run(script)
    assert "skipped without: apt-get install " in done.stderr
    assert package in done.stderr
    assert not debian.log.exists()
    assert not debian.policy.exists()


@SCRIPT
def test_nothing_is_done_when_all_is_there(script: str, package: str, tmp_path: Path) -> None:
    debian = Debian(tmp_path, user=0)
    debian.put("dpkg-query", "echo install ok installed")
    done = debian.run(script)
    assert (done.stdout, done.stderr) == ("", "")
    assert not debian.log.exists(), package
