"""What is true of this host now. Cheap: files are read, no service manager and no app is started to ask its version."""

from __future__ import annotations

import os
import pwd
import sys
from typing import Any

from . import disk, gate, lock, releases
from .context import Context, load, now
from .paths import SLOTS, Paths


def facts(context: Context, kind: str = "all") -> dict[str, Any]:
    """Return everything a plan depends on; never a value of a secret. Kind `brief` is what a way back depends on."""
    paths = context.paths
    known = {
        "hostname": os.uname().nodename,
        "clock": now(),
        "state": load(paths),
        "releases": _releases(paths),
        "lock": lock.shown(paths),
        "gate": gate.shown(paths),
    }
    return known if kind == "brief" else {**known, **_more(context)}


def _more(context: Context) -> dict[str, Any]:
    from .verify import tag_here

    paths = context.paths
    there = os.statvfs(_existing(paths.root))
    site = _site(paths)
    return {
        "user": pwd.getpwuid(os.geteuid()).pw_name,
        "root": paths.root,
        "python": ".".join(map(str, sys.version_info[:3])),
        "python_tag": tag_here(),
        "arch": os.uname().machine,
        "cpus": os.cpu_count() or 1,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "disk_free_bytes": there.f_bavail * there.f_frsize,
        "nginx": _nginx(paths),
        "ipv6": _ipv6(),
        "managers": {"systemd": _systemd(paths), "supervisord": _supervisord(paths), "pm2": _pm2(), **_engines()},
        "agent": _agent(),
        "env_names": _env_names(paths),
        "certificate": _certificate(site),
        "site_sha256": _site_digest(paths, site),
        "migration": _migration(context),
    }


def _existing(path: str) -> str:
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def _first(*paths: str) -> str | None:
    return next((path for path in paths if os.path.exists(path)), None)


def _nginx(paths: Paths) -> str | None:
    return _first("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/bin/nginx", "/usr/bin/nginx")


def _ipv6() -> bool:
    """Tell whether this host can listen on [::], by doing what nginx will do; a kernel with IPv6 switched off has no such socket.

    With `net.ipv6.conf.all.disable_ipv6` alone there is one, and nginx starts: nobody reaches it, and nothing fails.
    """
    import socket

    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            tried.bind(("::", 0))
    except OSError:
        return False
    return True


def _systemd(paths: Paths) -> str | None:
    if not os.path.isdir("/run/systemd/system"):
        return None
    for folder in ("/usr/lib/systemd", "/lib/systemd", "/usr/lib/x86_64-linux-gnu/systemd"):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.startswith("libsystemd-shared-"):
                return name[len("libsystemd-shared-") : -len(".so")].rstrip(".")
    return "unknown"


def _supervisord(paths: Paths) -> str | None:
    if _first("/usr/bin/supervisord", "/usr/local/bin/supervisord") is None:
        return None
    content = disk.read("/usr/lib/python3/dist-packages/supervisor/version.txt")
    return content.decode().strip() if content else "unknown"


def _pm2() -> str | None:
    program = _first("/usr/bin/pm2", "/usr/local/bin/pm2")
    if program is None:
        return None
    about = disk.read_json(os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(program))), "package.json"))
    return about.get("version", "unknown") if isinstance(about, dict) else "unknown"


def _engines() -> dict[str, str | None]:
    """Tell which container engines are here; neither says its version in a file, and a docker whose daemon does not run is none."""
    podman, docker = (_first(f"/usr/bin/{engine}", f"/usr/local/bin/{engine}") for engine in ("podman", "docker"))
    listens = _first("/run/docker.sock", "/var/run/docker.sock")
    return {"podman": "unknown" if podman else None, "docker": "unknown" if docker and listens else None}


def _agent() -> str | None:
    """Return the SHA-256 of the file we run from; None when run from a folder."""
    import hashlib

    content = disk.read(sys.argv[0]) if sys.argv[0].endswith(".pyz") else None
    return None if content is None else hashlib.sha256(content).hexdigest()


def _releases(paths: Paths) -> list[dict[str, Any]]:
    good = {entry["release"] for entry in disk.lines(os.path.join(paths.state, "ledger.jsonl")) if entry.get("outcome") == "ok"}
    found = []
    for release in releases.installed(paths):
        about = disk.read_json(os.path.join(paths.release(release), "installed.json")) or {}
        found.append({"id": release, "installed_at": about.get("at"), "good": release in good, "schema": about.get("schema")})
    return sorted(found, key=lambda entry: (entry["installed_at"] or "", entry["id"]))


def _env_names(paths: Paths) -> list[str]:
    from . import environment

    names = set()
    for name in environment.FILES:
        names.update(environment.parse(disk.read(os.path.join(paths.env, name)) or b""))
    return sorted(names)


def _site(paths: Paths) -> dict[str, Any]:
    found = disk.read_json(os.path.join(paths.state, "site.json"))
    return found if isinstance(found, dict) else {}


def _site_digest(paths: Paths, site: dict[str, Any]) -> str | None:
    """Return one hash over the site's files as they are on disk now; render.site.digest makes the same from what it rendered.

    None when nginx has not read what is there: the certificate or its key was replaced.
    """
    from . import certificate
    from . import site as room

    names = site.get("files")
    if not names or certificate.fingerprint(site.get("certificate") or "", site.get("key") or "") != site.get("pair"):
        return None
    return room.digest({name: disk.read(paths.system(name)) or b"" for name in names})


def _certificate(site: dict[str, Any]) -> dict[str, Any] | None:
    from . import certificate

    return certificate.look(site.get("certificate") or "", site.get("key") or "")


def _migration(context: Context) -> dict[str, Any] | None:
    """Return the database's {level, contracted} as the serving slot knows it; None when nothing serves."""
    from . import http

    active = load(context.paths)["active"]
    for slot in SLOTS:
        if slot == active:
            try:
                found = http.get(context.paths.socket(slot), "/version", timeout_s=1.0).json()
            except (OSError, ValueError):
                return None
            return found.get("schema") if isinstance(found, dict) else None
    return None
