"""The app's environment on this host: files that root keeps, plus what belongs to the slot. Never on a command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import disk

if TYPE_CHECKING:
    from .context import Context
    from .paths import Paths

FILES = ("base.env", "secrets.env")
"""For both slots, in this order; then <slot>.env, which the agent writes."""


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
    found: dict[str, str] = {}
    for name in (*FILES, slot + ".env"):
        found.update(parse(disk.read(os.path.join(paths.env, name)) or b""))
    return found


def of_release(context: Context, release: str) -> dict[str, str]:
    """Return the environment in which `release` runs a command of its own, such as a migration."""
    found: dict[str, str] = {}
    for name in FILES:
        found.update(parse(disk.read(os.path.join(context.paths.env, name)) or b""))
    return {**found, **_ours(context.paths, release)}


def write(paths: Paths, slot: str, release: str) -> None:
    """Write <slot>.env: what the app must know of the place it runs in."""
    os.makedirs(paths.env, exist_ok=True)
    variables = {**_ours(paths, release), "COMFYTAVERN_SLOT": slot}
    content = "# Written by ctd when the slot is started; put your own settings into base.env and secrets.env.\n"
    content += "".join("{}={}\n".format(*item) for item in sorted(variables.items()))
    disk.write(os.path.join(paths.env, slot + ".env"), content.encode(), 0o640, _owner(paths))


def _ours(paths: Paths, release: str) -> dict[str, str]:
    return {"COMFYTAVERN_RELEASE": release, "COMFYTAVERN_DEPLOY_ROOT": paths.root, "DATA_DIR": paths.data}


def _owner(paths: Paths) -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    return 0, os.stat(paths.env).st_gid


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
