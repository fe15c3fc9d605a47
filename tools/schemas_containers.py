"""Write Dockerfiles, .dockerignore, docker/ and the compose files from deploy/render; with --check, fail when they would change."""

import sys
from pathlib import Path

from comfytavern.deploy.render import compose, images

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Return the exit code."""
    made = images.render(images.Images()) | compose.render(compose.Box())
    if "--check" in sys.argv:
        late = [name for name, text in made.items() if not (ROOT / name).is_file() or (ROOT / name).read_text(encoding="utf-8") != text]
        print("\n".join(late))
        return int(bool(late))
    for name, text in made.items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(text, encoding="utf-8")
    for name in images.PROGRAMS:
        (ROOT / name).chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main())
