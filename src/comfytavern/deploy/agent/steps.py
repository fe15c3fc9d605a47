"""A step outlives its caller: a dead SSH session leaves either a whole step or one that runs on to its end.

The work is done by a child in a session of its own, which inherits nothing of the caller's but a pipe for progress; who reads it, or
whether anyone does, makes no difference. `steps/<id>.lock` is held (flock) while it runs, so a second asker waits without polling and
the kernel lets go if the child is killed. Then: a good result is given again, a failed or missing one is tried again.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

from . import disk
from .failures import Failed
from .paths import plain

if TYPE_CHECKING:
    from typing import Callable

    from .context import Context

    Work = Callable[[], dict[str, Any]]

LONGEST = 128


def run(context: Context, work: Work, emit: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Do `work` once, detached, and return its answer; `emit` gets the progress. Asked again: the same answer, unless it failed."""
    if not context.step or len(context.step) > LONGEST or not plain(context.step, "_.+-"):
        raise Failed("deploy.bad_step", f"{context.step!r} is not the id of a step.")
    done = stored(context)
    if done is not None:
        return done
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(context, work, writing)  # Never returns.
    os.close(writing)
    _relay(reading, emit)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)
    answer = disk.read_json(_file(context, ".json"))
    return answer if isinstance(answer, dict) else _killed(context)


def stored(context: Context) -> dict[str, Any] | None:
    """Return the step's good answer when it has one."""
    answer = disk.read_json(_file(context, ".json"))
    return answer if isinstance(answer, dict) and answer.get("ok") else None


def _child(context: Context, work: Work, writing: int) -> None:
    """Run on without the caller: own session, no terminal, no stdin, stdout or stderr of theirs."""
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for handle in (0, 1, 2):
            os.dup2(nowhere, handle)
        os.set_inheritable(writing, False)
        context.progress = _teller(writing)
        with disk.held(_file(context, ".lock")):
            if stored(context) is None:  # Another asker may have finished it while we waited.
                _forget(context)
                disk.write_json(_file(context, ".json"), work(), 0o600)
    finally:
        os._exit(0)


def _forget(context: Context) -> None:
    """Remove the answer of a failed try: if we are killed, nobody must take it for ours."""
    path = _file(context, ".json")
    if os.path.exists(path):
        os.unlink(path)


def _teller(writing: int) -> Callable[[float, str], None]:
    def tell(part: float, text: str) -> None:
        line = json.dumps({"progress": round(part, 3), "text": text}).encode() + b"\n"
        with contextlib.suppress(OSError):  # The caller may be gone; the work is not.
            os.write(writing, line)

    return tell


def _relay(reading: int, emit: Callable[[dict[str, Any]], None]) -> None:
    """Pass on what the child tells until it is done or dead."""
    with os.fdopen(reading, "rb") as pipe:
        for line in pipe:
            emit(json.loads(line))


def _killed(context: Context) -> dict[str, Any]:
    sentence = f"The step {context.step} was killed before it ended."
    return {"ok": False, "code": "deploy.step_killed", "sentence": sentence, "hint": "Ask for it again; it goes on from what is there."}


def _file(context: Context, suffix: str) -> str:
    return os.path.join(context.paths.steps, str(context.step) + suffix)
