"""The app's environment on this host: files that root keeps, plus what belongs to the slot. Never on a command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import disk

if TYPE_CHECKING:
    from .context import Context
    from .paths import Paths

FILES = ("base.env", "secrets.env")
"""What the next start of a slot takes, in this order. A slot keeps what it was started with, in <slot>.env."""
SECRET = b"# Secret: "
"""Begins the line of <slot>.env that names what came from secrets.env: what may be shown depends on it."""
BEFORE = ".before"
"""Beside a file that a deployment has changed: what was there at the end of the last good one."""


def parse(content: bytes) -> dict[str, str]:
    """Return the variables of an environment file as systemd reads it: NAME=value, # comments, quotes around the whole value."""
    found = {}
    for row in content.decode("utf-8", "replace").splitlines():
        name, equals, value = row.strip().partition("=")
        if not equals or name[:1] in "#;" or not name.replace("_", "").isalnum():
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[name] = value
    return found


def of_slot(paths: Paths, slot: str) -> dict[str, str]:
    """Return the environment in which `slot` runs."""
    return parse(disk.read(os.path.join(paths.env, slot + ".env")) or b"")


def secrets_of(paths: Paths, slot: str) -> set[str]:
    """Return which variables of the slot came from secrets.env."""
    rows = (disk.read(os.path.join(paths.env, slot + ".env")) or b"").splitlines()
    return {name for row in rows if row.startswith(SECRET) for name in row[len(SECRET) :].decode().split()}


def of_release(context: Context, release: str) -> dict[str, str]:
    """Return the environment in which `release` runs a command of its own, such as a migration."""
    found: dict[str, str] = {}
    for name in FILES:
        found.update(parse(disk.read(os.path.join(context.paths.env, name)) or b""))
    return {**found, **_ours(context.paths, release)}


def write(paths: Paths, slot: str, release: str) -> None:
    """Write <slot>.env: the settings and secrets of now, and what the app must know of the place it runs in; only root reads it.

    The slot is restarted with these, after a crash or at boot, whatever a later deployment brings.
    """
    os.makedirs(paths.env, exist_ok=True)
    variables = {**_ours(paths, release), "COMFYTAVERN_SLOT": slot}
    contents = [disk.read(os.path.join(paths.env, name)) or b"" for name in FILES]
    pieces = [b"# Written by ctd when the slot was started, from base.env and secrets.env: change those, and deploy."]
    pieces += [SECRET + " ".join(sorted(parse(contents[1]))).encode(), *contents]
    pieces += ["{}={}".format(*item).encode() for item in sorted(variables.items())]
    disk.write(os.path.join(paths.env, slot + ".env"), b"\n".join(pieces) + b"\n", 0o600)


def _ours(paths: Paths, release: str) -> dict[str, str]:
    return {"COMFYTAVERN_RELEASE": release, "COMFYTAVERN_DEPLOY_ROOT": paths.root, "DATA_DIR": paths.data}


def user_of(paths: Paths) -> str:
    """Return the user the app runs as: who owns its data."""
    import pwd

    try:
        return pwd.getpwuid(os.stat(paths.data).st_uid).pw_name
    except (OSError, KeyError):
        return "comfytavern"


def account(name: str) -> Any:
    """Return the passwd entry of `name`; None when there is no such user."""
    import pwd

    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
