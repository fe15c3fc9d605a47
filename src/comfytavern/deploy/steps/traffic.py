"""Steps that move clients."""

from comfytavern.deploy.stage import Step, Turn

DRAIN_S = 5.0
"""How long a switch waits to see the old slot empty; it stays warm anyway, so what is left may take its time."""


def switch(turn: Turn, release: str) -> Step:
    """Return the move of everybody to the new slot."""
    return Step(host=turn.host, verb="switch", args={"slot": turn.slot, "release": release}, title=f"Switch everybody to {turn.slot}")


def weigh(turn: Turn, percent: int) -> Step:
    """Return the move of some users to the new slot; whoever is on it stays."""
    args = {"canary_slot": turn.slot, "percent": percent}
    return Step(host=turn.host, verb="setw", args=args, title=f"Move {percent} % of the users to {turn.slot}")


def drain(turn: Turn) -> tuple[Step, ...]:
    """Return the word to the old slot that its clients should move; nothing on a first install."""
    if turn.old_slot is None:
        return ()
    args = {"slot": turn.old_slot, "deadline_s": DRAIN_S}
    return (Step(host=turn.host, verb="drain", args=args, deadline_s=30, title=f"Let {turn.old_slot} finish"),)
