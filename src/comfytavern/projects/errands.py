"""What people want of a run reaches whoever executes it: done here when it is here, else asked of the other server through the database.

It is done exactly once: a command that was not begun in time is taken back before anything else is tried.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from comfytavern.kernel.errors import Failure, Unavailable
from comfytavern.kernel.ids import new_id
from comfytavern.projects.command import Asked, Command, failed, settle, succeeded
from comfytavern.projects.executor import Elsewhere
from comfytavern.projects.repo import CommandRepo

_log = logging.getLogger(__name__)
SERVE_S = 0.12
ASK_S = 0.05
BEGIN_S = 1.5
"""A command that nobody has begun after so long is taken back: whoever held the run does not any more."""
GIVE_UP_S = 20.0
Do = Callable[[str, Command], Awaitable[None]]


class Errands:
    """Commands in both directions."""

    def __init__(self, commands: CommandRepo, do: Do) -> None:
        """Carry out by `do`, which raises `Elsewhere` for a run that another server executes."""
        self._commands, self._do = commands, do
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, run_id: str, command: Command) -> None:
        """Return when `command` was carried out, wherever. Raises what stood in its way; `Unavailable` (`run.unreachable`)."""
        loop = asyncio.get_running_loop()
        end = loop.time() + GIVE_UP_S
        while loop.time() < end:
            try:
                return await self._do(run_id, command)
            except Elsewhere:
                if await self._asked(run_id, command):
                    return None
        raise Unavailable("run.unreachable", "The server that executes this run does not answer.", hint="Try again in a few seconds.")

    async def _asked(self, run_id: str, command: Command) -> bool:
        """Ask the other server, and return whether it has carried it out; False: it never began."""
        id = new_id("cmd")
        await self._commands.post(id, run_id, command)
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            await asyncio.sleep(ASK_S)
            reply = await self._commands.reply(id)
            if reply is None:
                return False
            if reply.outcome is not None:
                await self._commands.drop(id)
                settle(reply.outcome)
                return True
            waited = loop.time() - began
            if not reply.begun and waited >= BEGIN_S and await self._commands.drop(id):
                return False
            if reply.begun and waited >= GIVE_UP_S:
                raise Unavailable("run.unreachable", "The server that executes this run does not answer.", hint="Look at the run again.")

    async def serve(self, executor: str, busy: Callable[[], bool], done_before: Callable[[Asked], Awaitable[bool]]) -> None:
        """Carry out what others ask of the runs of `executor`, for ever; `busy`: whether it holds any."""
        while True:
            await asyncio.sleep(SERVE_S)
            try:
                for asked in await self._commands.take(executor) if busy() else ():
                    task = asyncio.create_task(self._serve(asked, done_before))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
            except Failure as failure:
                _log.warning("commands of other servers cannot be read: %s", failure.sentence)

    async def _serve(self, asked: Asked, done_before: Callable[[Asked], Awaitable[bool]]) -> None:
        try:
            if not (asked.again and await done_before(asked)):
                await self._do(asked.run_id, asked.command)
            outcome = succeeded()
        except Elsewhere:
            return  # The run has just left; whoever has it now gets the command.
        except Failure as failure:
            outcome = failed(failure)
        try:
            await self._commands.finish(asked.id, outcome)
        except Failure as failure:
            _log.warning("the outcome of a command cannot be written: %s", failure.sentence)
