"""What a failed attempt leaves besides its slot: settings that nobody has started well with, and a release that is half there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from . import disk, environment

if TYPE_CHECKING:
    from .context import Context
    from .paths import Paths


def tidy(context: Context) -> dict[str, Any]:
    """Put the settings of before back and remove what was only being assembled; returns {put_back, removed}."""
    context.check_fence()
    put_back = kept(context.paths)
    for path in put_back:
        os.rename(path + environment.BEFORE, path)
    if put_back:
        disk.sync_folder(context.paths.env)
    folder = context.paths.releases
    parts = [name for name in os.listdir(folder) if name.endswith(".part")] if os.path.isdir(folder) else []
    for name in parts:
        disk.remove_tree(os.path.join(folder, name))
    return {"put_back": [os.path.basename(path) for path in put_back], "removed": sorted(parts)}


def forget(paths: Paths) -> None:
    """Let the settings of now be those that a later attempt goes back to."""
    for path in kept(paths):
        os.unlink(path + environment.BEFORE)


def kept(paths: Paths) -> list[str]:
    """Return the settings files that differ from before."""
    names = [os.path.join(paths.env, name) for name in environment.FILES]
    return [path for path in names if os.path.exists(path + environment.BEFORE)]
