"""This process among the servers that share the runs: it says that it is alive, and knows of the others."""

import asyncio
import logging

from comfytavern.kernel.errors import Failure
from comfytavern.projects.executor import Executor, Hold, is_gone
from comfytavern.projects.repo import LeaseRepo

_log = logging.getLogger(__name__)


class Presence:
    """Begins with the first run or with `begin`, ends with `end`."""

    def __init__(self, leases: LeaseRepo, executor: Executor, *, lease_s: float, beat_s: float) -> None:
        """Be `executor`; who was not seen for `lease_s` is not alive."""
        self.executor, self.lease_s = executor, lease_s
        self.draining = False
        self.replaced = False
        """Whether another living server takes runs."""
        self._leases, self._beat_s = leases, beat_s
        self._beating: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Be there from now on."""
        if self._beating is None:
            await self.beat()
            if self._beating is None:
                self._beating = asyncio.create_task(self._beat_on(), name="runs.presence")

    async def end(self) -> None:
        """Be there no more: whatever is still held is free."""
        beating, self._beating = self._beating, None
        if beating is None:
            return
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        try:
            await self._leases.leave(self.executor.id)
        except Failure as failure:
            _log.warning("others will notice only later that this server is gone: %s", failure.sentence)

    async def beat(self) -> None:
        """Say that this process is alive, and look who else is. What a process of this machine held that has ended is free at once."""
        peers = await self._leases.beat(self.executor, draining=self.draining)
        alive = [peer for peer in peers if peer.age_s < self.lease_s]
        for peer in alive:
            if is_gone(peer.executor):
                await self._leases.leave(peer.executor.id)
        self.replaced = any(not peer.draining and not is_gone(peer.executor) for peer in alive)

    async def take(self, run_id: str) -> Hold | None:
        """Take a run, if it is to be had."""
        return await self._leases.take(run_id, self.executor.id, self.lease_s)

    async def release(self, hold: Hold) -> None:
        """Let another server have a run. What cannot be written now is noticed by the others later."""
        try:
            await self._leases.release(hold)
        except Failure as failure:
            _log.warning("run %s cannot be released: %s", hold.run_id, failure.sentence)

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(self._beat_s)
            try:
                await self.beat()
            except Failure as failure:
                _log.warning("this server cannot say that it is alive: %s", failure.sentence)
