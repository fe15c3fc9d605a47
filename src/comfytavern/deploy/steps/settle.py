"""Steps at the end: what is written down, and what is thrown away."""

from collections.abc import Iterator

from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Step, Turn


def settles(host: str, release: str, deploy: str, spec: Spec, never: tuple[str | None, ...], note: str = "") -> Iterator[Step]:
    """Yield the line in the ledger, and the removal of releases beyond `keep`, except those named in `never`.

    A rollback (`note`) throws nothing away.
    """
    args = {"release": release, "deploy": deploy, "outcome": "ok", "note": note}
    yield Step(host=host, verb="commit", args=args, title="Write it down")
    if note:
        return
    kept = sorted({each for each in (*never, release) if each})
    yield Step(host=host, verb="gc", args={"keep": spec.keep, "never": kept}, deadline_s=120, title=f"Keep {spec.keep} releases")


def bakes(turn: Turn, spec: Spec) -> Iterator[Step]:
    """Yield the order to stop the old release when its time is over; the host sees to that by itself."""
    if turn.old_slot is not None and spec.strategy.name != "replace":
        args = {"slot": turn.old_slot, "after_s": spec.strategy.bake_s, "deadline_s": spec.deadlines.drain_s}
        title = f"Keep {turn.old_slot} warm for {spec.strategy.bake_s:g} s"
        yield Step(host=turn.host, verb="bake", args=args, title=title)
