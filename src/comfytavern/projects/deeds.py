"""What is asked of a run, done to it where it is executed: here."""

from typing import Any, assert_never

from comfytavern.engine.log import Answered, Ended, Log, Waiting
from comfytavern.kernel.errors import Conflict, Failure, NotFound
from comfytavern.projects.command import Answer, Asked, Cancel, Command, Resolve
from comfytavern.projects.executor import Elsewhere, Lost, elsewhere
from comfytavern.projects.live import Live
from comfytavern.projects.repo import RunRepo
from comfytavern.projects.run import TERMINAL, StoredRun, no_run
from comfytavern.projects.stage import Stage


class Deeds:
    """See the module."""

    def __init__(self, runs: RunRepo, journal: Log, stage: Stage) -> None:
        """Act on the runs of `stage`."""
        self._runs, self._journal, self._stage = runs, journal, stage

    async def do(self, id: str, command: Command) -> None:
        """Do what is asked of a run that is, or can be, executed here. Raises `Elsewhere`."""
        stored = await self._runs.find(id)
        if stored is None:
            raise no_run(id)
        try:
            match command:
                case Cancel(path=path):
                    await self._cancel(stored, path)
                case Answer(token=token, value=value):
                    await self._answer(stored, token, value)
                case Resolve(path=path, action=action, value=value):
                    await self._resolve(stored, path, action, value)
                case _:
                    assert_never(command)
        except Lost as failure:
            raise elsewhere(id) from failure

    async def _cancel(self, stored: StoredRun, path: str | None) -> None:
        id = stored.summary.id
        if stored.summary.state in TERMINAL or (path is None and await self._stage.withdraw(stored)):
            return
        live = await self._reached(stored)
        if live is None or live.run is None:
            return
        if path is None:
            await live.gate.append(id, [Ended(state="cancelled")])  # Whatever happens from here on, it does not go on.
            if live.gate.lost:
                raise elsewhere(id)
        live.run.cancel(path)

    async def _answer(self, stored: StoredRun, token: str, value: Any) -> None:
        live = await self._reached(stored)
        if live is None or live.run is None:
            raise await self._too_late(stored.summary.id, token)
        await live.caught_up(lambda run: token not in live.fold.waits or token in run.waits or token in run.closed_waits)
        await live.run.answer(token, value)
        if live.gate.lost:
            raise elsewhere(stored.summary.id)

    async def _resolve(self, stored: StoredRun, path: str, action: str, value: Any) -> None:
        live = await self._reached(stored)
        if live is None or live.run is None:
            raise NotFound("run.node", "No node of this run is in doubt.", path=path)
        await live.caught_up(lambda run: live.fold.nodes.get(path, {}).get("state") != "unknown" or path in run.unknowns)
        live.run.resolve_unknown(path, action, value)

    async def done_before(self, asked: Asked) -> bool:
        """Tell whether a server that did not live to say so has carried out a command: an answer would be refused as a second one."""
        command = asked.command
        if not isinstance(command, Answer):
            return False
        records = await self._journal.read(asked.run_id)
        return any(isinstance(one, Answered) and one.token == command.token and one.value == command.value for one in records)

    async def _reached(self, stored: StoredRun) -> Live | None:
        """Return a run that has begun and is not over, in memory; None for any other. Raises `Elsewhere`."""
        id, owner, state = stored.summary.id, stored.owner, stored.summary.state
        if state in TERMINAL or (state == "queued" and not self._stage.has(id)):
            return None
        try:
            live = await self._stage.load(id)
        except Elsewhere:
            raise
        except Conflict:  # It has just ended.
            return None
        self._stage.turns.remove(owner, id)  # After a restart it may wait to go on: it need not wait any more.
        return live

    async def _too_late(self, id: str, token: str) -> Failure:
        if any(isinstance(record, Waiting) and record.token == token for record in await self._journal.read(id)):
            return Conflict("run.answered", "Time for an answer is over.", hint="Look at the run again.", token=token)
        return NotFound("run.token", "This run does not wait for that.", hint="Look at the run again.", token=token)
