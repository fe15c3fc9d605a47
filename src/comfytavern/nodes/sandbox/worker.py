"""The child's side: reads jobs from stdin and writes answers to stdout, each a length (4 bytes) and JSON."""

import contextlib
import importlib
import json
import os
import struct
import sys
from typing import Any, BinaryIO

TASKS = "comfytavern.nodes.sandbox.tasks"


def main() -> None:
    """Say that it is ready, then serve until the parent closes the pipe. `argv[1]` holds the limits as JSON, `argv[2]` the first task."""
    limits: dict[str, int] = json.loads(sys.argv[1])
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 -- a device, not a path
        for standard in (0, 1, 2):
            os.dup2(nothing.fileno(), standard)
    _limit(limits)
    importlib.import_module(f"{TASKS}.{sys.argv[2]}").warm()
    _write(answers, {}, limits["output_bytes"])
    while (job := _read(jobs)) is not None:
        _allow_cpu(job["time_s"])
        _write(answers, _answer(job), limits["output_bytes"])


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    """Return `{"value": …}`, or `{"refused": {…}}` with the members of a Failure; `worn` when the worker should not be used again."""
    from comfytavern.nodes.sandbox.tasks.refusal import Refusal  # noqa: PLC0415 -- after the limits are set

    try:
        return {"value": importlib.import_module(f"{TASKS}.{job['task']}").run(job["payload"])}
    except Refusal as refusal:
        said = {"code": refusal.code, "sentence": refusal.sentence, "hint": refusal.hint, "params": refusal.params}
        return {"refused": said, "worn": refusal.code.startswith("sandbox.")}
    except MemoryError:
        return {"refused": {"code": "sandbox.memory", "sentence": "This used more memory than it may and was stopped."}, "worn": True}


def _limit(limits: dict[str, int]) -> None:
    """Bind memory, open files and file sizes of this process and of whatever it starts (where the system can)."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 -- not everywhere

        resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow_cpu(seconds: float) -> None:
    """Let this process use `seconds` more of the processor; the system kills it after that, even if the parent is gone."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 -- not everywhere

        usage = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime + seconds) + 2, resource.RLIM_INFINITY))


def _read(source: BinaryIO) -> dict[str, Any] | None:
    head = source.read(4)
    return json.loads(source.read(struct.unpack(">I", head)[0])) if len(head) == 4 else None


def _write(target: BinaryIO, answer: dict[str, Any], bytes_max: int) -> None:
    body = json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(body) > bytes_max:
        said = {"code": "sandbox.output", "sentence": f"The result has {len(body):,} bytes; {bytes_max:,} are allowed."}
        body = json.dumps({"refused": said, "worn": True}).encode()
    target.write(struct.pack(">I", len(body)) + body)
    target.flush()
