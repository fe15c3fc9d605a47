"""What the machines of the lab are made of: a Debian with systemd, sshd, nginx, supervisord and PM2. Built once, about three minutes.

    python -m tests.lab.base            # needs root, Debian 12, an apt mirror and the npm registry

It lies in $COMFYTAVERN_LAB (/var/tmp/comfytavern-lab): `hostfs` is the system, `tools` a layer above it with Node, PM2 and the clients of
PostgreSQL, `containers` another one with podman and docker, `id` the key that may log in. Machines only ever read it; what they write goes to layers of their own.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

FOLDER: Final = Path(os.environ.get("COMFYTAVERN_LAB", "/var/tmp/comfytavern-lab"))
SYSTEM, TOOLS, CONTAINERS, KEY = FOLDER / "hostfs", FOLDER / "tools", FOLDER / "containers", FOLDER / "id"
PACKAGES: Final = (
    "python3,python3-venv,ca-certificates,openssh-server,systemd,systemd-sysv,dbus,nginx-light,supervisor,rsync,iproute2,"
    "procps,sudo,sqlite3,curl,libnss-myhostname"
)
ENGINES: Final = ("podman", "runc", "docker.io", "docker-registry")
LIMITS: Final = '[containers]\ndefault_ulimits = ["nofile=20000:20000", "nproc=8192:8192"]\n'
"""As many as a box may have that is a container itself; podman asks for more."""
PLAIN: Final = '[[registry]]\nlocation = "127.0.0.1:5000"\ninsecure = true\n'
"""A registry of the lab speaks HTTP."""
PM2_VERSION: Final = "pm2@6"
MIRROR: Final = re.compile(r"^ *\d+ (http\S*) bookworm/main", re.MULTILINE)


def build() -> None:
    """Build whatever is missing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not KEY.exists():
        _do("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(KEY))
    if not SYSTEM.is_dir():
        _build_whole(SYSTEM, _system)
    if not TOOLS.is_dir():
        _build_whole(TOOLS, _tools)
    if not CONTAINERS.is_dir():
        _build_whole(CONTAINERS, _containers)


def missing() -> list[str]:
    """Return which parts are not built."""
    return [path.name for path in (SYSTEM, TOOLS, CONTAINERS, KEY) if not path.exists()]


def _build_whole(place: Path, make: Callable[[Path], None]) -> None:
    """Build beside `place` and rename: a build that was interrupted leaves nothing that looks whole."""
    part = place.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    make(part)
    part.rename(place)


def _system(root: Path) -> None:
    found = MIRROR.search(_do("apt-cache", "policy", "bash"))
    if found is None:
        sys.exit("apt knows no Debian mirror: run `apt-get update` first.")
    _do("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root), found[1])
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (root / "etc/machine-id").write_text("")
    (root / "etc/nginx/sites-enabled/default").unlink(missing_ok=True)
    ssh = root / "root/.ssh"
    ssh.mkdir(mode=0o700, exist_ok=True)
    (ssh / "authorized_keys").write_text(KEY.with_suffix(".pub").read_text())
    (ssh / "authorized_keys").chmod(0o600)


def _tools(layer: Path) -> None:
    """Node as this box has it, PM2 from the registry, and what backs PostgreSQL up."""
    node = shutil.which("node")
    if node is None:
        sys.exit("Node is missing on this box; PM2 needs it.")
    local = layer / "usr/local"
    (local / "bin").mkdir(parents=True)
    shutil.copy2(Path(node).resolve(), local / "bin/node")
    _do("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--global", f"--prefix={local}", PM2_VERSION)
    with _mounted(layer, SYSTEM) as root:
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        _apt(root, "update", "-q")
        _apt(root, "install", "-yq", "--no-install-recommends", "postgresql-client")


def _containers(layer: Path) -> None:
    """Podman, and a docker that makes no network: containers have that of their machine, which has no rights to make others."""
    layer.mkdir()
    with _mounted(layer, TOOLS, SYSTEM) as root:
        _apt(root, "install", "-yq", "--no-install-recommends", *ENGINES)
        _apt(root, "clean")
        for unit in ("podman-auto-update.service", "podman-auto-update.timer", "docker-registry.service"):
            (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        no_network = {"bridge": "none", "iptables": False, "ip-masq": False, "ip-forward": False}
        (root / "etc/docker").mkdir(exist_ok=True)
        (root / "etc/docker/daemon.json").write_text(json.dumps(no_network))
        (root / "etc/containers/containers.conf").write_text(LIMITS)
        (root / "etc/containers/registries.conf.d/lab.conf").write_text(PLAIN)


def _apt(root: Path, *words: str) -> None:
    _do("chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *words)


@contextlib.contextmanager
def _mounted(layer: Path, *below: Path) -> Generator[Path]:
    """Show what is `below`, the uppermost first, with `layer` above it; what is written goes to `layer`."""
    work, shown = layer.with_suffix(".work"), layer.with_suffix(".shown")
    for folder in (work, shown):
        folder.mkdir(exist_ok=True)
    _do("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={':'.join(map(str, below))},upperdir={layer},workdir={work}", str(shown))
    try:
        yield shown
    finally:
        _do("umount", str(shown))
        shown.rmdir()
        shutil.rmtree(work)


def _do(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    build()
    sys.stdout.write(f"{FOLDER}\n")
