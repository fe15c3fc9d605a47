"""Build dist/comfytavern-VERSION-py3-none-any.whl with the built web app inside (`comfytavern/_web`), so that a host needs no Node."""

import sys
from pathlib import Path

from comfytavern.deploy.build.wheel import wheel
from comfytavern.kernel.errors import Failure

ROOT = Path(__file__).resolve().parent.parent


def main(out: Path) -> Path:
    """Return the wheel's path. Needs `make web/dist/index.html` first."""
    built = ROOT / "web" / "dist"
    if not (built / "index.html").is_file():
        sys.exit("web/dist is missing: run `make build`, which builds the web app first.")
    try:
        return wheel(ROOT, out, web=built)
    except Failure as failure:
        sys.exit(f"{failure.sentence}\n{failure.hint}")


if __name__ == "__main__":
    print(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
