"""The host's configuration: written only where ours belongs, tried before it counts, put back when it is wrong."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any

from . import disk, environment, process
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context
    from .paths import Paths

OURS = (
    re.compile(r"/etc/comfytavern/.+"),
    re.compile(r"/etc/nginx/(conf\.d|sites-available|sites-enabled|snippets)/comfytavern[^/]*"),
    re.compile(r"/etc/systemd/system/comfytavern[^/]*(/[^/]+\.conf)?"),
    re.compile(r"/etc/(supervisor|supervisord)/(conf\.d/)?comfytavern[^/]*"),
    re.compile(r"/etc/(tmpfiles|logrotate|sysctl)\.d/comfytavern[^/]*"),
)


def put(context: Context, path: str, mode: int = 0o640, owner: str = "", sha256: str = "") -> dict[str, Any]:
    """Write what stands on stdin to `path` and return {changed}; `owner` is "user" or "user:group", `sha256` is checked when given."""
    content = context.stdin.read()
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise Failed("deploy.cut_off", f"What was sent for {path} is not whole.", "Send it again.")
    target = _allowed(context.paths, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    context.check_fence()
    if os.path.dirname(target) == context.paths.env:
        _keep(target, content)
    return {"changed": _write(target, content, mode, _ids(owner))}


def _keep(target: str, content: bytes) -> None:
    """Keep what stands in a settings file until the new one has proved good; of several attempts, what was there before the first."""
    before, beside = disk.read(target), target + environment.BEFORE
    if before is not None and before != content and not os.path.exists(beside):
        found = os.stat(target)
        disk.write(beside, before, found.st_mode & 0o7777, (found.st_uid, found.st_gid) if os.geteuid() == 0 else None)


def site(
    context: Context, files: dict[str, dict[str, Any]], driver: str = "systemd", certificate: str = "", key: str = ""
) -> dict[str, Any]:
    """Write the rendered `files` {path: {text, mode}}, try them, put the old ones back when nginx refuses; reload only what changed.

    A certificate that is another one than at the last reload counts as a change.
    """
    from .certificate import fingerprint

    paths = context.paths
    known_as, pair = os.path.join(paths.state, "site.json"), fingerprint(certificate, key)
    last = disk.read_json(known_as) or {}
    targets = {name: _allowed(paths, name) for name in files}
    before = {name: disk.read(target) for name, target in targets.items()}
    changed = []
    for name, entry in sorted(files.items()):
        os.makedirs(os.path.dirname(targets[name]), exist_ok=True)
        if _write(targets[name], str(entry["text"]).encode(), int(entry.get("mode", 0o644)), _ids(str(entry.get("owner", "")))):
            changed.append(name)
    renewed = last.get("pair") != pair
    if renewed or any(name.startswith("/etc/nginx/") for name in changed):
        _try_nginx(targets, before, changed)
    if any(name.startswith("/etc/systemd/") for name in changed) and not paths.under:
        process.must(["systemctl", "daemon-reload"], "deploy.systemd", "systemd does not read its units")
        _enable(files)
    if renewed or any(name.startswith("/etc/nginx/") for name in changed):
        _reload_nginx()
    known = {"files": sorted(files), "driver": driver, "certificate": certificate or None, "key": key or None, "pair": pair}
    disk.write_json(known_as, known)
    return {"changed": changed, "renewed": renewed, "sha256": digest({name: str(entry["text"]).encode() for name, entry in files.items()})}


def digest(files: dict[str, bytes]) -> str:
    """Return one hash over all files: SHA-256 of lines "<sha256>  <path>", sorted by path."""
    rows = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def _allowed(paths: Paths, path: str) -> str:
    """Return where `path` is; Failed `deploy.not_ours` for anything outside our own places, also through links and dots."""
    clean = os.path.normpath(path)
    inside = clean.startswith(paths.root + "/")
    target = clean if inside else paths.system(clean)
    real = os.path.realpath(os.path.dirname(target))
    expected = os.path.realpath(paths.root) if inside else os.path.realpath(paths.system("/etc"))
    if clean != path or not (inside or any(ours.fullmatch(clean) for ours in OURS)) or not (real + "/").startswith(expected + "/"):
        raise Failed("deploy.not_ours", f"{path} is not a place this agent writes to.", "See docs/operate for the list.", path=path)
    return target


def _ids(owner: str) -> tuple[int, int] | None:
    """Return the numbers of "user:group"; None when not root or nobody was named."""
    if not owner or os.geteuid() != 0:
        return None
    import grp
    import pwd

    user, _, group = owner.partition(":")
    try:
        found = pwd.getpwnam(user)
        return found.pw_uid, grp.getgrnam(group).gr_gid if group else found.pw_gid
    except KeyError:
        raise Failed("deploy.no_user", f"There is no {owner} on this host.", "`comfytavern deploy host prepare` makes it.") from None


def _write(target: str, content: bytes, mode: int, owner: tuple[int, int] | None) -> bool:
    if disk.read(target) == content:
        found = os.stat(target)
        if found.st_mode & 0o7777 == mode and (owner is None or (found.st_uid, found.st_gid) == owner):
            return False
    disk.write(target, content, mode, owner)
    return True


def _try_nginx(targets: dict[str, str], before: dict[str, bytes | None], changed: list[str]) -> None:
    """Ask nginx what it thinks of the new files; on a refusal all old ones come back, so that no later reload meets a bad one."""
    done = process.run(["nginx", "-t", "-q"])
    if done.returncode == 0:
        return
    for name in changed:
        old = before[name]
        if old is None:
            os.unlink(targets[name])
        else:
            disk.write(targets[name], old, os.stat(targets[name]).st_mode & 0o7777)
    said = done.stderr.decode("utf-8", "replace")
    why = next(
        (row.split("] ", 1)[-1] for row in said.splitlines() if "[emerg]" in row or "[error]" in row), process.last_line(done.stderr)
    )
    raise Failed("deploy.nginx_refused", f"nginx refuses the new configuration: {why}", "The old one is back and serves.", output=said)


def _enable(files: dict[str, Any]) -> None:
    """Let what starts us at boot be started at boot."""
    units = [
        os.path.basename(name) for name in files if name.startswith("/etc/systemd/system/") and "[Install]" in str(files[name]["text"])
    ]
    units = [unit for unit in units if "@." not in unit]
    if units:
        process.must(["systemctl", "enable", "--quiet", *units], "deploy.systemd", "systemd does not take our units")


def _reload_nginx() -> None:
    """Let nginx read its files; start it when it does not run. Connections are kept: old workers end theirs."""
    if process.run(["nginx", "-s", "reload"]).returncode == 0:
        return
    if os.path.isdir("/run/systemd/system"):
        process.must(["systemctl", "start", "nginx"], "deploy.nginx_down", "nginx does not start", "See `journalctl -u nginx`.")
    else:
        process.must(["nginx"], "deploy.nginx_down", "nginx does not start", "See its error log.")
