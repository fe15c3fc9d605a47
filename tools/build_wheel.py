"""Build dist/comfytavern-VERSION-py3-none-any.whl with the built web app inside (`comfytavern/_web`), so that a host needs no Node."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(out: Path) -> Path:
    """Copy web/dist into the package, build, and return the wheel's path. Needs `make web/dist/index.html` first."""
    built, inside = ROOT / "web" / "dist", ROOT / "src" / "comfytavern" / "_web"
    if not (built / "index.html").is_file():
        sys.exit("web/dist is missing: run `make build`, which builds the web app first.")
    shutil.rmtree(inside, ignore_errors=True)
    shutil.copytree(built, inside)
    try:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=ROOT, check=True)
    finally:
        shutil.rmtree(inside)
    return max(out.glob("comfytavern-*.whl"), key=lambda wheel: wheel.stat().st_mtime)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
