"""Both halves with hot reload: the server restarts when Python changes, Vite reloads the page. Ctrl+C stops both."""

import signal
import subprocess
import sys
from pathlib import Path

from watchfiles import run_process

ROOT = Path(__file__).resolve().parent.parent


def serve() -> None:
    """Run the server in this process."""
    sys.argv = ["comfytavern", "serve"]
    from comfytavern.cli.main import main  # noqa: PLC0415 -- imported in the child, so that a reload sees new code

    main()


def main() -> None:
    """Start Vite beside a watched server, and stop it when the server's watcher ends."""
    print("Web app with hot reload: http://localhost:5573")
    web = subprocess.Popen(["npm", "run", "--silent", "dev"], cwd=ROOT / "web")
    try:
        run_process(ROOT / "src", target=serve, sigint_timeout=5)
    finally:
        web.send_signal(signal.SIGINT)
        web.wait(timeout=5)


if __name__ == "__main__":
    main()
