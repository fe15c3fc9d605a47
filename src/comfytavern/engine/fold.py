"""From the arrays of frames to what the world sees: changes, records, snapshots."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from comfytavern.engine.limits import Limits
from comfytavern.engine.log import AnyRecord, Finished
from comfytavern.engine.preview import preview
from comfytavern.engine.streams import Outlet
from comfytavern.engine.tokens import CACHED, DEAD, DONE, FAILED, STATE_NAMES, Broken
from comfytavern.kernel.events import ChunkSeen, NodesChanged, RunEvent, StreamReset, TextDelta

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame
    from comfytavern.engine.run import Run

Change = tuple[str, str, float | None, dict[str, Any] | None]
_SHORT = (int, float, bool)


def nodes(frame: "Frame", changed: Iterable[int]) -> list[Change]:
    """Return the present state of nodes in the form of `NodesChanged`."""
    plan, state, vals, prefix, extras, ms = frame.plan, frame.state, frame.vals, frame.prefix, frame.extras, frame.ms
    paths, shapes, out0 = plan.paths, plan.shapes, plan.out0
    made: list[Change] = []
    for i in changed:
        now = state[i]
        extra: dict[str, Any] | None = None
        if now == DONE or now == CACHED:
            outputs = shapes[i].outputs
            if len(outputs) == 1 and (value := vals[out0[i]]).__class__ in _SHORT:
                extra = {"outputs": {outputs[0].id: value}}
            else:
                extra = _outputs(frame, i)
        if i in extras:
            extra = {**(extra or {}), **extras[i]}
        if now == CACHED:
            extra = {**(extra or {}), "cached": True}
        made.append((prefix + paths[i], STATE_NAMES[now], ms.get(i), extra))
    return made


def _outputs(frame: "Frame", i: int) -> dict[str, Any] | None:
    """Return previews by port, and the sizes of those that are short."""
    limits = frame.run.limits
    shown: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    first = frame.plan.out0[i]
    for at, port in enumerate(frame.plan.shapes[i].outputs):
        token = frame.vals[first + at]
        if token is DEAD or token.__class__ is Broken:
            continue
        shown[port.id], size = preview(token, limits)
        if size is not None:
            sizes[port.id] = size
    if not shown:
        return None
    return {"outputs": shown, "size_bytes": sizes} if sizes else {"outputs": shown}


def outputs(frame: "Frame", i: int) -> dict[str, Any]:
    """Return the live values of a terminal node's outputs, by port."""
    first = frame.plan.out0[i]
    found = ((port.id, frame.vals[first + at]) for at, port in enumerate(frame.plan.shapes[i].outputs))
    return {id: token for id, token in found if token is not DEAD and token.__class__ is not Broken}


def records(frame: "Frame", ended: Iterable[int]) -> list[AnyRecord]:
    """Return the journal's lines about nodes that are terminal."""
    plan, prefix, extras = frame.plan, frame.prefix, frame.extras
    made: list[AnyRecord] = []
    for i in ended:
        if i in frame.restored:
            continue
        state = frame.state[i]
        extra = extras.get(i, {})
        made.append(
            Finished(
                path=prefix + plan.paths[i],
                state=STATE_NAMES[state],
                outputs=outputs(frame, i) if state in (DONE, CACHED, FAILED) else {},
                error=frame.roots.get(i),
                handled=bool(extra.get("handled")),
                ms=frame.ms.get(i),
                flags={name: extra[name] for name in ("reason", "cut", "limited", "attempt") if name in extra},
            )
        )
    return made


def deltas(outlet: Outlet, limits: Limits) -> list[RunEvent]:
    """Return what is new on an outlet, and note that it was shown."""
    path, port = outlet.address
    fresh = outlet.chunks[outlet.told :]
    made: list[RunEvent] = []
    outlet.quiet = True
    if outlet.epoch != outlet.told_epoch:
        outlet.told_epoch = outlet.epoch
        made.append(StreamReset(path=path, port=port, epoch=outlet.epoch))
    if not fresh:
        return made
    outlet.told += len(fresh)
    text = "".join(chunk for chunk in fresh if chunk.__class__ is str)
    if text:
        made.append(TextDelta(path=path, port=port, offset=outlet.told_chars, text=text, epoch=outlet.epoch))
        outlet.told_chars += len(text)
    if fresh[-1].__class__ is not str:
        value = preview(fresh[-1], limits)[0]
        made.append(ChunkSeen(path=path, port=port, index=outlet.told - 1, value=value, epoch=outlet.epoch))
    return made


def snapshot(run: "Run") -> dict[str, Any]:
    """Return the fold of all events so far, in the form of `GET /api/runs/{id}`."""
    shown: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for frame in run.frames:
        for path, state, ms, extra in nodes(frame, [i for i, state in enumerate(frame.state) if state]):
            shown[path] = {"state": state, "ms": ms, **(extra or {})}
        for outlet in frame.outlets.values():
            if outlet.chunks and outlet.chunks[0].__class__ is str:
                text = "".join(chunk for chunk in outlet.chunks if chunk.__class__ is str)
                texts[":".join(outlet.address)] = {"epoch": outlet.epoch, "text": text}
    return {
        "id": run.id,
        "state": run.state,
        "seq": run.tape.seq,
        "nodes": shown,
        "texts": texts,
        "waits": [run_wait(wait) for wait in run.waits.values()],
        "outputs": run.outputs(),
        "errors": [error.value() for error in run.errors],
        "usage": run.usage(),
    }


def run_wait(wait: Any) -> dict[str, Any]:
    """Return an open wait as JSON."""
    import msgspec  # noqa: PLC0415

    made = msgspec.to_builtins(wait.event())
    return {key: value for key, value in made.items() if key not in ("kind", "seq", "t")}


def catch_up(run: "Run", seq: int) -> list[RunEvent]:
    """Return events that lead from nothing to the present state; all carry `seq`, up to which they stand."""
    made: list[RunEvent] = []
    for frame in run.frames:
        if changed := nodes(frame, [i for i, state in enumerate(frame.state) if state]):
            made.append(NodesChanged(nodes=changed))
        for outlet in frame.outlets.values():
            text = "".join(chunk for chunk in outlet.chunks if chunk.__class__ is str)
            if text:
                path, port = outlet.address
                made.append(TextDelta(path=path, port=port, offset=0, text=text, epoch=outlet.epoch))
    made += [wait.event() for wait in run.waits.values()]
    for event in made:
        event.seq = seq
    return made


__all__ = ["catch_up", "deltas", "nodes", "outputs", "preview", "records", "snapshot"]
