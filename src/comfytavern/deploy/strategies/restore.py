"""Back to an earlier release and its data: nobody gets in meanwhile, and nothing is thrown away. Pure.

    way_back(fleet, answers, deploy, release, backup) -> Way     which release and which backup, or a refusal
    restoring(spec, fleet, known, way) -> Plan                   site, close, restore, start, switch, open
    going_back(spec, fleet, known, note) -> Plan | None          the database that was there serves again; None when it is too late

No stage is undone by the runner: a failure is answered with `going_back`, made from what is true then. An attempt that was killed
leaves closed gates, which say everything; asked again, `restoring` goes on from there.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from comfytavern.deploy.errors import Refused
from comfytavern.deploy.facts import Facts, Gate, Slot
from comfytavern.deploy.plan import Fleet, Known, new_plan
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Phase, Plan, Step, Turn, stage
from comfytavern.deploy.steps import configure, slots, traffic
from comfytavern.deploy.steps import restore as steps

Answers = Mapping[str, Mapping[str, Any]]
"""By host, what its agent says to `backups`: {items, ledger}."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Where a way back leads."""

    id: str
    """The attempt that closes the gates, or has closed them."""
    target: str
    serving: str
    """The release that serves, or served when the gates were closed."""
    host: str
    """The host with the backup."""
    backup: str
    """Its folder there."""
    backup_id: str
    taken_at: float

    @property
    def taken(self) -> str:
        """When the backup was made, for people."""
        return datetime.fromtimestamp(self.taken_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def way_back(fleet: Fleet, answers: Answers, deploy: str, release: str = "", backup: str = "") -> Way:
    """Return the way to `release` and `backup`, by default those from before the release that serves was deployed.

    Closed gates have decided that already. Raises `Refused`: `deploy.closed`, `deploy.no_backup`, `deploy.no_way_back`, `deploy.schema`.
    """
    if closed := next((facts.gate for facts in fleet.values() if facts.gate), None):
        return _begun(closed, release, backup)
    serving = sorted({facts.active or "nothing" for facts in fleet.values()})
    if len(serving) > 1 or serving == ["nothing"]:
        said = f"The hosts serve {' and '.join(serving)}; the way back is from one release."
        raise Refused("deploy.no_way_back", said, hint="Run `deploy resume`, or `deploy apply` with the release that shall serve.")
    entry = _deployed(answers, serving[0])
    host, found = _chosen(answers, entry, backup)
    target = release or str(entry.get("previous") or "")
    if not target or not all(facts.has(target) for facts in fleet.values()):
        said = f"{target or 'The release before this one'} is not on every host."
        raise Refused("deploy.no_way_back", said, hint="Name one that is: see `deploy status`.")
    _fits(fleet, target, found)
    return Way(
        id=deploy,
        target=target,
        serving=serving[0],
        host=host,
        backup=str(found["path"]),
        backup_id=str(found["id"]),
        taken_at=float(found["created_at"]),
    )


def restoring(spec: Spec, fleet: Fleet, known: Known, way: Way) -> Plan:
    """Return what leads to the way's end from here, whatever of it was done before."""
    about = {"target": way.target, "backup": way.backup, "backup_id": way.backup_id, "taken_at": way.taken_at, "host": way.host}
    sites = (step for host, facts in fleet.items() for step in configure.site(host, facts, spec, known.sites))
    opened = _opened(fleet)
    left = {host: facts for host, facts in fleet.items() if facts.gate or not opened}
    moving = {host: facts for host, facts in left.items() if not facts.switched}
    starts = (step for host, facts in moving.items() for step in slots.starts(host, _emptied(facts), way.target, spec, fresh=True))
    moves = (step for host, facts in left.items() for step in _moves(host, facts, way))
    note = f"rollback, data of {way.backup_id}"
    args = {"release": way.target, "deploy": known.deploy, "outcome": "ok", "note": note}
    commits = (Step(host=host, verb="commit", args=args, title="Write it down") for host in left)
    closes = () if opened else (steps.close(host, way.id, about) for host in fleet)
    put = () if opened else (steps.put(way.host, way.id, way.serving, way.backup, spec),)
    stages = (
        *stage("site", "Teach nginx the gate", Phase.SETTLE, sites),
        *stage("close", "Close the gate", Phase.SETTLE, closes),
        *stage("restore", "Replace the database; the replaced one is kept", Phase.SETTLE, put),
        *stage("start", f"Start {way.target} on it", Phase.SETTLE, starts),
        *stage("switch", "Switch", Phase.SETTLE, moves),
        *stage("settle", "Write it down", Phase.SETTLE, commits),
        *stage("open", "Open the gate", Phase.SETTLE, (steps.reopen(host, way.id) for host in fleet if host != way.host)),
        *stage("open-last", "Open the last gate", Phase.SETTLE, [steps.reopen(way.host, way.id)]),
    )
    notes = (f"The data goes back to {way.taken} (backup {way.backup_id} on {way.host}); until it is there, nobody gets in.",)
    return new_plan("restore", way.target, spec, fleet, known, stages=stages, notes=notes)


def going_back(spec: Spec, fleet: Fleet, known: Known, note: str = "resume") -> Plan | None:
    """Return what puts the replaced database back and makes the old release serve it again.

    None when it is too late, because somebody was let in on the restored data, or when the host with the database is not in `fleet`.
    """
    closed: dict[str, tuple[Facts, Gate]] = {host: (facts, facts.gate) for host, facts in fleet.items() if facts.gate}
    if not closed:
        return new_plan("restore undone", "", spec, fleet, known, notes=("No gate is closed: nothing to do.",))
    _, gate = next(iter(closed.values()))
    if gate.host not in fleet or _opened(fleet):
        return None
    begun = [(host, each) for host, (_, each) in closed.items() if each.restoring or each.aside is not None]
    written = (step for host, (facts, each) in closed.items() for step in _undone(host, facts, each, known.deploy, note))
    wakes = (step for host, (facts, each) in closed.items() for step in steps.wakes(host, facts, each, spec))
    stages = (
        *stage("undo-stop", "Stop everything", Phase.SETTLE, (steps.stop(host, gate.id) for host in closed)),
        *stage("undo-restore", "Put the replaced database back", Phase.SETTLE, (steps.put_back(host, each, spec) for host, each in begun)),
        *stage("undo-start", f"Start {gate.release} again", Phase.SETTLE, wakes),
        *stage("undo-settle", "Write it down", Phase.SETTLE, written),
        *stage("undo-open", "Open the gate", Phase.SETTLE, (steps.reopen(host, gate.id) for host in closed)),
    )
    return new_plan("restore undone", gate.release, spec, fleet, known, stages=stages)


def forward(fleet: Fleet) -> bool:
    """Tell whether an attempt that was killed has come so far that the way is forward: everybody is switched."""
    return _opened(fleet) or all(facts.switched for facts in fleet.values() if facts.gate)


def _opened(fleet: Fleet) -> bool:
    """Tell whether some host was opened again on restored data: the gate of the host that has restored it is always the last."""
    last = next((facts.gate for host, facts in fleet.items() if facts.gate and facts.gate.host == host), None)
    return last is not None and last.aside is not None and any(facts.gate is None for facts in fleet.values())


def _begun(gate: Gate, release: str, backup: str) -> Way:
    if release not in {"", gate.target} or backup not in {"", gate.backup_id, gate.backup}:
        said = f"The way back to {gate.target} with backup {gate.backup_id} was begun and not ended."
        raise Refused("deploy.closed", said, hint="Run the same again, or `deploy resume`.")
    return Way(
        id=gate.id,
        target=gate.target,
        serving=gate.release,
        host=gate.host,
        backup=gate.backup,
        backup_id=gate.backup_id,
        taken_at=gate.taken_at,
    )


def _deployed(answers: Answers, serving: str) -> dict[str, Any]:
    """Return the line of the ledger of the deployment that brought the serving release; empty when there is none."""
    lines = [entry for said in answers.values() for entry in said.get("ledger", [])]
    brought = [each for each in lines if each.get("release") == serving and each.get("outcome") == "ok" and not each.get("note")]
    changes = [each for each in brought if each.get("previous") not in {None, serving}]
    return max(changes, key=lambda each: str(each.get("at")), default={})


def _chosen(answers: Answers, entry: Mapping[str, Any], wanted: str) -> tuple[str, dict[str, Any]]:
    """Return the backup and its host: the one that was named, else the one of that deployment, else the newest from before it."""
    known = [(host, item) for host, said in answers.items() for item in said.get("items", [])]
    known = sorted(known, key=lambda each: float(each[1].get("created_at") or 0), reverse=True)
    if wanted:
        found = [each for each in known if wanted in {"newest", each[1]["id"], each[1]["path"]}]
    else:
        before = _seconds(str(entry.get("at") or ""))
        found = [each for each in known if each[1]["id"] == entry.get("deploy")]
        found += [each for each in known if float(each[1]["created_at"]) < before]
    if found:
        return found[0]
    said = f"There is no backup {wanted}." if wanted else "There is no backup from before the release that serves."
    names = ", ".join(str(item["id"]) for _, item in known[:5]) or "none"
    raise Refused("deploy.no_backup", said, hint=f"Name one with --backup; there are: {names}.")


def _fits(fleet: Fleet, target: str, backup: Mapping[str, Any]) -> None:
    levels = next((found for facts in fleet.values() if (found := facts.levels(target))), None)
    if levels and (problem := levels.problem(int(backup.get("level") or 0), int(backup.get("contracted") or 0))):
        hint = "Name another release, or another backup with --backup."
        raise Refused("deploy.schema", f"The database in backup {backup['id']} is {problem}: {target}.", hint=hint)


def _moves(host: str, facts: Facts, way: Way) -> list[Step]:
    """Return the switch to the new slot, and the emptying of the old one, in which nothing runs."""
    if facts.switched:
        return [steps.clean(host, facts.idle)] if facts.spare.state != "empty" else []
    turn = Turn(host=host, slot=facts.idle, old_slot=facts.state.active, old_release=facts.active)
    return [traffic.switch(turn, way.target), steps.clean(host, str(facts.state.active))]


def _undone(host: str, facts: Facts, gate: Gate, deploy: str, note: str) -> list[Step]:
    """Return the lines for the ledger: the attempt failed, and where its release had served behind the gate, the old one does again."""
    failed = {"release": gate.target, "deploy": deploy, "outcome": "failed", "note": note[:300]}
    again = {"release": gate.release, "deploy": deploy, "outcome": "ok", "note": "rollback taken back"}
    return [Step(host=host, verb="commit", args=args, title="Write it down") for args in (failed, *([again] if facts.switched else []))]


def _emptied(facts: Facts) -> Facts:
    """Return the facts as they will be once the gate is closed: nothing is beside what serves."""
    if facts.gate and facts.gate.stopped:
        return facts
    slots_ = {**facts.state.slots, facts.idle: Slot()}
    return msgspec.structs.replace(facts, state=msgspec.structs.replace(facts.state, slots=slots_))


def _seconds(at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return 0.0
