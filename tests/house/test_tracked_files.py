"""What may not stand in a tracked file, and what must."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

REGISTRY = re.compile(r'"resolved":\s*"http|://[a-z0-9.-]*(?:npm' + r"js|pypi|python" + r"hosted|debian)[a-z0-9.-]*/", re.IGNORECASE)
MACHINE = re.compile(r"(?:^|[^A-Za-z])/(?:w[o]rk|r[o]ot)/[a-z.]")


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def offending(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if pattern.search(text):
            found.append(path.relative_to(ROOT).as_posix())
    return found


def test_no_tracked_file_names_a_package_registry() -> None:
    assert not offending(REGISTRY)


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    assert not offending(MACHINE)


def test_nothing_is_left_half_done() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XXX)\b|Not" + r"ImplementedError|coming" + r" soon", re.IGNORECASE)
    inside = [name for name in offending(marks) if name.startswith(("src/", "web/src/"))]
    assert not inside


def test_ci_is_the_readmes_test_command_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "exec make test"
    assert lines[:-1] == ["set -euo pipefail", 'cd "$(dirname "$0")/.."']
    for readme in ("README.md", "README.zh-CN.md"):
        text = (ROOT / readme).read_text()
        assert "make run" in text
        assert "make test" in text
        assert text.index("make run") < text.index("make test")


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [one for extra in project["project"]["optional-dependencies"].values() for one in extra]
    names = {re.split(r"[\[<>=~! ]", requirement, maxsplit=1)[0] for requirement in wanted}
    documented = set(re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE))
    assert not names - documented, "no reason in docs/dependencies.md"
    package = __import__("json").loads((ROOT / "web" / "package.json").read_text())
    web = {*package.get("dependencies", {}), *package.get("devDependencies", {})}
    assert not web - documented, "no reason in docs/dependencies.md"
    assert not documented - names - web, "documented, but not a dependency"


def test_every_change_has_a_news_fragment() -> None:
    fragments = [path for path in (ROOT / "changes").glob("*.md") if path.name != "README.md"]
    assert fragments
    assert all(path.read_text().strip() for path in fragments)


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in tracked():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text()):
            if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)} -> {target}")
    assert not broken
