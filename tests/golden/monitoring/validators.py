"""What reads rules, metrics and a dashboard for a living: promtool; and for the dashboard, which only Grafana itself reads, rules of our own.

Each returns findings as sentences, none for a good file.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

PROMTOOL: Final = shutil.which("promtool")
WHY: Final = "there is no promtool on this box (tools/services.sh)"
SOURCE: Final = "${datasource}"
UNITS: Final = {"none", "reqps", "ops", "s", "bytes", "percent", "percentunit", "currencyUSD", "dateTimeAsIso"}
NAME: Final = re.compile(r"\b(?:comfytavern(?::[a-z0-9_]+)+|comfytavern_[a-z0-9_]+)\b")


def promtool(*arguments: str, text: str | None = None, cwd: Path | None = None) -> list[str]:
    """Return what promtool says against something."""
    assert PROMTOOL, WHY
    done = subprocess.run([PROMTOOL, *arguments], input=text, capture_output=True, text=True, timeout=60, cwd=cwd)
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return (said or ["it is refused"]) if done.returncode else []


def check_rules(text: str, folder: Path) -> list[str]:
    """Return what is wrong with a rules file."""
    file = folder / "rules.yml"
    file.write_text(text)
    return promtool("check", "rules", "--lint=all", "--lint-fatal", str(file))


def names(text: str) -> set[str]:
    """Return every metric and recorded number that a text names."""
    return set(NAME.findall(text))


def strangers(text: str, exported: set[str], recorded: set[str]) -> list[str]:
    """Return the names in a text that nobody exports or records."""
    parts = {f"{name}{end}" for name in exported for end in ("", "_bucket", "_sum", "_count")}
    return sorted(f"{name} is not exported" for name in names(text) - parts - recorded)


def check_dashboard(board: dict[str, Any], folder: Path) -> list[str]:
    """Return what is wrong with a dashboard: places, ids, units, sources, and every expression as promtool reads it."""
    panels = board["panels"]
    found = [f"panel {each['id']} is there twice" for each in panels if [one["id"] for one in panels].count(each["id"]) > 1]
    found += _overlaps(panels)
    marks_of_time = [each for each in board["annotations"]["list"] if "expr" in each]
    found += [f"{each['name']}: it reads from a source of its own" for each in marks_of_time if each["datasource"]["uid"] != SOURCE]
    expressions: list[str] = [each["expr"] for each in marks_of_time]
    for panel in (panel for panel in panels if panel["type"] != "row"):
        title = panel["title"]
        if panel["fieldConfig"]["defaults"]["unit"] not in UNITS:
            found.append(f"{title}: no such unit")
        if panel["datasource"]["uid"] != SOURCE or any(one["datasource"]["uid"] != SOURCE for one in panel["targets"]):
            found.append(f"{title}: it reads from a source of its own")
        marks = [target["refId"] for target in panel["targets"]]
        if len(set(marks)) != len(marks) or not marks:
            found.append(f"{title}: its lines have no names of their own")
        expressions += [target["expr"] for target in panel["targets"]]
    rules = [{"record": f"x:x{at}", "expr": expr} for at, expr in enumerate(expressions)]
    file = folder / "expressions.yml"
    file.write_text(json.dumps({"groups": [{"name": "x", "rules": rules}]}))
    return found + promtool("check", "rules", str(file))


def _overlaps(panels: list[dict[str, Any]]) -> list[str]:
    taken: dict[tuple[int, int], str] = {}
    found = []
    for panel in panels:
        at = panel["gridPos"]
        if at["x"] + at["w"] > 24:
            found.append(f"{panel['title']} is beside the page")
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            if cell in taken:
                found.append(f"{panel['title']} lies over {taken[cell]}")
                break
            taken[cell] = panel["title"]
    return found
