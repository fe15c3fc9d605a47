"""What docker/web.sh makes of nginx's configuration in the image of the web app; nginx itself reads it."""

import os
import subprocess
from pathlib import Path

import pytest

from comfytavern.deploy.render.images import Images, render
from tests.golden.deploy.front import IPV6, NGINX, NO_IPV6
from tests.server import free_port

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="there is no nginx on this box (tools/services.sh)")
STANDIN = f'#!/bin/sh\n[ "$1" = -c ] || exit 9\nexec {NGINX} -t -q -c "$2" -e stderr -g "pid $2.pid;"\n'


def started(folder: Path, *, ipv6: bool) -> tuple[int, str]:
    """Run the image's start with nginx only trying what it is given; return the port and the configuration."""
    files = render(Images())
    (folder / "template").write_text(files["docker/nginx.conf"].replace("pid /tmp/nginx.pid;\n", "").replace("/tmp/", f"{folder}/"))
    if ipv6:
        (folder / "if_inet6").write_text("00000000000000000000000000000001 01 80 10 80 lo\n")
    places = {"/tmp/nginx.conf": "nginx.conf", "/opt/web/nginx.conf": "template", "/proc/net/if_inet6": "if_inet6"}
    text = files["docker/web.sh"]
    for place, name in places.items():
        assert place in text
        text = text.replace(place, str(folder / name))
    (folder / "web.sh").write_text(text)
    (folder / "bin").mkdir()
    (folder / "bin" / "nginx").write_text(STANDIN)
    (folder / "bin" / "nginx").chmod(0o755)
    port = free_port()
    env = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "PORT_FRONTEND": str(port), "TRUSTED_PROXIES": "10.0.0.0/8", "BACKEND": "app:3233"}
    done = subprocess.run(["/bin/sh", folder / "web.sh"], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return port, (folder / "nginx.conf").read_text()


def listens(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("listen ")]


@pytest.mark.skipif(not IPV6, reason=NO_IPV6)
def test_it_listens_on_ipv6_too(tmp_path: Path) -> None:
    """Bug: it listened on IPv4 only, so that it could not be reached in a cluster of IPv6."""
    port, text = started(tmp_path, ipv6=True)
    assert listens(text) == [f"listen {port};", f"listen [::]:{port};"]


def test_where_the_kernel_has_no_ipv6_it_listens_on_ipv4(tmp_path: Path) -> None:
    port, text = started(tmp_path, ipv6=False)
    assert listens(text) == [f"listen {port};"]
