"""After the host came up: links first, then the processes that served before, by the same process manager."""

from __future__ import annotations

from typing import Any

from . import drivers, gate, switch
from .context import Context, driver_of, load
from .failures import Failed

SERVING = ("active", "warm", "draining")


def boot(context: Context) -> dict[str, Any]:
    """Make the links and start what was active or warm; returns {started, failed}. A slot that was only being started has failed.

    While the gate is closed nothing is started: whoever closed it goes on.
    """
    switch.restore_links(context)
    if gate.restored(context):
        return {"started": [], "failed": {}}
    state = load(context.paths)
    started, failed = [], {}
    for slot, known in sorted(state["slots"].items(), key=lambda item: item[0] != state["active"]):
        if known["release"] is None:
            continue
        if known["state"] not in SERVING and not state["weights"].get(slot):
            context.set_slot(slot, "failed")  # It runs no more: the next attempt must not take it for one that is ready.
            continue
        try:
            drivers.driver(driver_of(state, slot), context.paths).start(slot)
            started.append(slot)
        except Failed as failure:
            failed[slot] = failure.sentence
    return {"started": started, "failed": failed}
