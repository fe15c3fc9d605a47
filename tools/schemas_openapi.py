"""Write schemas/openapi.json from the routes; with --check, fail when it would change."""

import json
import sys
from pathlib import Path

from comfytavern import __version__
from comfytavern.api.app import create_routes
from comfytavern.api.openapi import openapi

TARGET = Path(__file__).resolve().parent.parent / "schemas" / "openapi.json"


def main() -> int:
    """Return the exit code."""
    text = json.dumps(openapi(create_routes(version=__version__)), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        return 0 if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
