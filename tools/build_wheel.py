"""Build dist/comfytavern-VERSION-py3-none-any.whl with the built web app inside (`comfytavern/_web`), so that a host needs no Node."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(out: Path) -> Path:
    """Stage the package with web/dist inside, build there, and return the wheel's path. Needs `make web/dist/index.html` first.

    The stage is a folder of its own: a server that runs from the checkout must not see a half-copied web app.
    """
    built = ROOT / "web" / "dist"
    if not (built / "index.html").is_file():
        sys.exit("web/dist is missing: run `make build`, which builds the web app first.")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy2(ROOT / name, stage / name)
        shutil.copytree(ROOT / "src", stage / "src", ignore=shutil.ignore_patterns("__pycache__", "_web"))
        shutil.copytree(built, stage / "src" / "comfytavern" / "_web")
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out.resolve())], cwd=stage, check=True, stdout=2
        )
    return max(out.glob("comfytavern-*.whl"), key=lambda wheel: wheel.stat().st_mtime)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
