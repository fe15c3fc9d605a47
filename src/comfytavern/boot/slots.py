"""The slots of this host as metrics: which release is in which, and how much of the traffic goes there."""

from pathlib import Path

from comfytavern.deploy.agent import context
from comfytavern.deploy.agent.paths import Paths

LABELS = ("slot", "release", "state")


def weights(root: Path | None) -> dict[tuple[str, ...], float]:
    """Return the share of each slot, from 0 to 100, by slot, release and state; nothing where nothing is deployed. Reads one file."""
    if root is None:
        return {}
    try:
        state = context.load(Paths(str(root)))
    except OSError:
        return {}
    return {
        (name, slot.get("release") or "", slot.get("state") or "empty"): float(state["weights"].get(name) or 0)
        for name, slot in state["slots"].items()
    }
