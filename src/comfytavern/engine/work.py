"""Nodes that need a task: attempts, time-outs, retries, pools (semantics, sections 6 and 9)."""

import asyncio
import random
from contextlib import AsyncExitStack
from inspect import CORO_CREATED, getcoroutinestate
from time import perf_counter
from typing import TYPE_CHECKING, Any

from comfytavern.engine import args as arguments
from comfytavern.engine import calls, loops, maps, pump
from comfytavern.engine.implementation import Style
from comfytavern.engine.plan import TASK, Shape
from comfytavern.engine.tokens import CANCELLED, DEAD, DONE, RUNNING, Cause, UpstreamError, node_error
from comfytavern.graph.kinds import Control, Effect

if TYPE_CHECKING:
    from comfytavern.engine.frame import Frame

_CONTROLLERS = {Control.MAP: maps.run, Control.LOOP: loops.run, Control.CALL: calls.run}


async def work(frame: "Frame", first: int) -> None:
    """Run node `first`, then whatever became ready by it, one node after another in this task.

    A failure of the engine itself ends the run. `TASK` nodes take a short cut: call, finish, and straight on when the
    next node is one too.
    """
    mode, i, end = frame.mode, first, 0.0
    try:
        while True:
            if mode[i] == TASK:
                await _plain(frame, i)
            else:
                await _perform(frame, i)
            if end and perf_counter() > end:
                await _yield(frame)
                end = 0.0
            following = frame.proceed()
            if following is None:
                return
            i = following
            task: Any = asyncio.current_task()
            frame.tasks[i] = task
            end = end or perf_counter() + frame.run.limits.slice_s
    except Exception as bug:  # noqa: BLE001 -- our own mistake
        frame.run.crash(bug)


def cancel(frame: "Frame", i: int) -> None:
    """Cancel the task of node `i`. One that has not begun never runs a line of `work`: the node ends here."""
    task = frame.tasks[i]
    task.cancel()
    coroutine: Any = task.get_coro()
    if getcoroutinestate(coroutine) == CORO_CREATED:
        del frame.tasks[i]
        frame.live -= 1
        frame.run.left(frame, i)
        (pump.cut if i in frame.cutting and not frame.held else pump.stopped)(frame, i)
        frame.run.loop.call_soon(frame.run.guard, frame.pump)


async def _yield(frame: "Frame") -> None:
    """Let others run; a node that is cancelled meanwhile has not started yet."""
    frame.live += 1
    frame.run.busy += 1
    try:
        await asyncio.sleep(0)
    finally:
        frame.live -= 1
        frame.run.busy -= 1


async def _plain(frame: "Frame", i: int) -> None:
    """Run a `TASK` node."""
    plan, vals = frame.plan, frame.vals
    function: Any = plan.fns[i]
    slots: Any = plan.args[i]
    started = perf_counter()
    try:
        value = await function(*[vals[slot] for slot in slots])
    except asyncio.CancelledError as error:
        _over(frame, i, started)
        _unhappy(frame, i, error, 1)
    except Exception as error:  # noqa: BLE001 -- whatever a node raises is its failure
        _over(frame, i, started)
        _unhappy(frame, i, error, 1)
    else:
        spent = _over(frame, i, started)
        if frame.memo is not None:
            frame.memo.settle(i, (value,), spent)
        if value is DEAD:
            frame.finish(i, (value,))
        else:
            frame.give(i, value)


async def _perform(frame: "Frame", i: int) -> None:
    """Run one node to its end; nothing escapes but our own mistakes."""
    started = perf_counter()
    error: BaseException | None = None
    attempt = 1
    try:
        outputs, attempt = await _attempts(frame, i)
    except asyncio.CancelledError as cancelled:
        error = cancelled
    except Exception as raised:  # noqa: BLE001 -- whatever a node raises is its failure
        error = raised
        attempt = frame.extras.get(i, {}).get("attempt", 1)
    spent = _over(frame, i, started)
    if error is None:
        pump.ended(frame, i, outputs, spent)  # pyright: ignore[reportPossiblyUnboundVariable] -- set when there is no error
    else:
        _unhappy(frame, i, error, attempt)


def _over(frame: "Frame", i: int, started: float) -> float:
    """Note that a node needs its task no longer, and return how many seconds it took."""
    frame.tasks.pop(i, None)
    frame.live -= 1
    frame.run.left(frame, i)
    spent = perf_counter() - started
    frame.ms[i] = int(spent * 1e6) / 1e3
    return spent


def _unhappy(frame: "Frame", i: int, error: BaseException, attempt: int) -> None:
    if isinstance(error, asyncio.CancelledError):
        _cancelled(frame, i)
    else:
        pump.broke(frame, i, error)
        frame.fail(i, error, attempt)


def _cancelled(frame: "Frame", i: int) -> None:
    """A node was cancelled: by its reader leaving, by a person, with the run, or by its own doing."""
    task = asyncio.current_task()
    asked = task is not None and task.cancelling() > 0
    if task is not None and asked:
        task.uncancel()
    if i in frame.cutting and not frame.held:
        pump.cut(frame, i)
    elif asked or frame.held:
        pump.stopped(frame, i)
    else:
        failure = Cause("Cancelled", "The node cancelled itself.")
        pump.broke(frame, i, failure)
        frame.fail(i, failure)


async def _attempts(frame: "Frame", i: int) -> tuple[tuple[Any, ...], int]:
    shape = frame.plan.shapes[i]
    if shape.control in _CONTROLLERS:
        return await _CONTROLLERS[shape.control](frame, i), 1
    plain = shape.plain_policy and not shape.implementation.pools and (shape.effect is not Effect.EFFECT or frame.run.log is None)
    if plain:
        return await _once(frame, i, shape, 1), 1
    async with AsyncExitStack() as stack:
        await _admit(frame, i, shape, stack)
        return await _retried(frame, i, shape)


async def _admit(frame: "Frame", i: int, shape: Shape, stack: AsyncExitStack) -> None:
    """Wait for the pools, then write the intent of an effect, after everything that led to it."""
    run, pools = frame.run, shape.implementation.pools
    if pools:
        names = pools(_named(frame, i, shape)) if callable(pools) else pools
        run.parks.live -= 1
        try:
            await stack.enter_async_context(run.pools.held(run.id, names))
        finally:
            run.parks.live += 1
        frame.mark(i, RUNNING)
        run.tape.touch(frame)
    if shape.effect is Effect.EFFECT and run.log is not None:
        await run.tape.drained()
        await run.log.intent(run.id, frame.prefix + frame.plan.paths[i], f"{run.id}:{frame.prefix}{frame.plan.paths[i]}")


def _named(frame: "Frame", i: int, shape: Shape) -> dict[str, Any]:
    return {port.id: arguments.value(frame, i, at) for at, port in enumerate(shape.inputs) if at not in shape.stream_ins}


async def _retried(frame: "Frame", i: int, shape: Shape) -> tuple[tuple[Any, ...], int]:
    policy = shape.policy
    repeatable = shape.effect is not Effect.EFFECT or shape.implementation.idempotent
    attempt = 1
    while True:
        limit = asyncio.timeout(policy.timeout_s)
        try:
            async with limit:
                outputs = await _once(frame, i, shape, attempt)
            if attempt > 1:
                frame.extras.setdefault(i, {})["attempt"] = attempt
            return outputs, attempt
        except UpstreamError:
            raise
        except Exception as raised:  # noqa: BLE001 -- whatever a node raises may be retried
            error: Exception = raised
            if isinstance(raised, TimeoutError) and limit.expired():
                error = Cause("Timeout", f"It took longer than {policy.timeout_s:g} s.", timeout_s=policy.timeout_s)
        frame.extras.setdefault(i, {})["attempt"] = attempt
        if not repeatable or attempt > policy.retries or not _retry_on(frame, i, policy.retry_on, error) or not pump.restart(frame, i):
            raise error
        frame.run.tape.log(frame.prefix + frame.plan.paths[i], "warning", f"Attempt {attempt} failed: {error}")
        await asyncio.sleep(policy.backoff_s * 2 ** (attempt - 1) * random.uniform(0.75, 1.25))
        attempt += 1


def _retry_on(frame: "Frame", i: int, classes: list[str], error: Exception) -> bool:
    if not classes:
        return True
    known = node_error(frame.prefix + frame.plan.paths[i], error)
    return known.type in classes or known.code in classes or ("retryable" in classes and known.retryable)


async def _once(frame: "Frame", i: int, shape: Shape, attempt: int) -> tuple[Any, ...]:
    """Call the function one time."""
    function: Any = frame.plan.fns[i]
    threaded = shape.style is Style.THREAD or (shape.style is Style.INLINE and shape.kind.id in frame.run.watchdog.threaded)
    if shape.style in (Style.STREAM, Style.CHUNK):
        return await pump.pump(frame, i, attempt)
    values = arguments.of(frame, i, attempt)
    if shape.style is Style.ASYNC:
        result = await function(*values)
    elif threaded:
        result = await frame.run.threads.call(function, values)
    else:
        result = function(*values)
    return arguments.outputs_of(shape, result)


__all__ = ["CANCELLED", "DONE", "work"]
