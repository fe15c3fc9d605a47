"""Steps at the end: what is written down, and what is thrown away."""

from collections.abc import Iterator

from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Step


def settles(host: str, release: str, deploy: str, spec: Spec, never: tuple[str | None, ...], note: str = "") -> Iterator[Step]:
    """Yield the line in the ledger, and the removal of releases beyond `keep`, except those named in `never`."""
    args = {"release": release, "deploy": deploy, "outcome": "ok", "note": note}
    yield Step(host=host, verb="commit", args=args, title="Write it down")
    kept = sorted({each for each in (*never, release) if each})
    yield Step(host=host, verb="gc", args={"keep": spec.keep, "never": kept}, deadline_s=120, title=f"Keep {spec.keep} releases")
