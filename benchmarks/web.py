"""Measure the web app and print one line of JSON.

    open_ms, pan_fps, pan_fit_fps   the product's canvas and bare Vue Flow on the same graphs in the same run, by number of nodes
    initial_js_gzip_kb              JavaScript that a route loads before it can be used, compressed as the server sends it

Usage: python benchmarks/web.py [--sizes 200,500,1000,2000] [--repeats 3]

Needs Node, the packages of web/ (`npm ci`) and Chromium at /usr/bin/chromium.
"""

import argparse
import gzip
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
ROUTES = {"start": "HomePage", "editor": "EditorPage"}
"""Route -> the page module that its entry chunk is named after."""


def build(config: str, target: Path) -> None:
    """Build one of the two pages into `target`."""
    command = ["npx", "vite", "build", "--config", config, "--outDir", str(target), "--emptyOutDir", "--logLevel", "error"]
    subprocess.run(command, cwd=WEB, check=True, stdout=sys.stderr)


def initial_js_gzip_kb(dist: Path) -> dict[str, float]:
    """Return what each route loads: the entry of the page, its own chunk, and everything these import statically."""
    page = (dist / "index.html").read_text("utf-8")
    entry = {Path(name).name for name in re.findall(r'(?:src|href)="/?(assets/[^"]+\.js)"', page)}
    sizes: dict[str, float] = {}
    for route, module in ROUTES.items():
        own = {path.name for path in (dist / "assets").glob(f"{module}-*.js")}
        names = closure(dist / "assets", entry | own)
        sizes[route] = round(sum(len(gzip.compress((dist / "assets" / name).read_bytes(), 9)) for name in names) / 1024, 1)
    return sizes


def closure(assets: Path, names: set[str]) -> set[str]:
    """Follow static imports between chunks."""
    seen: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in seen or not (assets / name).is_file():
            continue
        seen.add(name)
        text = (assets / name).read_text("utf-8")
        pending += re.findall(r'(?:from|import)\s*["\'`]\./([\w.-]+\.js)["\'`]', text)
    return seen


def measure_canvas(dist: Path, sizes: str, repeats: int) -> dict[str, Any]:
    """Drive both canvases in one browser."""
    command = ["node", str(ROOT / "benchmarks" / "web" / "canvas.mjs"), str(dist), str(WEB), sizes, str(repeats)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)
    return json.loads(done.stdout)


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description="Measure the web app.")
    parser.add_argument("--sizes", default="200,500,1000,2000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-canvas", action="store_true", help="only the sizes of the routes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="comfytavern-web-") as folder:
        product = Path(folder) / "product"
        build("vite.config.ts", product)
        result: dict[str, Any] = {"initial_js_gzip_kb": initial_js_gzip_kb(product)}
        if not options.no_canvas:
            bench = Path(folder) / "bench"
            build("bench/vite.config.ts", bench)
            result = measure_canvas(bench, options.sizes, options.repeats) | result
    print(json.dumps(result))


if __name__ == "__main__":
    main()
