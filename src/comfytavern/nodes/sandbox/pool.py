"""A few worker processes that can be killed at any moment, and are replaced when they were."""

import asyncio
import contextlib
import json
import os
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from typing import Any

import msgspec

from comfytavern.kernel.errors import Failure, TooLarge, Unavailable

_BOOTSTRAP = "import json,sys; sys.path[:] = json.loads(sys.argv.pop()); from comfytavern.nodes.sandbox.worker import main; main()"
_JOBS_PER_WORKER = 500
_GRACE_S = 0.5
"""What a worker gets on top of its limit, to report by itself that the time is up."""
_START_S = 60.0
"""A busy machine takes its time to start a process; that is not the job's."""


class Sandbox:
    """Runs the tasks of sandbox/tasks. One per process, made at boot; nodes ask `ctx.use(Sandbox)`."""

    def __init__(
        self,
        *,
        workers: int = 2,
        time_s: float = 5.0,
        memory_bytes: int = 1 << 30,
        payload_bytes: int = 32 << 20,
        output_bytes: int = 16 << 20,
    ) -> None:
        """Take the limits. No process is started before the first job."""
        self._free = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []
        self._gone: set[asyncio.Task[None]] = set()
        self._time_s = time_s
        self._payload_bytes = payload_bytes
        self._limits = {"memory_bytes": memory_bytes, "output_bytes": output_bytes}

    async def run(self, task: str, payload: dict[str, Any], *, time_s: float | None = None) -> Any:
        """Return what the task returns for this payload (both JSON).

        Raises the `Failure` that the task reports, or `sandbox.time`, `sandbox.memory`, `sandbox.output`. A cancelled
        call kills the worker at once; waiting for a worker, a free one or a new one, does not count as running time.
        """
        seconds = self._time_s if time_s is None else time_s
        frame = msgspec.json.encode({"task": task, "payload": payload, "time_s": seconds})
        if len(frame) > self._payload_bytes:
            raise TooLarge("sandbox.input", f"The input has {len(frame):,} bytes; {self._payload_bytes:,} are allowed.", bytes=len(frame))
        async with self._free:
            worker = self._idle.pop() if self._idle else await _Worker.start(self._limits, task)
            try:
                await worker.ready()
                answer = await asyncio.wait_for(worker.ask(frame), seconds + _GRACE_S)
            except TimeoutError:
                raise Failure("sandbox.time", f"This ran longer than {seconds:g} s and was stopped.", seconds=seconds) from None
            except (EOFError, OSError):
                raise Failure("sandbox.memory", "This used more memory or time than it may, and its process was stopped.") from None
            else:
                worker.healthy = not answer.get("worn") and worker.jobs < _JOBS_PER_WORKER
            finally:
                self._take_back(worker)
        if refused := answer.get("refused"):
            raise Failure(refused["code"], refused["sentence"], hint=refused.get("hint", ""), **refused.get("params", {}))
        return answer["value"]

    async def aclose(self) -> None:
        """Kill all workers and wait until they are gone."""
        while self._idle:
            self._discard(self._idle.pop())
        await asyncio.gather(*self._gone)

    def _take_back(self, worker: "_Worker") -> None:
        if worker.healthy:
            worker.healthy = False
            self._idle.append(worker)
        else:
            self._discard(worker)

    def _discard(self, worker: "_Worker") -> None:
        worker.kill()
        task = asyncio.create_task(worker.gone())
        self._gone.add(task)
        task.add_done_callback(self._gone.discard)


class _Worker:
    """One child process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.jobs = 0
        self.healthy = False
        """Set after a job that left it fit for another."""
        self._ready = False

    @classmethod
    async def start(cls, limits: dict[str, int], task: str) -> "_Worker":
        """Start a child in a process group of its own, with an empty environment, that gets ready for `task`."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
        arguments = ["-I", "-c", _BOOTSTRAP, json.dumps(limits), task, json.dumps(sys.path)]
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL, env=kept, start_new_session=True
            )
        except OSError as error:
            raise Unavailable("sandbox.start", f"The sandbox cannot be started: {error.strerror or error}.") from error
        return cls(process)

    async def ask(self, frame: bytes) -> dict[str, Any]:
        """Send a job and return the answer. Raises `EOFError` or `OSError` when the child dies over it."""
        self.jobs += 1
        to = self._process.stdin
        if to is None:
            raise EOFError
        to.write(struct.pack(">I", len(frame)) + frame)
        await to.drain()
        return await self._answer()

    async def ready(self) -> None:
        """Wait until the child can take its first job. Raises as `ask`, and `Unavailable` when it takes too long."""
        if self._ready:
            return
        try:
            await asyncio.wait_for(self._answer(), _START_S)
        except TimeoutError:
            raise Unavailable("sandbox.start", f"The sandbox did not start within {_START_S:g} s.") from None
        self._ready = True

    async def _answer(self) -> dict[str, Any]:
        of = self._process.stdout
        if of is None:
            raise EOFError
        size = struct.unpack(">I", await of.readexactly(4))[0]
        return json.loads(await of.readexactly(size))

    def kill(self) -> None:
        """End the child and whatever it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    async def gone(self) -> None:
        """Wait until the system has let go of the child."""
        await self._process.wait()
