"""`comfytavern deploy rollback --restore-db`: says what would be lost, has it agreed to by typing, and says where the rest is kept."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from comfytavern.cli.deploying import Watch, agent, run, shown, sites_of
from comfytavern.cli.notifying import Story, announced
from comfytavern.deploy.errors import Refused

if TYPE_CHECKING:
    from comfytavern.deploy.restoring import Losses, Way
    from comfytavern.deploy.service import Deployments, Wish
    from comfytavern.deploy.spec import Spec

FIRST = ("runs", "workflows", "projects", "users", "channels", "blobs")
"""What people miss most comes first; the other tables follow by name."""
NEVER = frozenset({"executors", "run_commands", "setup_tokens", "settings"})
"""Rows that are no one's work."""


def roll_back(  # noqa: PLR0913 -- the options of the verb
    file: Path, target: str, release: str, backup: str, *, agreed: bool | None, dry_run: bool, wait: float, notify: bool, as_json: bool
) -> None:
    """Go back to a release and its data. `agreed`: None to ask, True when --lose-data was given, False when only --yes was."""
    from comfytavern.deploy.service import Deployments, Wish, fleet  # noqa: PLC0415 -- half a second, only when it is wanted
    from comfytavern.deploy.spec import read  # noqa: PLC0415 -- as above
    from comfytavern.deploy.supply import Supply  # noqa: PLC0415 -- as above

    async def work() -> None:
        spec = read(file, target)
        if agreed is False and not dry_run:
            hint = "Add --lose-data to agree to that, or leave --yes away to be asked."
            raise Refused("deploy.lose_data", "With --restore-db, --yes alone is not enough: data is lost.", hint=hint)
        supply = Supply()
        supply.sites = sites_of(spec)
        async with fleet(spec, agent) as hosts, announced(spec, file, target, {}, back=True, wanted=notify) as story:
            door, wish = Deployments(spec, hosts, supply), Wish(kind="restore", back_to=release, backup=backup)
            await _go(door, spec, wish, story, agreed, dry_run=dry_run, wait=wait, as_json=as_json)

    run(work, as_json=as_json)


async def _go(  # noqa: PLR0913 -- as above
    door: "Deployments", spec: "Spec", wish: "Wish", story: Story, agreed: bool | None, *, dry_run: bool, wait: float, as_json: bool
) -> None:
    prospect = await door.prospect(wish)
    if (way := prospect.way) is None:
        raise ValueError("a restore has a way")
    lost = await door.losses(way)
    loss = {"seconds": round(lost.seconds), "rows": lost.rows, "backup": way.backup_id, "host": way.host}
    if dry_run and as_json:
        print(json.dumps({"ok": True, "done": False, "plan": _plain(prospect.plan), "lost": loss}, ensure_ascii=False))
        return
    print("\n".join(told(way, lost)), file=sys.stderr if as_json else sys.stdout, flush=True)
    if dry_run or not agreed:
        print(shown(prospect.plan), file=sys.stderr if as_json else sys.stdout, flush=True)
    if dry_run:
        return
    if not agreed:
        _typed(spec.domain or spec.name)
    began = time.monotonic()
    story.begin(prospect.plan.release)
    with Watch(as_json=as_json) as watch:
        plan = await door.watched(watch.hear).carry_out(wish, prospect.plan, wait_s=wait)
    story.end(plan)
    aside, ms = await door.replaced(way), round((time.monotonic() - began) * 1000)
    if as_json:
        value = {"ok": True, "done": True, "plan": _plain(plan), "lost": loss, "aside": aside, "ms": ms}
        print(json.dumps(value, ensure_ascii=False))
        return
    print(f"{plan.release} serves on {', '.join(plan.hosts)} with the data of {way.taken}, after {ms / 1000:.1f} s ({plan.deploy}).")
    if aside:
        print(f"The replaced database is kept: {aside}{f' on {way.host}' if aside.startswith('/') else ' on the database server'}.")


def told(way: "Way", lost: "Losses") -> list[str]:
    """Return what going back would lose, as lines for people."""
    minutes = round(lost.seconds / 60)
    names = sorted(lost.rows.keys() - NEVER, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    lines = [
        f"Back from {way.serving} to {way.target}, and to the data of {way.taken} (backup {way.backup_id} on {way.host}).",
        f"Everything of the last {minutes // 60} h {minutes % 60} min is lost:" if names else "Nothing was written since that is counted.",
    ]
    lines += [f"  {lost.rows[name]:>8,}  {name} made or changed since" for name in names]
    if lost.unknown_secret:
        lines.append("The model keys in it were sealed with another secret: give that as JWT_SECRET_PREVIOUS, or enter the keys again.")
    return [*lines, "Nobody gets in meanwhile (503). The database that is there now is kept aside."]


def _typed(name: str) -> None:
    if typer.prompt(f"Type {name} to lose that", err=True).strip() != name:
        print("That is another word; nothing was done.", file=sys.stderr)
        raise typer.Abort


def _plain(plan: object) -> object:
    import msgspec  # noqa: PLC0415 -- only for programs

    return msgspec.to_builtins(plan)
