"""A bare server becomes a host: user, folders, packages. Asked again, it changes only what is missing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import disk, environment, process
from .failures import Failed

if TYPE_CHECKING:
    from .context import Context

PACKAGES = {"systemd": (), "supervisord": ("supervisor",), "pm2": ("nodejs",), "podman": ("podman",), "docker": ("docker.io",)}
PROGRAMS = {"supervisor": "supervisord", "nodejs": "node", "docker.io": "docker", "openssh-client": "ssh-keygen"}
"""Where the program is not called as its package is."""
ALWAYS = ("nginx", "openssh-client", "openssl")


def prepare(context: Context, driver: str = "systemd", user: str = "comfytavern", packages: list[str] | None = None) -> dict[str, Any]:
    """Make the app's user, our folders, and install what is missing; returns {changed: […]}. Needs root."""
    if os.geteuid() != 0 and not context.paths.under:
        raise Failed("deploy.not_root", "A host is prepared by root.", "Log in as root, or as a user with sudo.")
    changed: list[str] = []
    lacks_pm2 = driver == "pm2" and process.which("pm2") is None
    _packages((*ALWAYS, *PACKAGES.get(driver, ()), *(("npm",) if lacks_pm2 else ()), *(packages or ())), changed, context)
    if lacks_pm2 and not context.paths.under:
        process.must(["npm", "install", "--global", "pm2"], "deploy.no_program", "PM2 cannot be installed", timeout_s=300)
        changed.append("pm2")
    account = environment.account(user)
    if account is None and os.geteuid() == 0:
        argv = [
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            context.paths.data,
            "--shell",
            "/usr/sbin/nologin",
            user,
        ]
        process.must(argv, "deploy.no_user", f"The user {user} cannot be made")
        changed.append("user " + user)
        account = environment.account(user)
    _folders(context, account, changed)
    _default_site(context, changed)
    return {"changed": changed, "user": user, "driver": driver}


def _packages(wanted: tuple[str, ...], changed: list[str], context: Context) -> None:
    missing = [name for name in wanted if process.which(PROGRAMS.get(name, name)) is None and not _installed(name)]
    if not missing or context.paths.under:
        return
    context.progress(0.1, "Installing {}".format(", ".join(missing)))
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    if process.which("apt-get") is None:
        raise Failed("deploy.no_program", "Missing: {}.".format(", ".join(missing)), "Install them with this system's own tool.")
    process.run(["apt-get", "update", "-q"], env=env, timeout_s=300)
    argv = ["apt-get", "install", "-yq", "--no-install-recommends", *missing]
    process.must(argv, "deploy.no_program", "Packages cannot be installed", "See /var/log/apt.", env=env, timeout_s=900)
    changed.extend("package " + name for name in missing)


def _installed(package: str) -> bool:
    return process.which("dpkg-query") is not None and process.run(["dpkg-query", "-W", package]).returncode == 0


def _folders(context: Context, account: Any, changed: list[str]) -> None:
    """Make the folders. Ours are root's; the app writes only to its data, reads the state and its own settings."""
    paths = context.paths
    ids = (account.pw_uid, account.pw_gid) if account else (os.geteuid(), os.getegid())
    root, group = os.geteuid(), ids[1]
    wanted = [
        *((path, 0o755, root, 0 if root == 0 else group) for path in (paths.root, paths.releases, paths.blobs, paths.tools)),
        (os.path.join(paths.root, "bin"), 0o755, root, 0 if root == 0 else group),
        (os.path.join(paths.root, "slots"), 0o755, root, 0 if root == 0 else group),
        (os.path.join(paths.root, "shared"), 0o755, root, 0 if root == 0 else group),
        (paths.assets, 0o755, root, 0 if root == 0 else group),
        (paths.incoming, 0o700, root, 0 if root == 0 else group),
        (paths.state, 0o750, root, group),
        (paths.steps, 0o700, root, 0 if root == 0 else group),
        (paths.data, 0o750, *ids),
        (paths.backups, 0o750, *ids),
        (paths.etc, 0o755, root, 0 if root == 0 else group),
        (paths.env, 0o750, root, group),
        (paths.run, 0o755, root, 0 if root == 0 else group),
        (paths.system("/var/log/comfytavern"), 0o750, *ids),
    ]
    for path, mode, uid, gid in wanted:
        if not os.path.isdir(path):
            os.makedirs(path)
            changed.append(path)
        found = os.stat(path)
        if found.st_mode & 0o7777 != mode:
            os.chmod(path, mode)
        if (found.st_uid, found.st_gid) != (uid, gid) and os.geteuid() == 0:
            os.chown(path, uid, gid)


def _default_site(context: Context, changed: list[str]) -> None:
    """Take Debian's welcome page away: it answers for every name on port 80."""
    path = context.paths.system("/etc/nginx/sites-enabled/default")
    if os.path.islink(path):
        os.unlink(path)
        disk.sync_folder(os.path.dirname(path))
        changed.append("nginx's welcome page")
