"""Model calls inside runs of the real engine: a failing call fails its node with a sentence, never the process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from comfytavern.engine.runner import Runner
from comfytavern.graph.document import End, Graph, Node, Policy, Wire
from comfytavern.kernel.secret import Secret
from comfytavern.llm.endpoint import seal_key
from comfytavern.llm.gateway import Gateway
from comfytavern.llm.providers.demo import Demo
from comfytavern.llm.providers.openai_compatible import OpenAICompatible
from comfytavern.llm.repo import Channel
from comfytavern.llm.retry import Patience
from comfytavern.llm.vault import Vault
from comfytavern.nodes.registry import Catalogue
from comfytavern.testing.llm import MemoryChannels
from comfytavern.testing.openai_server import FakeOpenAI

OWNER, KEY, VAULT = "usr_1", "sk-right-0123456789", Vault(Secret("application secret"))
QUICK = Patience(first_token_s=3.0, tries=2, backoff_s=0.01)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(key=KEY) as server:
        yield server


@pytest.fixture
async def runner(fake: FakeOpenAI) -> AsyncIterator[Runner]:
    def channel(id: str, **members: Any) -> Channel:
        sealed = seal_key(id, Secret(members.pop("key", KEY)), VAULT)
        values: dict[str, Any] = {"provider": "openai-compatible", "base_url": fake.base_url, "private": True, "key": sealed}
        return Channel(id=id, owner=OWNER, name="Home", **(values | members))

    channels = MemoryChannels(
        channel("chn_1"), channel("chn_wrong", key="sk-wrong-0"), channel("chn_dead", base_url="http://127.0.0.1:1/v1")
    )
    providers = {"demo": Demo(delay_s=0), "openai-compatible": OpenAICompatible()}
    gateway = Gateway(channels, VAULT, providers, patience=QUICK)
    yield Runner(Catalogue.built_in(), services={Gateway: gateway})
    await gateway.aclose()


def asking(model: str, **values: Any) -> Graph:
    return Graph(nodes=[Node(id="ask", kind="llm.chat", values={"model": model, "prompt": "one two three four"} | values)])


def run_of(runner: Runner, graph: Graph, **options: Any) -> Any:
    return runner.start(runner.compile(graph), owner=OWNER, **options)


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("chn_wrong/fake-chat", "llm.auth"),
        ("chn_dead/fake-chat", "llm.unreachable"),
        ("chn_gone/fake-chat", "llm.channel_not_found"),
        ("chn_1/fake-cut", "llm.interrupted"),
        ("chn_1/fake-garbage", "llm.bad_reply"),
        ("chn_1/fake-error-429", "llm.rate_limited"),
        ("chn_1/fake-hang", "llm.timeout"),
    ],
)
async def test_a_failing_call_fails_its_node_and_nothing_else(runner: Runner, model: str, code: str) -> None:
    graph = Graph(nodes=[*asking(model).nodes, Node(id="beside", kind="llm.chat", values={"prompt": "Hi"})])
    result = await run_of(runner, graph).result()
    assert result.state == "failed"
    assert [(error.path, error.code) for error in result.errors] == [("ask", code)]
    assert result.errors[0].message.endswith(".")
    assert result.errors[0].hint
    after = run_of(runner, asking("demo/demo"))
    assert (await after.result()).state == "ok"
    assert after.node("ask")["outputs"]["text"].startswith("[demo model]")


async def test_what_came_before_the_break_stays_visible(runner: Runner) -> None:
    run = run_of(runner, asking("chn_1/fake-cut"))
    await run.result()
    assert run.snapshot()["texts"]["ask:text"]["text"] == "Fake answer to: "


async def test_four_megabytes_pass_through_a_run(runner: Runner) -> None:
    run = run_of(runner, asking("chn_1/fake-huge"))
    assert (await run.result()).state == "ok"
    assert len(run.node("ask")["outputs"]["text"]) == 4 * 1024 * 1024


async def test_cancelling_a_run_closes_the_call_in_flight_within_a_second(runner: Runner, fake: FakeOpenAI) -> None:
    before = fake.closed_early
    run = run_of(runner, asking("chn_1/fake-endless"))
    async for batch in run.events():
        if any(event.__class__.__name__ == "TextDelta" for event in batch):
            break
    run.cancel()
    async with asyncio.timeout(1):
        assert (await run.result()).state == "cancelled"
    assert await fake.sees(lambda: fake.closed_early == before + 1, within_s=5.0)


async def test_an_error_port_carries_the_sentence(runner: Runner) -> None:
    ask = Node(id="ask", kind="llm.chat", values={"model": "chn_wrong/fake-chat", "prompt": "Hi"}, policy=Policy(on_error="port"))
    show = Node(id="show", kind="flow.variable")
    graph = Graph(nodes=[ask, show], wires=[Wire(id="w", source=End("ask", "error"), target=End("show", "value"))])
    run = run_of(runner, graph)
    assert (await run.result()).state == "ok"
    shown = run.node("show")["outputs"]["value"]
    assert shown["code"] == "llm.auth"
    assert "refused the key" in shown["message"]


async def test_usage_is_added_up_by_the_run(runner: Runner) -> None:
    result = await run_of(runner, asking("chn_1/fake-chat")).result()
    assert result.usage["chn_1/fake-chat"]["output_tokens"] == 7


async def test_a_chat_talks_on(runner: Runner) -> None:
    """The answer of one chat is the history of the next."""
    first = Node(id="first", kind="llm.chat", values={"prompt": "Hello"})
    second = Node(id="second", kind="llm.chat", values={"prompt": "And then?"})
    wires = [Wire(id="w", source=End("first", "messages"), target=End("second", "messages"))]
    run = run_of(runner, Graph(nodes=[first, second], wires=wires))
    assert (await run.result()).state == "ok"
    said = run.node("second")["outputs"]["messages"]
    assert [message["role"] for message in said] == ["user", "assistant", "user", "assistant"]
