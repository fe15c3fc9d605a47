"""Throwing away, carefully: whatever may be needed to serve or to go back stays, whatever the numbers say."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

from . import assets, disk, image, releases
from .context import Context, load
from .failures import Failed

if TYPE_CHECKING:
    from .paths import Paths

STEPS_KEPT_S = 30 * 86400
BACKUPS_KEPT = 5


def gc(context: Context, keep: int = 5, never: list[str] | None = None) -> dict[str, Any]:
    """Keep the `keep` newest releases and everything that is in use; return {removed, kept, freed_bytes}.

    Never removed: what is current, the previous good one, what is in a slot, what `never` names. A release is renamed to <id>.gone
    first, so that power loss leaves none that looks whole.
    """
    paths, state = context.paths, load(context.paths)
    sacred = {state["current"], state["previous_good"], *(never or ())} | {slot["release"] for slot in state["slots"].values()}
    for link in (paths.current, *(paths.slot(slot) for slot in state["slots"])):
        if os.path.islink(link):
            sacred.add(os.path.basename(os.readlink(link)))
    newest = sorted(releases.installed(paths), key=lambda release: _installed_at(paths, release), reverse=True)
    kept = {release for number, release in enumerate(newest) if number < max(1, int(keep)) or release in sacred}
    removed = [release for release in newest if release not in kept]
    for release in removed:
        context.check_fence()
        os.rename(paths.release(release), paths.release(release) + ".gone")
    _sweep(paths, context)
    freed = _blobs(paths)
    assets.prune(paths)
    if state["driver"] in image.ENGINES:
        with contextlib.suppress(Failed):  # The releases are gone all the same; the next one that asks removes what is left.
            image.prune(paths, state["driver"], kept)
    _steps(paths)
    _backups(paths, max(BACKUPS_KEPT, int(keep)))
    return {"removed": sorted(removed), "kept": sorted(kept), "freed_bytes": freed}


def _installed_at(paths: Paths, release: str) -> str:
    about = disk.read_json(os.path.join(paths.release(release), "installed.json"))
    return about.get("at", "") if isinstance(about, dict) else ""


def _sweep(paths: Paths, context: Context) -> None:
    """Remove what is marked for it, and what was assembled for another deployment than the one that runs."""
    for name in os.listdir(paths.releases) if os.path.isdir(paths.releases) else []:
        if name.endswith((".gone", ".part")):
            context.progress(0.5, f"Removing {name}")
            disk.remove_tree(os.path.join(paths.releases, name))
    for name in os.listdir(paths.incoming) if os.path.isdir(paths.incoming) else []:
        path = os.path.join(paths.incoming, name)
        if time.time() - os.stat(path).st_mtime > 3600:
            os.unlink(path)


def _blobs(paths: Paths) -> int:
    """Remove the blobs no release links to and return their size. Fresh ones may be waiting for their `stage`."""
    freed = 0
    for folder, _, names in os.walk(paths.blobs):
        for name in names:
            path = os.path.join(folder, name)
            found = os.stat(path)
            if found.st_nlink == 1 and time.time() - found.st_ctime > 3600:
                freed += found.st_size
                os.unlink(path)
    return freed


def _steps(paths: Paths) -> None:
    for name in os.listdir(paths.steps) if os.path.isdir(paths.steps) else []:
        path = os.path.join(paths.steps, name)
        if time.time() - os.stat(path).st_mtime > STEPS_KEPT_S:
            os.unlink(path)


def _backups(paths: Paths, keep: int) -> None:
    """Keep the newest backups made by deployments; those made by people or timers have other names and are theirs to remove."""
    if not os.path.isdir(paths.backups):
        return
    ours = [os.path.join(paths.backups, name) for name in os.listdir(paths.backups) if name.startswith("dep_")]
    for path in sorted(ours, key=lambda each: os.stat(each).st_mtime)[:-keep]:
        disk.remove_tree(path)
