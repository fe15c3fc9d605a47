"""Write examples/ from the examples that the package carries; with --check, fail when it would change."""

import json
import sys
from pathlib import Path

from comfytavern.nodes.examples import Example, load

FOLDER = Path(__file__).resolve().parent.parent / "examples"


def main() -> int:
    """Return the exit code."""
    files = {FOLDER / f"{example.id}.json": json.dumps(example.graph, ensure_ascii=False, indent=2) + "\n" for example in load()}
    files[FOLDER / "README.md"] = readme(load())
    if "--check" in sys.argv:
        strange = {path for path in FOLDER.glob("*") if path.is_file()} - files.keys()
        return int(bool(strange) or any(not path.is_file() or path.read_text(encoding="utf-8") != text for path, text in files.items()))
    FOLDER.mkdir(exist_ok=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return 0


def readme(examples: list[Example]) -> str:
    """Return the page about the folder."""
    lines = [
        "# Examples",
        "",
        "The workflows of the start page, as graph files. Each runs on the demo model, without a key:",
        "",
        "    comfytavern run examples/chat.json -i question='Why is the sky blue?'",
        "",
        "| File | What it shows | Inputs |",
        "|---|---|---|",
    ]
    for example in examples:
        inputs = ", ".join(f"`{port['id']}`" for port in example.graph["interface"]["inputs"])
        lines.append(f"| [{example.id}.json]({example.id}.json) | **{example.title}.** {example.description} | {inputs} |")
    lines += ["", "They are generated (`make schemas`) from `src/comfytavern/nodes/examples`, where their Chinese words are too."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
