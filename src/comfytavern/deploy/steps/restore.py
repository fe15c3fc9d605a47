"""Steps of a way back that takes the data along: the gate, the database, and what served before."""

from collections.abc import Iterator

from comfytavern.deploy.facts import Facts, Gate
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Step
from comfytavern.deploy.steps import slots

END_S = 10.0
"""What runs when the gate is closed may end within so long; what it writes is thrown away anyway."""
STOP_S = 120.0


def close(host: str, id: str, about: dict[str, str | float]) -> Step:
    """Return the end of everything that could write on a host; clients are told to come back."""
    args = {"id": id, "about": about, "deadline_s": END_S}
    return Step(host=host, verb="gate_close", args=args, deadline_s=STOP_S, title="Close the gate (503) and stop everything")


def stop(host: str, id: str) -> Step:
    """Return the end of what runs behind the closed gate."""
    return Step(host=host, verb="gate_stop", args={"id": id, "deadline_s": END_S}, deadline_s=STOP_S, title="Stop everything")


def put(host: str, id: str, release: str, backup: str, spec: Spec) -> Step:
    """Return the restore itself, done by `release`."""
    args = {"release": release, "backup": backup, "id": id}
    return Step(host=host, verb="restore", args=args, deadline_s=spec.deadlines.migrate_s, title="Put the backup in place of the database")


def put_back(host: str, gate: Gate, spec: Spec) -> Step:
    """Return the way back of the database that was replaced."""
    args = {"release": gate.release, "id": gate.id}
    return Step(host=host, verb="put_back", args=args, deadline_s=spec.deadlines.migrate_s, title="Put the replaced database back")


def reopen(host: str, id: str) -> Step:
    """Return the opening of the gate."""
    return Step(host=host, verb="gate_open", args={"id": id}, title="Open the gate")


def clean(host: str, slot: str) -> Step:
    """Return the emptying of a slot in which nothing runs."""
    return Step(host=host, verb="abandon", args={"slot": slot}, deadline_s=60, title=f"Clean {slot}")


def wakes(host: str, facts: Facts, gate: Gate, spec: Spec) -> Iterator[Step]:
    """Yield what makes that serve again which served when the gate was closed, as soon as it is opened."""
    ready_s = spec.deadlines.ready_s
    if facts.switched:
        args = {"slot": gate.slot, "release": gate.release, "driver": spec.driver}
        yield clean(host, gate.slot)
        yield Step(host=host, verb="start_slot", args=args, deadline_s=ready_s, title=f"Start {gate.release} again")
    else:
        if facts.spare.state != "empty":
            yield clean(host, facts.idle)
        yield Step(host=host, verb="gate_back", args={"id": gate.id}, deadline_s=ready_s, title=f"Start {gate.release} again")
    args = {"slot": gate.slot, "times": 3, "deadline_s": ready_s}
    yield Step(host=host, verb="ready", args=args, deadline_s=ready_s + slots.MARGIN_S, title="Wait until it is ready")
    if facts.switched:
        yield Step(host=host, verb="switch", args={"slot": gate.slot, "release": gate.release}, title=f"Switch everybody to {gate.slot}")
        yield clean(host, "green" if gate.slot == "blue" else "blue")
