"""Resource pools (semantics, O1): first come first served within a run, turn by turn between runs."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager


class Pools:
    """Named pools. A name without a size of its own takes that of its family (`llm` for `llm:openai`); no size: no limit."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        """Take how many nodes may be in each pool at once."""
        self._sizes = dict(sizes)
        self._pools: dict[str, _Pool] = {}

    @asynccontextmanager
    async def held(self, run_id: str, names: tuple[str, ...]) -> AsyncGenerator[None]:
        """Hold a place in every named pool. All nodes take them in the same order, so they cannot wait for each other in a circle."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                size = self._sizes.get(name, self._sizes.get(name.partition(":")[0]))
                if size is not None:
                    pool = self._pools.setdefault(name, _Pool(size))
                    await pool.acquire(run_id)
                    stack.callback(pool.release)
            yield


class _Pool:
    def __init__(self, size: int) -> None:
        self._free = size
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        """By run; the run at the front is next."""

    async def acquire(self, run_id: str) -> None:
        if self._free > 0 and not self._queues:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(run_id, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            raise

    def release(self) -> None:
        self._free += 1
        while self._free > 0 and self._queues:
            run_id, queue = self._queues.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._queues[run_id] = queue
            if not turn.done():
                self._free -= 1
                turn.set_result(None)
