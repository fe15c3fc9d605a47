"""`comfytavern deploy`: a release to servers, and back. Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 refused, 4 locked, 5 aborted."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comfytavern.cli.deploying import Watch, agent, database_of, is_signed, run, settings_of, shown, signers_of, supply_of
from comfytavern.cli.notifying import Story, announced
from comfytavern.cli.rendering import render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from comfytavern.deploy.service import Deployments, Wish
    from comfytavern.deploy.spec import Spec

deploy = typer.Typer(help="Bring a release to servers, see how it is, take it back.", no_args_is_help=True, rich_markup_mode=None)
lock = typer.Typer(help="See or break the lock of the hosts.", no_args_is_help=True, rich_markup_mode=None)
audit = typer.Typer(help="What was done on the hosts, and whether that record is whole.", no_args_is_help=True, rich_markup_mode=None)
host = typer.Typer(help="The hosts themselves.", no_args_is_help=True, rich_markup_mode=None)
deploy.add_typer(lock, name="lock")
deploy.add_typer(audit, name="audit")
deploy.add_typer(host, name="host")
deploy.add_typer(render, name="render")

File = Annotated[Path, typer.Option("--file", "-f", help="The spec.")]
Target = Annotated[str, typer.Option("--target", "-t", help="A target of the spec, such as staging.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON; events come on stderr, one a line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for another deployment to end.")]
Artifact = Annotated[Path, typer.Argument(help="The release: a .tar.zst, or a folder with its files.")]
Notify = Annotated[bool, typer.Option("--notify/--no-notify", help="Tell those in [notify] how it ended.")]
Again = Annotated[bool, typer.Option("--again", help="Also when this release serves already: for changed settings and secrets.")]
SPEC = Path("deploy.toml")


@deploy.command()
def plan(artifact: Artifact, *, file: File = SPEC, target: Target = "", again: Again = False, as_json: Json = False) -> None:
    """Show what `apply` would do, and everything that speaks against it; nothing is changed but the agent on the hosts."""
    apply(artifact, file=file, target=target, again=again, as_json=as_json, dry_run=True)


@deploy.command()
def apply(  # noqa: PLR0913 -- one argument for each option
    artifact: Artifact,
    *,
    file: File = SPEC,
    target: Target = "",
    again: Again = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    yes: Yes = False,
    wait: Wait = 0.0,
    notify: Notify = True,
    as_json: Json = False,
) -> None:
    """Deploy a release. Run it again after any trouble: it goes on from what is there."""
    from comfytavern.deploy.release import checked  # noqa: PLC0415 -- `version` need not wait for it
    from comfytavern.deploy.secrets import resolve  # noqa: PLC0415 -- as above
    from comfytavern.deploy.service import Wish  # noqa: PLC0415 -- as above
    from comfytavern.deploy.spec import read  # noqa: PLC0415 -- as above

    async def work() -> None:
        spec = read(file, target)
        release, folder = checked(artifact, signers_of(spec, file.parent))
        secrets = resolve(spec.secret_sources(), file.parent)
        wish = Wish(
            kind="apply",
            release=release,
            again=again,
            names=frozenset(settings_of(spec)) | frozenset(secrets),
            database=database_of(secrets),
            signed=is_signed(folder),
        )
        supply = supply_of(spec, file.parent, folder, secrets)
        async with announced(spec, file, target, secrets, back=False, wanted=notify) as story:
            await _carry_out(spec, wish, supply, story, dry_run=dry_run, yes=yes, wait=wait, as_json=as_json)

    run(work, as_json=as_json)


@deploy.command()
def rollback(  # noqa: PLR0913 -- one argument for each option
    release: Annotated[str, typer.Argument(help="The release to go back to; without it, the one before.")] = "",
    *,
    file: File = SPEC,
    target: Target = "",
    restore_db: Annotated[bool, typer.Option("--restore-db", help="Put the data back as well: what was made since is lost.")] = False,
    backup: Annotated[str, typer.Option(help="With --restore-db: this backup, not the one from before the deployment.")] = "",
    lose_data: Annotated[bool, typer.Option("--lose-data", help="With --restore-db --yes: agreed, data is lost.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    yes: Yes = False,
    wait: Wait = 0.0,
    notify: Notify = True,
    as_json: Json = False,
) -> None:
    """Go back to the release before: a rename where it is still warm, else it is started first. Data stays, but with --restore-db."""
    if restore_db or backup:
        from comfytavern.cli.restoring import roll_back  # noqa: PLC0415 -- as above

        agreed = lose_data if yes else None
        roll_back(file, target, release, backup, agreed=agreed, dry_run=dry_run, wait=wait, notify=notify, as_json=as_json)
        return
    _wish(file, target, "rollback", back_to=release, dry_run=dry_run, yes=yes, wait=wait, as_json=as_json, notify=notify)


@deploy.command()
def resume(*, file: File = SPEC, target: Target = "", yes: Yes = False, wait: Wait = 0.0, as_json: Json = False) -> None:
    """Clear up after an attempt that was killed: forward where some host was switched and all can follow, else back."""
    _wish(file, target, "resume", yes=yes, wait=wait, as_json=as_json)


@deploy.command()
def finish(*, file: File = SPEC, target: Target = "", yes: Yes = False, wait: Wait = 0.0, as_json: Json = False) -> None:
    """Stop the old release that is still warm. After this, a rollback has to start it first."""
    _wish(file, target, "finish", yes=yes, wait=wait, as_json=as_json)


@deploy.command()
def status(*, file: File = SPEC, target: Target = "", as_json: Json = False) -> None:
    """Show what serves on each host, what is warm, what is kept, and who holds the lock."""
    said = _ask(file, target, "facts", as_json=as_json)
    if as_json:
        return
    for name, facts in said.items():
        state = facts["state"]
        print(f"{name}: {(state['slots'].get(state['active']) or {}).get('release') or 'nothing'} serves")
        for slot, about in sorted(state["slots"].items()):
            if about["state"] != "empty":
                print(f"  {slot:<6} {about['state']:<9} {about['release']}  since {about['since']}")
        good = ", ".join(each["id"] + ("" if each["good"] else " (never good)") for each in facts["releases"])
        print(f"  kept: {good or 'none'}; {facts['disk_free_bytes'] / 2**30:.1f} GiB free")
        if gate := facts.get("gate"):
            print(f"  CLOSED since {gate['at']}: the data goes back to {gate['backup_id']}; run `deploy resume`")
        if facts["lock"]:
            print(f"  locked by {facts['lock']['user']}@{facts['lock']['host']} for {facts['lock']['deploy']}")


@deploy.command()
def logs(
    *,
    file: File = SPEC,
    target: Target = "",
    slot: Annotated[str, typer.Option(help="blue or green; without it, the one that serves.")] = "",
    lines: Annotated[int, typer.Option(help="How many.")] = 100,
    as_json: Json = False,
) -> None:
    """Show the last lines of the app's log on each host."""
    said = _read(file, target, lambda door: door.logs(slot, lines), as_json=as_json)
    for name, found in [] if as_json else said.items():
        for line in found.get("lines", []):
            print(f"{name}: {line}")


@deploy.command()
def ledger(
    *, file: File = SPEC, target: Target = "", limit: Annotated[int, typer.Option(help="How many.")] = 20, as_json: Json = False
) -> None:
    """Show which releases were deployed when, by whom, and how that ended."""
    said = _ask(file, target, "ledger", {"limit": limit}, as_json=as_json)
    for name, found in [] if as_json else said.items():
        for entry in found.get("items", []):
            print(f"{name}: {entry.get('at', '')} {entry.get('outcome', ''):<8} {entry.get('release', '')}  {entry.get('note', '')}")


@lock.command("show")
def lock_show(*, file: File = SPEC, target: Target = "", as_json: Json = False) -> None:
    """Show who holds the lock."""
    said = _ask(file, target, "lock_show", as_json=as_json)
    for name, found in [] if as_json else said.items():
        holder = found["holder"]
        print(f"{name}: " + (f"{holder['user']}@{holder['host']} (process {holder['pid']})" if holder else "free"))


@lock.command("break")
def lock_break(
    reason: Annotated[str, typer.Option(help="Why; the audit keeps it.")],
    *,
    file: File = SPEC,
    target: Target = "",
    yes: Yes = False,
) -> None:
    """Take the lock away from whoever holds it; what they do from now on is refused."""
    from comfytavern.deploy.service import Deployments, fleet  # noqa: PLC0415 -- as above
    from comfytavern.deploy.spec import read  # noqa: PLC0415 -- as above

    async def work() -> None:
        spec = read(file, target)
        if not yes:
            typer.confirm("Break the lock?", abort=True, err=True)
        async with fleet(spec) as hosts:
            for name, found in (await Deployments(spec, hosts).unlock(reason)).items():
                print(f"{name}: {'broken' if found['broken'] else 'was free'}")

    run(work)


@audit.command("show")
def audit_show(
    *, file: File = SPEC, target: Target = "", limit: Annotated[int, typer.Option(help="How many.")] = 50, as_json: Json = False
) -> None:
    """Show what was done on the hosts."""
    said = _ask(file, target, "audit", {"limit": limit}, as_json=as_json)
    for name, found in [] if as_json else said.items():
        for entry in found["items"]:
            print(f"{name}: {entry['at']} {entry['what']} {entry.get('outcome', '')}")


@audit.command("verify")
def audit_verify(*, file: File = SPEC, target: Target = "", as_json: Json = False) -> None:
    """Tell whether no line of the audit was changed or taken away; exit code 1 when one was."""
    said = _ask(file, target, "audit_verify", as_json=as_json)
    for name, found in [] if as_json else said.items():
        print(f"{name}: {found['lines']} lines, " + ("whole" if found["ok"] else f"NOT whole: {found['problem']}"))
    if not all(found["ok"] for found in said.values()):
        raise typer.Exit(1)


@host.command("prepare")
def prepare(
    *,
    file: File = SPEC,
    target: Target = "",
    package: Annotated[list[str] | None, typer.Option(help="More packages to install; once for each.")] = None,
) -> None:
    """Bring the agent, the app's user, the folders and the packages to the hosts; what is there stays."""
    from comfytavern.deploy.service import Deployments, fleet  # noqa: PLC0415 -- as above
    from comfytavern.deploy.spec import read  # noqa: PLC0415 -- as above

    async def work() -> None:
        spec = read(file, target)
        async with fleet(spec, agent) as hosts:
            args = {"driver": spec.driver, "user": spec.user, "packages": package or []}
            for name, found in (await Deployments(spec, hosts).ask("prepare", args, deadline_s=600)).items():
                print(f"{name}: ready; " + (f"new: {', '.join(found['changed'])}" if found["changed"] else "everything was there"))

    run(work)


def _wish(  # noqa: PLR0913 -- the options of its verbs
    file: Path,
    target: str,
    kind: Any,
    *,
    yes: bool,
    wait: float,
    as_json: bool,
    back_to: str = "",
    dry_run: bool = False,
    notify: bool = False,
) -> None:
    from comfytavern.deploy.service import Wish  # noqa: PLC0415 -- as above
    from comfytavern.deploy.spec import read  # noqa: PLC0415 -- as above

    async def work() -> None:
        spec, wish = read(file, target), Wish(kind=kind, back_to=back_to)
        async with announced(spec, file, target, {}, back=True, wanted=notify) as story:
            await _carry_out(spec, wish, None, story, dry_run=dry_run, yes=yes, wait=wait, as_json=as_json)

    run(work, as_json=as_json)


async def _carry_out(  # noqa: PLR0913 -- as above
    spec: "Spec", wish: "Wish", supply: Any, story: Story, *, dry_run: bool, yes: bool, wait: float, as_json: bool
) -> None:
    from comfytavern.deploy.service import Deployments, fleet, refusal  # noqa: PLC0415 -- as above

    watch = Watch(as_json=as_json)
    async with fleet(spec, agent if supply else None) as hosts:
        deployments = Deployments(spec, hosts, supply, watch.hear)
        if yes and not dry_run:
            story.begin(wish.release.release if wish.release else wish.back_to)
            with watch:
                done = await deployments.carry_out(wish, wait_s=wait, shown=watch.show)
            story.end(done)
            _say(done, as_json=as_json, took=watch.times)
            return
        prospect = await deployments.prospect(wish)
        _say(prospect.plan, as_json=as_json and dry_run)
        if prospect.problems:
            raise refusal(prospect.problems)
        if dry_run or prospect.plan.nothing:
            return
        typer.confirm("Do it?", abort=True, err=True)
        story.begin(prospect.plan.release)
        with Watch(as_json=as_json) as watch:
            deployments = deployments.watched(watch.hear)
            done = await deployments.carry_out(wish, prospect.plan, wait_s=wait)
        story.end(done)
        _say(done, as_json=as_json, took=watch.times)


def _say(plan: Any, *, as_json: bool, took: dict[str, int] | None = None) -> None:
    """Say what will be done or, with the times it took, what was done."""
    import msgspec  # noqa: PLC0415 -- as above

    if as_json:
        print(json.dumps({"ok": True, "done": took is not None, "plan": msgspec.to_builtins(plan), **(took or {})}, ensure_ascii=False))
    elif took is None or plan.nothing:
        print(shown(plan))
    else:
        moved = f"People are on it after {took['moved_ms']} ms; finished" if "moved_ms" in took else "Finished"
        print(f"{plan.kind}: {plan.release or 'nothing'} on {', '.join(plan.hosts)} ({plan.deploy}).")
        print(f"{moved} after {took['ms']} ms.", *plan.notes)


def _ask(file: Path, target: str, verb: str, args: dict[str, Any] | None = None, *, as_json: bool) -> dict[str, Any]:
    return _read(file, target, lambda door: door.ask(verb, args), as_json=as_json)


def _read(file: Path, target: str, ask: "Callable[[Deployments], Awaitable[dict[str, Any]]]", *, as_json: bool) -> dict[str, Any]:
    from comfytavern.deploy.service import Deployments, fleet  # noqa: PLC0415 -- as above
    from comfytavern.deploy.spec import read  # noqa: PLC0415 -- as above

    async def work() -> dict[str, Any]:
        spec = read(file, target)
        async with fleet(spec) as hosts:
            return await ask(Deployments(spec, hosts))

    said = run(work, as_json=as_json)
    if as_json:
        print(json.dumps(said, ensure_ascii=False))
    return said
