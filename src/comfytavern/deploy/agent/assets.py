"""The hashed files of earlier web apps: a page that was opened before a deploy still finds its chunks after it.

Hard links into one folder that nginx falls back to. Kept for every release that is installed; `gc` removes them with their release.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from . import releases

if TYPE_CHECKING:
    from .paths import Paths


def keep(paths: Paths, release: str) -> int:
    """Link the release's hashed files into shared/assets and return how many were new."""
    added = 0
    os.makedirs(paths.assets, exist_ok=True)
    for name, path in files(paths, release):
        target = os.path.join(paths.assets, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.link(path, target)
            added += 1
    return added


def prune(paths: Paths) -> int:
    """Remove the files that belong to no installed release and return how many."""
    wanted = {name for release in releases.installed(paths) for name, _ in files(paths, release)}
    removed = 0
    for folder, _, names in os.walk(paths.assets):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, paths.assets) not in wanted:
                os.unlink(path)
                removed += 1
    return removed


def files(paths: Paths, release: str) -> list[tuple[str, str]]:
    """Return name and path of each hashed file of the release."""
    base = os.path.join(paths.release(release), "web", "assets")
    found = []
    for folder, _, names in os.walk(base):
        found += [(os.path.relpath(os.path.join(folder, name), base), os.path.join(folder, name)) for name in names]
    return found
