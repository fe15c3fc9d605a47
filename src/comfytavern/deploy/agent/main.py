"""`python3 -IS ctd.pyz --root R [--fence N] [--step ID] VERB [JSON]`: one verb, progress and one answer as JSON lines, exit 0 or 1."""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from typing import Any

from . import audit, journal, steps
from .context import Context
from .failures import Failed
from .paths import Paths
from .verbs import CHANGES, LOCKS, PREPARES, QUIET, READS, SENT, VERBS

OPTIONS = ("--root", "--fence", "--step", "--under")
USAGE = "ctd.pyz --root R [--fence N] [--step ID] VERB [JSON arguments, or - to read them from stdin]"


def main(argv: list[str]) -> int:
    """Run what the command line asks for and return the exit code."""
    try:
        context, args = parse(argv)
        context.stdin = sys.stdin.buffer
        answer = perform(context, args)
    except Failed as failure:
        answer = refusal(failure)
    emit(answer)
    return 0 if answer["ok"] else 1


def parse(argv: list[str]) -> tuple[Context, dict[str, Any]]:
    """Return the call that the command line describes."""
    given, rest = {"--root": "/srv/comfytavern"}, list(argv)
    while rest and rest[0] in OPTIONS and len(rest) > 1:
        given[rest[0]] = rest[1]
        rest = rest[2:]
    if not rest or len(rest) > 2 or rest[0] not in VERBS:
        raise Failed("deploy.bad_call", f"There is no such call: {' '.join(argv)}", USAGE)
    try:
        args = json.loads((sys.stdin.read() if rest[1] == "-" else rest[1]) if len(rest) > 1 else "{}")
        fence = int(given["--fence"]) if "--fence" in given else None
    except ValueError as error:
        raise Failed("deploy.bad_call", f"The arguments cannot be read: {error}", USAGE) from None
    if not isinstance(args, dict):
        raise Failed("deploy.bad_call", "The arguments are one JSON object.", USAGE)
    context = Context(Paths(given["--root"], given.get("--under", "")), rest[0], fence=fence, step=given.get("--step"))
    return context, args


def perform(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """Do the verb and return its answer: {ok: true, value} or {ok: false, code, sentence, hint, params}."""
    kind = VERBS[context.verb][1]
    if kind in (READS, LOCKS):
        context.progress = lambda part, text: emit({"progress": round(part, 3), "text": text})
        return answer_of(context, args)
    if kind == CHANGES and context.fence is None:
        raise Failed("deploy.fence_missing", f"{context.verb} needs the number of the lock.", "Take the lock first: lock_acquire.")
    os.makedirs(context.paths.steps, exist_ok=True)
    context.check_fence()
    if context.step:
        if context.verb in SENT:
            context.stdin = io.BytesIO(context.stdin.read())  # A detached step has no stdin of its own.
        return steps.run(context, lambda: recorded(context, args), emit)
    context.progress = lambda part, text: emit({"progress": round(part, 3), "text": text})
    return recorded(context, args)


def recorded(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """Do a verb that changes something: journal, work, journal, audit."""
    began = journal.begin(context, args)
    answer = answer_of(context, args)
    journal.end(context, began, answer)
    if context.verb not in QUIET:
        outcome = "ok" if answer["ok"] else answer["code"]
        audit.add(context.paths, context.verb, outcome=outcome, args=args, fence=context.fence, step=context.step)
    return answer


def answer_of(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """Call the verb's function and return what it says as an answer."""
    module, kind = VERBS[context.verb]
    try:
        function = getattr(importlib.import_module("." + module, __package__), context.verb)
        if kind in (CHANGES, PREPARES):
            context.check_fence()
        _check(function, args)
        return {"ok": True, "value": function(context, **args)}
    except Failed as failure:
        return refusal(failure)
    except OSError as error:
        return refusal(_os_failure(error))
    except Exception as error:  # noqa: BLE001 -- a detached step has no stderr: the bug itself must be in the answer
        return refusal(_bug(error))


def _check(function: Any, args: dict[str, Any]) -> None:
    """Raise Failed when the arguments are not the ones the verb takes."""
    code = function.__code__
    takes = code.co_varnames[1 : code.co_argcount]
    needs = takes[: len(takes) - len(function.__defaults__ or ())]
    wrong = [f"unknown: {name}" for name in args if name not in takes] + [f"missing: {name}" for name in needs if name not in args]
    if wrong:
        raise Failed("deploy.bad_call", f"{function.__name__} does not fit ({', '.join(wrong)}).", f"It takes: {', '.join(takes)}.")


def refusal(failure: Failed) -> dict[str, Any]:
    """Return a failure as an answer."""
    return {"ok": False, "code": failure.code, "sentence": failure.sentence, "hint": failure.hint, "params": failure.params}


def _os_failure(error: OSError) -> Failed:
    import errno

    place = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return Failed("deploy.disk_full", f"The disk is full{place}.", "Free some space, or `comfytavern deploy` with a smaller `keep`.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Failed("deploy.not_allowed", f"Not allowed{place}: {error.strerror}.", "The agent runs as root, or through sudo.")
    return Failed("deploy.os", f"{error.strerror or error}{place}.", "See the host's logs.")


def _bug(error: Exception) -> Failed:
    import traceback

    where = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return Failed("deploy.unexpected", f"The agent has a bug: {type(error).__name__}: {error}", "Please report it.", traceback=where)


def emit(line: dict[str, Any]) -> None:
    """Write one JSON line for the caller; a caller who is gone is no trouble."""
    try:
        sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 -- until we exit
