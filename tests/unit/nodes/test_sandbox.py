"""What a stranger's code may do: fail clearly, and nothing else."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from comfytavern.kernel.errors import Failure
from comfytavern.nodes.sandbox.pool import Sandbox

FOREVER = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(time_s=0.5)
    yield made
    await made.aclose()


async def template(sandbox: Sandbox, source: str, **variables: Any) -> str:
    return await sandbox.run("template", {"template": source, "variables": variables})


async def python(sandbox: Sandbox, source: str, *outputs: str, **inputs: Any) -> dict[str, Any]:
    job = {"code": source, "inputs": inputs, "outputs": outputs, "time_s": 0.5, "memory_bytes": 64 << 20}
    return await sandbox.run("python", job)


async def refused(work: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        await work
    return caught.value


async def test_zero_false_and_nothing_survive(sandbox: Sandbox) -> None:
    assert await template(sandbox, "{{ a }}|{{ b }}|{{ c }}|{{ d }}|{{ e }}", a=0, b=False, c="", d=None, e=[0]) == "0|false|||[0]"
    done = await python(sandbox, "x = [a, b, c]\nx", "x", a=0, b=False, c="")
    assert done["result"] == done["outputs"]["x"] == [0, False, ""]


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("{{ missing }}", "template.undefined", 1),
        ("a\n{{ missing.x }}", "template.undefined", 2),
        ("a\nb {% if %}", "template.syntax", 2),
        ("\n\n{{ 1 / 0 }}", "template.failed", 3),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "template.forbidden", 1),
        ("{{ self._TemplateReference__context }}", "template.forbidden", 1),
        ("{% include 'x' %}", "template.failed", 1),
        ("{{ x.append(1) }}", "template.forbidden", 1),
    ],
)
async def test_a_template_says_what_is_wrong_and_where(sandbox: Sandbox, source: str, code: str, line: int) -> None:
    failure = await refused(template(sandbox, source, x=[]))
    assert failure.code == code
    assert failure.params.get("line") == line


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("x = 1\ny = x / 0", "code.failed", 2),
        ("x = 1\n\ndef f():\n    return x[0]\nf()", "code.failed", 4),
        ("x = (", "code.syntax", 1),
        ("import socket", "code.failed", 1),
        ("import os\nos.listdir('/')", "code.failed", 2),
        ("open('/etc/passwd')", "code.failed", 1),
        ("__import__('os').system('true')", "code.failed", 1),
        ("float('nan')", "code.value", None),
    ],
)
async def test_code_says_what_is_wrong_and_where(sandbox: Sandbox, source: str, code: str, line: int | None) -> None:
    failure = await refused(python(sandbox, source))
    assert failure.code == code
    assert failure.params.get("line") == line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "source"),
    [
        ("template", FOREVER),
        ("template", "{{ 10 ** (10 ** 10) }}"),
        ("template", "{{ 'a' * 10 ** 10 }}"),
        ("template", "{% set n = namespace(x='ab') %}{% for i in range(40) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}"),
        ("template", "{{ 'x' * 40000000 }}"),
        ("python", "while True:\n    pass"),
        ("python", "10 ** 10 ** 9"),
        ("python", "x = 'a' * 10 ** 10"),
        ("python", "x = []\nwhile True:\n    x.append('a' * 100000)"),
        ("python", "def f():\n    return f()\nf()"),
        ("python", "import re\nre.match('(a|a)*$', 'a' * 40 + 'b')"),
        ("python", "[[0] * 10000 for _ in range(10000)]"),
        ("json_path", "$..[?search(@, '(a+)+$')]"),
    ],
)
async def test_a_bomb_is_a_clear_failure_and_the_pool_recovers(sandbox: Sandbox, task: str, source: str) -> None:
    start = time.monotonic()
    work: Any
    if task == "template":
        work = template(sandbox, source)
    elif task == "python":
        work = python(sandbox, source)
    else:
        work = sandbox.run("json_path", {"path": source, "value": ["a" * 40 + "b"]})
    try:
        await work
    except Failure as failure:
        assert failure.code in ("sandbox.time", "sandbox.memory", "sandbox.output", "code.failed")
        assert failure.sentence
    assert time.monotonic() - start < 4
    assert await template(sandbox, "{{ a }}", a=1) == "1"
    assert (await python(sandbox, "a + 1", a=1))["result"] == 2


async def test_a_cancelled_call_kills_its_worker_at_once(sandbox: Sandbox) -> None:
    await template(sandbox, "warm")
    worker = sandbox._idle[0]._process
    work = asyncio.create_task(sandbox.run("template", {"template": FOREVER, "variables": {}}, time_s=60))
    await asyncio.sleep(0.1)
    start = time.monotonic()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await asyncio.wait_for(worker.wait(), 1)
    assert time.monotonic() - start < 1
    assert await template(sandbox, "{{ 1 }}") == "1"


async def test_a_worker_that_was_shot_is_replaced(sandbox: Sandbox) -> None:
    await template(sandbox, "warm")
    os.kill(sandbox._idle[0]._process.pid, signal.SIGKILL)
    await asyncio.sleep(0.05)
    assert (await refused(template(sandbox, "{{ 1 }}"))).code == "sandbox.memory"
    assert await template(sandbox, "{{ 1 }}") == "1"


async def test_more_calls_than_workers_take_turns(sandbox: Sandbox) -> None:
    results = await asyncio.gather(*(template(sandbox, "{{ n }}", n=n) for n in range(40)))
    assert results == [str(n) for n in range(40)]
    assert len(sandbox._idle) <= 2


async def test_too_much_input_is_refused_before_it_is_sent() -> None:
    sandbox = Sandbox(payload_bytes=1000)
    assert (await refused(template(sandbox, "x" * 2000))).code == "sandbox.input"
    assert not sandbox._idle


async def test_one_job_leaves_nothing_for_the_next(sandbox: Sandbox) -> None:
    await python(sandbox, "secret = 42")
    assert (await refused(python(sandbox, "secret"))).code == "code.failed"


async def test_what_was_printed_comes_back(sandbox: Sandbox) -> None:
    assert (await python(sandbox, "for i in range(3):\n    print(i)"))["printed"] == "0\n1\n2\n"


@pytest.mark.slow
def test_workers_do_not_outlive_their_parent() -> None:
    script = (
        "import asyncio, os\n"
        "from comfytavern.nodes.sandbox.pool import Sandbox\n"
        "async def main():\n"
        "    s = Sandbox()\n"
        "    await s.run('template', {'template': 'x', 'variables': {}})\n"
        "    print(s._idle[0]._process.pid, flush=True)\n"
        "    os._exit(9)\n"
        "asyncio.run(main())\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    pid = int(told.stdout)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")
