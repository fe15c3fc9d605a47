"""Of which kind a node of a run is: events name its path only."""

import re
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary

from comfytavern.engine.plan import Plan
from comfytavern.engine.runner import Run, Runner

OTHER: Final = "other"
"""The kind of nodes inside workflows that are called at run time, and of runs that are gone."""
_ROUND: Final = re.compile(r"\[[^\]/]*\]")


class Remembering(Runner):
    """A runner that remembers the plans of its runs for as long as they are there."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what a runner takes."""
        super().__init__(*args, **options)
        self._by_id: WeakValueDictionary[str, Run] = WeakValueDictionary()
        self._kinds: WeakKeyDictionary[Run, dict[str, str]] = WeakKeyDictionary()

    def start(self, plan: Plan, inputs: Mapping[str, Any] | None = None, **options: Any) -> Run:
        """Start a run (Runner.start)."""
        run = super().start(plan, inputs, **options)
        self._by_id[run.id], self._kinds[run] = run, {}
        return run

    def kind(self, run_id: str, path: str) -> str:
        """Return the id of the kind; `other` when it is not known."""
        run = self._by_id.get(run_id)
        if run is None:
            return OTHER
        place, known = _ROUND.sub("", path) if "[" in path else path, self._kinds[run]
        found = known.get(place)
        if found is None:
            found = known[place] = kind_at(run.plan, place)
        return found


def kind_at(plan: Plan, place: str) -> str:
    """Return the kind of the node at `place`, a path without the numbers of rounds and items."""
    if (i := plan.find(place)) is not None:
        return plan.shapes[i].kind.id
    end = place.find("/")
    while end > 0:
        i = plan.find(place[:end])
        if i is not None and i in plan.bodies:
            return kind_at(plan.bodies[i].plan, place[end + 1 :])
        end = place.find("/", end + 1)
    return OTHER
