"""Human waits and time (semantics, section 7): a request is recorded, the answer becomes the node's output."""

from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine.implementation import WaitRequest
from comfytavern.engine.log import Answered, Waiting
from comfytavern.engine.tokens import WAITING, Cause
from comfytavern.kernel.errors import Conflict, Invalid
from comfytavern.kernel.events import WaitClosed, WaitOpened
from comfytavern.kernel.ids import new_id

if TYPE_CHECKING:
    import asyncio

    from comfytavern.engine.frame import Frame


class Wait:
    """An open request."""

    def __init__(self, frame: "Frame", i: int, record: Waiting) -> None:
        """Stand for the request in `record`, made by node `i`."""
        self.frame, self.i, self.record = frame, i, record
        self.timer: asyncio.TimerHandle | None = None

    def event(self) -> WaitOpened:
        """Return what clients are told."""
        record = self.record
        return WaitOpened(
            path=record.path,
            token=record.token,
            title=record.title,
            schema=record.schema,
            shown=record.shown,
            audience=record.audience,
            expires_at=record.expires_at,
        )

    def arm(self) -> None:
        """Set the clock for the expiry, or for the moment that is waited for."""
        run, at = self.frame.run, self.record.until if self.record.until is not None else self.record.expires_at
        if at is not None:
            self.timer = run.loop.call_later(max(at - run.clock.now(), 0.0), run.guard, self._due)

    def _due(self) -> None:
        if self.record.until is not None:
            close(self, Answered(path=self.record.path, token=self.record.token))
        else:
            close(self, Answered(path=self.record.path, token=self.record.token, outcome="expired"))


def open_wait(frame: "Frame", i: int) -> None:
    """Ask: node `i` is `waiting` from now on. A resumed run finds the request, and maybe the answer, in its journal."""
    run, path = frame.run, frame.prefix + frame.plan.paths[i]
    record = run.past.waits.get(path) if run.past is not None else None
    if record is None:
        try:
            record = _request(frame, i, path)
        except Exception as error:  # noqa: BLE001 -- whatever a node raises is its failure
            frame.fail(i, error)
            return
        run.tape.record(record)
    frame.live += 1
    frame.mark(i, WAITING)
    wait = Wait(frame, i, record)
    run.waits[record.token] = wait
    run.tape.event(wait.event())
    answer = run.past.answers.get(record.token) if run.past is not None else None
    if answer is not None:
        run.loop.call_soon(run.guard, lambda: close(wait, answer, journaled=True))
    else:
        wait.arm()


def _request(frame: "Frame", i: int, path: str) -> Waiting:
    request: Any = frame.plan.fns[i](*arguments.of(frame, i))
    if not isinstance(request, WaitRequest):
        raise Cause("BadResult", "A wait node must return a WaitRequest.")
    now = frame.run.clock.now()
    return Waiting(
        path=path,
        token=new_id("wai"),
        title=request.title,
        schema=request.schema,
        shown=request.shown,
        audience=request.audience,
        expires_at=now + request.expires_s if request.expires_s is not None else None,
        until=now + request.until_s if request.until_s is not None else None,
    )


def withdraw(wait: Wait) -> None:
    """Ask no longer."""
    if wait.timer is not None:
        wait.timer.cancel()


def check(record: Waiting, value: Any) -> Any:
    """Return an answer with the defaults of the schema filled in. Raises `Invalid` (`run.answer`) when it does not fit."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 -- takes 60 ms to import, and most processes never need it

    problems = sorted(Draft202012Validator(record.schema).iter_errors(value), key=str)
    if problems:
        where = "/".join(map(str, problems[0].absolute_path))
        raise Invalid("run.answer", f"The answer does not fit: {problems[0].message}", hint="Look at the schema of the question.", at=where)
    if not isinstance(value, dict):
        return value
    properties: dict[str, Any] = record.schema.get("properties", {})
    return {**{name: one["default"] for name, one in properties.items() if isinstance(one, dict) and "default" in one}, **value}


def close(wait: Wait, answer: Answered, *, journaled: bool = False) -> None:
    """Give the answer (or the expiry) to the node that asked."""
    frame, i, run = wait.frame, wait.i, wait.frame.run
    if run.waits.pop(wait.record.token, None) is None:
        return
    run.closed_waits[wait.record.token] = answer.outcome
    if wait.timer is not None:
        wait.timer.cancel()
    if not journaled:
        run.tape.record(answer)
    run.tape.event(WaitClosed(path=wait.record.path, token=wait.record.token, outcome=answer.outcome))
    frame.live -= 1
    if answer.outcome == "expired":
        frame.fail(i, Cause("WaitExpired", "Nobody answered in time."))
    else:
        try:
            outputs = arguments.outputs_of(frame.plan.shapes[i], answer.value)
        except Cause as error:
            frame.fail(i, error)
        else:
            frame.finish(i, outputs)
    run.resumed()
    frame.pump()


def refuse(token: str, outcome: str) -> Conflict:
    """Return the refusal of a second answer."""
    sentence = "This was answered already." if outcome == "answered" else "Time for an answer is over."
    return Conflict("run.answered", sentence, hint="Look at the run again.", token=token, outcome=outcome)
