"""Functions that may block, in worker threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Threads:
    """A pool of worker threads, started when first needed."""

    def __init__(self, workers: int, grace_s: float) -> None:
        """Use `workers` threads at most; a cancelled call is waited for `grace_s`, then its result is given up (O2)."""
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="node")
        self._grace_s = grace_s

    async def call(self, function: Callable[..., Any], values: list[Any]) -> Any:
        """Return what the function returns."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*values))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if not future.cancel():
                future.add_done_callback(_forget)
                await asyncio.wait([future], timeout=self._grace_s)
            raise

    def close(self) -> None:
        """Start nothing more; do not wait for what is stuck."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _forget(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()
