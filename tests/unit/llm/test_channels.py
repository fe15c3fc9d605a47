"""Channels: keys go in and never come out; a test is real."""

from typing import Any

import msgspec
import pytest

from comfytavern.kernel.clock import ManualClock
from comfytavern.kernel.errors import Denied, Failure, Invalid, NotFound, TooLarge
from comfytavern.kernel.secret import Secret
from comfytavern.llm import channels as door
from comfytavern.llm.channels import Channels, Draft
from comfytavern.llm.endpoint import open_key
from comfytavern.llm.repo import Model
from comfytavern.llm.vault import Vault

OWNER, OTHER = "usr_1", "usr_2"
KEY = "sk-right-0123456789"
VAULT = Vault(Secret("application secret"))


@pytest.fixture
def channels(bench: Any) -> Channels:
    return Channels(bench.channels, VAULT, bench.providers, clock=ManualClock())


def draft(fake: Any, **members: Any) -> Draft:
    return Draft(**{"name": "Home", "provider": "openai-compatible", "base_url": fake.base_url, "key": Secret(KEY)} | members)


async def test_a_key_is_kept_and_never_shown(channels: Channels, bench: Any, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake, key=Secret(f" {KEY}\n"), headers={"X-Team": Secret("red-team-7")}), private=True)
    assert made.id.startswith("chn_")
    assert (made.has_key, made.headers) == (True, {"X-Team": "••••"})
    kept = await bench.channels.get(OWNER, made.id)
    assert open_key(kept, VAULT).reveal() == KEY
    everything = msgspec.json.encode([made, await channels.list(OWNER)]) + kept.key + kept.headers
    assert KEY.encode() not in everything
    assert b"red-team-7" not in everything


async def test_what_is_kept_answers(channels: Channels, bench: Any, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake, headers={"X-Team": Secret("red")}), private=True)
    assert (await bench.ask(f"{made.id}/fake-chat")).text == "Fake answer to: Hi"
    assert fake.requests[-1].headers["x-team"] == "red"


async def test_a_change_changes_only_what_it_names(channels: Channels, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake), private=True)
    changed = await channels.change(OWNER, made.id, Draft(name="Work", enabled=False, weight=0), private=True)
    assert changed == msgspec.structs.replace(made, name="Work", enabled=False, weight=0)
    assert (await channels.change(OWNER, made.id, Draft(key=None), private=True)).has_key is False


async def test_a_masked_header_that_comes_back_stays_as_it_was(channels: Channels, bench: Any, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake, headers={"X-Team": Secret("red"), "X-Old": Secret("gone")}), private=True)
    back = {"X-Team": Secret(made.headers["X-Team"]), "X-New": Secret("blue")}
    assert set((await channels.change(OWNER, made.id, Draft(headers=back), private=True)).headers) == {"X-Team", "X-New"}
    await bench.ask(f"{made.id}/fake-chat")
    sent = fake.requests[-1].headers
    assert (sent["x-team"], sent["x-new"], sent.get("x-old")) == ("red", "blue", None)


async def test_a_key_does_not_move_to_another_address(channels: Channels, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake, headers={"X-Team": Secret("red")}), private=True)
    same = await channels.change(OWNER, made.id, Draft(base_url=fake.base_url + "/more/"), private=True)
    assert (same.has_key, same.base_url) == (True, fake.base_url + "/more")
    moved = await channels.change(OWNER, made.id, Draft(base_url="http://127.0.0.1:9/v1"), private=True)
    assert (moved.has_key, moved.headers) == (False, {})


async def test_channels_of_others_do_not_exist(channels: Channels, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake), private=True)
    assert await channels.list(OTHER) == []
    for attempt in (
        lambda: channels.get(OTHER, made.id),
        lambda: channels.change(OTHER, made.id, Draft(name="Mine"), private=True),
        lambda: channels.delete(OTHER, made.id),
        lambda: channels.test(OTHER, made.id),
        lambda: channels.discover(OTHER, made.id),
    ):
        with pytest.raises(NotFound) as failure:
            await attempt()
        assert failure.value.code == "llm.no_channel"
    await channels.delete(OWNER, made.id)
    assert await channels.list(OWNER) == []


async def test_every_problem_of_a_draft_is_told_at_once(channels: Channels) -> None:
    wrong = Draft(
        name=" ",
        provider="pigeon",
        profile="nobody",
        base_url="ftp://x",
        key=Secret("a\nb"),
        headers={"Host": Secret("x")},
        models=(Model(name="a", capabilities=("fly",)), Model(name="a")),
        weight=-1,
    )
    with pytest.raises(Invalid) as failure:
        await channels.create(OWNER, wrong, private=True)
    assert failure.value.code == "llm.channel_invalid"
    assert {problem.place["field"] for problem in failure.value.problems} == {
        "name", "provider", "profile", "base_url", "key", "headers", "models", "priority"
    }  # fmt: skip
    assert await channels.list(OWNER) == []


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "localhost:11434",
        "https://",
        "https://user:pass@api.example.com/v1",
        "https://api.example.com/v1?key=1",
        "https://api.example.com/#x",
        "http://exa mple.com",
        "http://api.example.com:99999/v1",
        "file:///etc/passwd",
        "http://[::1/v1",
    ],
)
async def test_what_is_no_address_is_refused(channels: Channels, fake: Any, base_url: str) -> None:
    with pytest.raises(Invalid):
        await channels.create(OWNER, draft(fake, base_url=base_url), private=True)


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:11434/v1", "http://localhost/v1", "http://10.1.2.3/v1", "http://[::ffff:10.0.0.1]/v1"]
)
async def test_private_addresses_are_for_owners(channels: Channels, fake: Any, base_url: str) -> None:
    assert await channels.create(OWNER, draft(fake, base_url=base_url), private=True)
    with pytest.raises(Denied) as failure:
        await channels.create(OTHER, draft(fake, base_url=base_url), private=False)
    assert failure.value.code == "llm.private_address"


async def test_where_clouds_keep_their_credentials_nobody_goes(channels: Channels, fake: Any) -> None:
    for base_url in ("http://169.254.169.254/v1", "http://[fe80::1]/v1"):
        with pytest.raises(Denied):
            await channels.create(OWNER, draft(fake, base_url=base_url), private=True)


async def test_an_address_that_became_private_is_not_asked(bench: Any) -> None:
    await bench.add(private=False)
    with pytest.raises(Denied):
        await bench.ask("chn_1/fake-chat")
    assert not bench.fake.requests


async def test_a_test_asks_for_real(channels: Channels, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake), private=True)
    report = await channels.test(OWNER, made.id)
    assert report.ok
    assert report.model == "fake-chat"
    assert report.reply.startswith("Fake answer to: Reply with")
    assert report.latency_ms > 0
    assert [request.path for request in fake.requests] == ["/v1/models", "/v1/chat/completions"]


async def test_a_test_tells_what_is_wrong(channels: Channels, fake: Any) -> None:
    wrong = await channels.create(OWNER, draft(fake, key=Secret("sk-wrong-0000")), private=True)
    dead = await channels.create(OWNER, draft(fake, base_url="http://127.0.0.1:1/v1"), private=True)
    for channel, code in ((wrong, "llm.auth"), (dead, "llm.unreachable")):
        report = await channels.test(OWNER, channel.id)
        assert not report.ok
        assert report.problem
        assert report.problem.code == code
        assert report.problem.hint
        assert "sk-wrong-0000" not in str(report)
    named = await channels.test(OWNER, (await channels.create(OWNER, draft(fake), private=True)).id, "no-such-model")
    assert named.problem
    assert named.problem.code == "llm.model_not_found"


async def test_a_demo_channel_needs_nothing(channels: Channels, fake: Any) -> None:
    made = await channels.create(OWNER, Draft(name="Play", provider="demo", models=(Model(name="demo"),)), private=False)
    assert (await channels.test(OWNER, made.id)).reply.startswith("[demo model]")


async def test_discovery_keeps_what_was_typed_in(channels: Channels, bench: Any, fake: Any) -> None:
    mine = Model(name="fake-chat", manual=True, capabilities=("chat", "vision"), input_usd_per_million=3.0)
    made = await channels.create(OWNER, draft(fake, models=(mine, Model(name="gone-since"))), private=True)
    models = {model.name: model for model in await channels.discover(OWNER, made.id)}
    assert models["fake-chat"].capabilities == ("chat", "vision")
    assert models["fake-chat"].input_usd_per_million == 3.0
    assert models["fake-embedding"].capabilities == ("embedding",)
    assert "gone-since" not in models
    assert (await bench.gateway.models(OWNER))[0].id == "demo/demo"


async def test_a_model_switched_off_stays_off_and_keeps_what_is_known_of_it(channels: Channels, bench: Any, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake, models=(Model(name="fake-chat", input_usd_per_million=3.0),)), private=True)
    off = Draft(models=(Model(name="fake-chat", enabled=False),))
    assert (await channels.change(OWNER, made.id, off, private=True)).models[0].input_usd_per_million == 3.0
    found = {model.name: model.enabled for model in await channels.discover(OWNER, made.id)}
    assert not found["fake-chat"]
    assert found["fake-embedding"]
    offered = {offer.name: offer.enabled for offer in await bench.gateway.models(OWNER)}
    assert not offered["fake-chat"]


async def test_discovery_fails_in_words(channels: Channels, fake: Any) -> None:
    made = await channels.create(OWNER, draft(fake, key=Secret("sk-wrong-0000")), private=True)
    with pytest.raises(Failure) as failure:
        await channels.discover(OWNER, made.id)
    assert failure.value.code == "llm.auth"


async def test_there_is_a_limit(channels: Channels, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "CHANNELS_MAX", 1)
    await channels.create(OWNER, draft(fake), private=True)
    with pytest.raises(TooLarge):
        await channels.create(OWNER, draft(fake), private=True)


async def test_a_key_of_another_secret_leaves_the_channel_visible(bench: Any, fake: Any) -> None:
    first = Channels(bench.channels, Vault(Secret("first")), bench.providers)
    made = await first.create(OWNER, draft(fake, headers={"X-Team": Secret("red")}), private=True)
    second = Channels(bench.channels, VAULT, bench.providers)
    assert (await second.list(OWNER))[0].has_key
    report = await second.test(OWNER, made.id)
    assert report.problem
    assert report.problem.code == "llm.key_unreadable"
