"""From the arrays of frames to what the world sees: changes, records, snapshots."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

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
_SHORT = (float, bool)
_CHARS = 200


def nodes(frame: "Frame", changed: Iterable[int]) -> list[Change]:
    """Return the present state of nodes in the form of `NodesChanged`."""
    return tell(frame, changed, [])


def tell(frame: "Frame", changed: Iterable[int], journal: list[AnyRecord] | None) -> list[Change]:
    """Return the same, and add the journal's lines about nodes that are terminal to `journal` (None: there is none).

    This is done for every node of every run, so the common case, one short value and nothing to add, has its own branch.
    """
    plan, state, vals, prefix, extras, ms = frame.plan, frame.state, frame.vals, frame.prefix, frame.extras, frame.ms
    paths, shapes, out0, restored = plan.paths, plan.shapes, plan.out0, frame.restored
    made: list[Change] = []
    for i in changed:
        path = prefix + paths[i]
        name = shapes[i].single
        if state[i] == DONE and name is not None and i not in extras:
            value = vals[out0[i]]
            kind = value.__class__
            if kind is int or (kind is str and len(value) < _CHARS) or kind in _SHORT:
                outputs = {name: value}
                took = ms.get(i) if ms else None
                made.append((path, "done", took, {"outputs": outputs}))
                if journal is not None and not (restored and i in restored):
                    journal.append(Finished(path=path, state="done", outputs=outputs, ms=took))
                continue
        made.append((path, STATE_NAMES[state[i]], ms.get(i), _extra(frame, i)))
        if journal is not None and state[i] >= DONE and i not in restored:
            journal.append(_record(frame, i, path))
    return made


def _extra(frame: "Frame", i: int) -> dict[str, Any] | None:
    now = frame.state[i]
    extra = _outputs(frame, i) if now in (DONE, CACHED) else None
    if i in frame.extras:
        extra = {**(extra or {}), **frame.extras[i]}
    return {**(extra or {}), "cached": True} if now == CACHED else extra


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


def _record(frame: "Frame", i: int, path: str) -> Finished:
    state, extra = frame.state[i], frame.extras.get(i, {})
    return Finished(
        path=path,
        state=STATE_NAMES[state],
        outputs=outputs(frame, i) if state in (DONE, CACHED, FAILED) else {},
        error=frame.roots.get(i),
        handled=bool(extra.get("handled")),
        ms=frame.ms.get(i),
        flags={name: extra[name] for name in ("reason", "cut", "limited", "attempt") if name in extra},
    )


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


__all__ = ["catch_up", "deltas", "nodes", "outputs", "preview", "snapshot", "tell"]
