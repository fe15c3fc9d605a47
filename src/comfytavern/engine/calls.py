"""Call: a graph chosen at run time, run as a frame of this run (semantics, G1)."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine import nest
from comfytavern.engine.tokens import DEAD, Cause, is_live

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame


async def run(frame: "Frame", i: int) -> tuple[Any, ...]:
    """Run Call node `i`: inputs `workflow`, `version` and `inputs` (an object), output `outputs` (an object without dead ones)."""
    limit = frame.run.limits.call_depth
    if frame.depth >= limit:
        raise Cause("CallDepth", f"Workflows call each other more than {limit} deep.", limit=limit)
    values = nest.inputs(frame, i)
    workflow, version = values.get("workflow"), values.get("version")
    if not workflow or frame.plan.resolve is None:
        raise Cause("NoWorkflow", "Choose a workflow to call.")
    plan = frame.run.compile(frame.plan.resolve(workflow, version or None), frame.plan.resolve)
    given: dict[str, Any] = values.get("inputs") or {}
    frames = nest.Nest(frame, i)
    try:
        inner = frames.start(plan, f"{frame.prefix}{frame.plan.paths[i]}/", frame.run.checked(plan, given))
        await frames.over(inner)
    finally:
        await frames.close()
    roots = nest.failures(inner)
    if roots:
        raise Cause("CallFailed", f"The called workflow failed: {roots[0].message}", roots=roots)
    outputs = {id: token for id, token in inner.results.items() if is_live(token)}
    return tuple(outputs if port.id == "outputs" else DEAD for port in frame.plan.shapes[i].outputs)
