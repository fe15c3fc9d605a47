"""What a deployment keeps on this host: slots, releases, ledger. Read as the agent reads it, never written."""

from pathlib import Path
from typing import Any

from comfytavern.api.schemas.status import Deployed, InstalledRelease, LedgerEntry, SlotState
from comfytavern.deploy.agent import context, disk, ledger, releases
from comfytavern.deploy.agent.paths import Paths

LEDGER_MAX = 50


def deployed(root: Path | None) -> Deployed:
    """Return what is under `root`, the folder of an installation; None: there is no deployment. Blocks."""
    if root is None:
        return Deployed(deployed=False)
    paths = Paths(str(root))
    try:
        state = context.load(paths)
        entries = ledger.ledger(context.Context(paths, "ledger"), LEDGER_MAX)["items"]
        found = [_release(paths, name, state) for name in releases.installed(paths)]
    except OSError:
        return Deployed(deployed=True, problem="unreadable")
    return Deployed(
        deployed=True,
        driver=state["driver"],
        slots=[_slot(name, slot, state) for name, slot in state["slots"].items()],
        releases=sorted(found, key=lambda release: release.installed_at, reverse=True),
        ledger=[LedgerEntry.model_validate(entry) for entry in reversed(entries)],
    )


def _slot(name: str, slot: dict[str, Any], state: dict[str, Any]) -> SlotState:
    return SlotState(
        name=name,
        release=slot.get("release"),
        state=slot.get("state") or "empty",
        since=slot.get("since"),
        weight=round(state["weights"].get(name) or 0),
        active=name == state["active"],
    )


def _release(paths: Paths, name: str, state: dict[str, Any]) -> InstalledRelease:
    folder = Path(paths.release(name))
    manifest = disk.read_json(str(folder / "manifest.json"))
    about: dict[str, Any] = manifest if isinstance(manifest, dict) else {}
    return InstalledRelease(
        id=name,
        version=str(about.get("version", "")),
        level=about.get("schema", {}).get("level"),
        commit=str(about.get("git", "")),
        installed_at=folder.stat().st_mtime,  # pyright: ignore[reportArgumentType] -- Time takes seconds too
        current=name == state["current"],
        previous_good=name == state["previous_good"],
    )
