"""The wheel alone is the product: no Node, no checkout."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    done = subprocess.run([sys.executable, ROOT / "tools" / "build_wheel.py", out], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; the dependencies come from this one, the checkout does not."""
    home = tmp_path_factory.mktemp("host")
    venv.create(home / "venv", with_pip=False, symlinks=True)
    site = next((home / "venv" / "lib").glob("python3*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "dependencies.pth").write_text(f"import sys; sys.path.append({dependencies!r})\n")
    return home


@pytest.fixture
def served(installed: Path, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {"PATH": "/nonexistent", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    arguments = [installed / "venv" / "bin" / "python", "-m", "comfytavern", "serve", "--port", str(port), "--data-dir", tmp_path / "data"]
    with (tmp_path / "out.log").open("w+") as log:
        server = subprocess.Popen(arguments, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 30
            while True:
                try:
                    if httpx.get(f"http://127.0.0.1:{port}/ready").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                assert server.poll() is None, (tmp_path / "out.log").read_text()
                assert time.monotonic() < until, (tmp_path / "out.log").read_text()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=10) == 0


def test_the_wheel_is_the_same_bytes_twice(wheel: Path, tmp_path: Path) -> None:
    environment = dict(os.environ, SOURCE_DATE_EPOCH="1700000000")
    again = [
        subprocess.run(
            [sys.executable, ROOT / "tools" / "build_wheel.py", tmp_path / name],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in "ab"
    ]
    first, second = (Path(done.stdout.strip()).read_bytes() for done in again)
    assert first == second


def test_the_installed_wheel_serves_the_web_app_without_node(served: str) -> None:
    page = httpx.get(served + "/")
    assert page.status_code == 200
    script = re.search(r'src="(/assets/[^"]+\.js)"', page.text)
    assert script, page.text
    code = httpx.get(served + script[1])
    assert code.status_code == 200
    assert "immutable" in code.headers["cache-control"]
    assert httpx.get(served + "/p/prj_x/w/wfl_y").text == page.text, "deep links survive F5"
