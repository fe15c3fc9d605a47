"""Base images as they are called in public, made here: no registry is asked, and the committed Dockerfiles build without a network.

Each is the lab's Debian (`base.py`) and what makes it useful: Python with a shelf of wheels from the hashed locks, Node with npm's cache,
nginx, PostgreSQL of this box. They are tar files in $COMFYTAVERN_LAB/bases, named after what they are made of, and imported by `engines.py`.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from comfytavern.deploy.build import wheelhouse
from comfytavern.deploy.release import cache_folder
from comfytavern.deploy.render.images import Bases
from tests.lab import base, ground

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = base.FOLDER / "bases"
LEFT_OUT: Final = (
    "./var/cache/*", "./var/lib/apt", "./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info", "./boot", "./dev/*",
    "./proc/*", "./sys/*", "./run/*", "./usr/lib/systemd/*", "*/.ssh", "./tmp/*",
)  # fmt: skip
PIP: Final = '#!/bin/sh\nPYTHONPATH=/usr/local/lib/pip exec /usr/local/bin/python -m pip "$@"\n'
INIT: Final = """#!/bin/bash
# What the public image does, as far as our compose file asks for it: a cluster with one user whose password is in a file.
set -eu
bin=/usr/lib/postgresql/15/bin
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" && chown -R postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    $bin/initdb -D "$PGDATA" -U "$POSTGRES_USER" -A scram-sha-256 --pwfile="$POSTGRES_PASSWORD_FILE" -E UTF8 --no-sync >/dev/null
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    $bin/pg_ctl -D "$PGDATA" -w -o "-c listen_addresses= -c unix_socket_directories=/tmp" start >/dev/null
    PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") $bin/psql -h /tmp -U "$POSTGRES_USER" -d postgres -c "CREATE DATABASE $POSTGRES_DB" >/dev/null
    $bin/pg_ctl -D "$PGDATA" -w stop >/dev/null
fi
exec $bin/postgres -D "$PGDATA" -c listen_addresses='*'
"""


def why_not(*engines: str) -> str | None:
    """Return why no image can be built and run on this box; `None` when it can."""
    if os.geteuid() != 0:
        return "containers need root here"
    if absent := [program for program in engines if shutil.which(program) is None]:
        return f"containers need {', '.join(absent)} (tools/containers.sh)"
    if not base.SYSTEM.is_dir():
        return f"the lab's Debian is not built in {base.FOLDER} (python -m tests.lab.base)"
    return None


def python() -> tuple[str, Path]:
    """Return the name of the Python image, and its tar file."""
    locks = [ROOT / "requirements" / name for name in ("run.txt", "image.txt")]
    return Bases().python, _made("python", locks, _python)


def node() -> tuple[str, Path]:
    """Return the name of the Node image, and its tar file."""
    return Bases().node, _made("node", [ROOT / "web" / "package-lock.json"], _node)


def nginx() -> tuple[str, Path]:
    """Return the name of the nginx image, and its tar file."""
    return Bases().nginx, _made("nginx", [], lambda _: None)


def postgres() -> tuple[str, Path]:
    """Return the name of the PostgreSQL image, and its tar file."""
    return Bases().postgres, _made("postgres", [], _postgres)


def _made(name: str, inputs: list[Path], fill: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256(Path(__file__).read_bytes() + b"".join(path.read_bytes() for path in inputs)).hexdigest()[:12]
    tar = FOLDER / f"{name}-{digest}.tar"
    if tar.exists():
        return tar
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob(f"{name}-*.tar"):
        old.unlink()
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        root, part = Path(folder) / "root", Path(folder) / "part.tar"
        root.mkdir(mode=0o755)
        ground.do("tar", "-C", str(base.SYSTEM), *(f"--exclude={pattern}" for pattern in LEFT_OUT), "-cf", str(part), ".", timeout_s=120)
        ground.do("tar", "-C", str(root), "-xpf", str(part), timeout_s=120)
        fill(root)
        ground.do("tar", "-C", str(root), "--numeric-owner", "-cf", str(part), ".", timeout_s=120)
        part.rename(tar)
    return tar


def _python(root: Path) -> None:
    local, shelf = root / "usr/local", root / "wheelhouse"
    for name in ("python", "python3"):
        (local / "bin" / name).symlink_to("/usr/bin/python3")
    _program(local / "bin" / "pip", PIP)
    wheel = next((base.SYSTEM / "usr/share/python-wheels").glob("pip-*.whl"))
    shutil.unpack_archive(wheel, local / "lib/pip", "zip")
    (root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheelhouse\ndisable-pip-version-check = true\n")
    shelf.mkdir()
    there = wheelhouse.Target()
    wanted = [pin for name in ("run.txt", "image.txt") for pin in wheelhouse.pins((ROOT / "requirements" / name).read_text(), there)]
    for path in wheelhouse.gather(wanted, there, cache_folder()).values():
        shutil.copyfile(path, shelf / path.name)


def _node(root: Path) -> None:
    local = root / "usr/local"
    program = shutil.which("node")
    assert program, "there is no Node on this box"
    shutil.copy2(Path(program).resolve(), local / "bin/node")
    npm = Path(ground.do("npm", "root", "--global").strip()) / "npm"
    shutil.copytree(npm, local / "lib/node_modules/npm", symlinks=True)
    for name in ("npm", "npx"):
        (local / "bin" / name).symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")
    (local / "etc/npmrc").write_text("offline=true\ncache=/npm-cache\nupdate-notifier=false\n")
    cache = Path(ground.do("npm", "config", "get", "cache").strip())
    shutil.copytree(cache / "_cacache", root / "npm-cache/_cacache")


def _postgres(root: Path) -> None:
    server = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
    assert server is not None, "there is no PostgreSQL on this box"
    assert server.parents[1].name == "15", "the compose file names PostgreSQL 15"
    shutil.copytree(server.parents[1], root / "usr/lib/postgresql/15", symlinks=True, ignore=shutil.ignore_patterns("bitcode", "pgxs"))
    shutil.copytree("/usr/share/postgresql/15", root / "usr/share/postgresql/15", ignore=shutil.ignore_patterns("man"))
    for library in _libraries(server.parent):
        target = root / "usr/lib/x86_64-linux-gnu" / Path(library).name
        if not target.exists():
            shutil.copy2(Path(library).resolve(), target)
    for name, line in (("passwd", "postgres:x:999:999::/var/lib/postgresql:/bin/bash\n"), ("group", "postgres:x:999:\n")):
        with (root / "etc" / name).open("a") as file:
            file.write(line)
    (root / "usr/local/bin/pg_isready").symlink_to("/usr/lib/postgresql/15/bin/pg_isready")
    _program(root / "usr/local/bin/docker-entrypoint.sh", INIT)


def _libraries(programs: Path) -> set[str]:
    said = "".join(ground.do("ldd", str(programs / name)) for name in ("postgres", "psql", "initdb", "pg_ctl", "pg_isready"))
    return {word for line in said.splitlines() for word in line.split() if word.startswith("/")}


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
