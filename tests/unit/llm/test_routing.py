"""Whom to ask, and when to ask again: pure decisions."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfytavern.kernel.errors import Failure
from comfytavern.llm import errors
from comfytavern.llm.repo import Channel, Model
from comfytavern.llm.retry import Attempts, Patience
from comfytavern.llm.routing import routes

NO_CHANCE = lambda: 0.5  # noqa: E731 - a value for tests


def channel(id: str, **members: object) -> Channel:
    values = {"owner": "u", "name": id, "provider": "openai-compatible", "models": (Model(name="m"),), "fallback": True} | members
    return Channel(id=id, **values)


def order(reference: str, *channels: Channel) -> list[str]:
    return [route.reference for route in routes(reference, channels, NO_CHANCE)]


def test_the_named_channel_comes_first_then_priority() -> None:
    channels = [channel("a"), channel("b", priority=1), channel("c", priority=9)]
    assert order("a/m", *channels) == ["a/m", "c/m", "b/m"]
    assert order("any/m", *channels) == ["c/m", "b/m", "a/m"]


def test_a_new_channel_stands_in_for_nobody() -> None:
    assert not Channel(id="new", owner="u", name="new", provider="openai-compatible").fallback
    assert order("a/m", channel("a"), channel("b", fallback=False)) == ["a/m"]


def test_a_model_that_is_switched_off_is_found_by_its_full_name_only() -> None:
    off = channel("a", models=(Model(name="m", enabled=False),))
    assert order("any/m", off, channel("b")) == ["b/m"]
    assert order("b/m", off, channel("b")) == ["b/m"]
    assert order("a/m", off) == ["a/m"]


def test_a_model_name_may_hold_slashes() -> None:
    assert order("a/meta/llama-3", channel("a")) == ["a/meta/llama-3"]


def test_the_demo_model_has_no_stand_in() -> None:
    assert order("demo/demo", channel("a", models=(Model(name="demo"),))) == ["demo/demo"]


def test_a_channel_of_weight_nothing_comes_after_its_equals() -> None:
    assert order("any/m", channel("a", weight=0), channel("b"), channel("c", weight=5))[-1] == "a/m"


def test_requests_are_shared_out_by_weight() -> None:
    chance = Random(7).random
    channels = [channel("a", weight=1), channel("b", weight=3)]
    first = Counter(routes("any/m", channels, chance)[0].channel.id for _ in range(4000))
    assert first["b"] / 4000 == pytest.approx(0.75, abs=0.03)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_every_enabled_channel_is_asked_once_and_none_before_a_higher_priority(facts: list[tuple[int, int, bool]], random: Random) -> None:
    channels = [channel(f"c{index}", priority=priority, weight=weight, enabled=on) for index, (priority, weight, on) in enumerate(facts)]
    enabled = [each for each in channels if each.enabled]
    if not enabled:
        with pytest.raises(Failure):
            routes("any/m", channels, random.random)
        return
    found = [route.channel for route in routes("any/m", channels, random.random)]
    assert sorted(each.id for each in found) == sorted(each.id for each in enabled)
    assert [each.priority for each in found] == sorted((each.priority for each in enabled), reverse=True)


def attempts(*ids: str, **patience: float) -> Attempts:
    return Attempts(routes(f"{ids[0]}/m", [channel(id) for id in ids], NO_CHANCE), Patience(**patience), NO_CHANCE)


def test_waiting_doubles_and_ends() -> None:
    walk = attempts("a", tries=4, backoff_s=0.5)
    assert [walk.after(errors.server_error("a", 500)) for _ in range(3)] == [0.5, 1.0, 2.0]
    with pytest.raises(Failure) as failure:
        walk.after(errors.rate_limited("a"))
    assert failure.value.code == "llm.rate_limited"


def test_the_provider_says_how_long_to_wait() -> None:
    assert attempts("a").after(errors.rate_limited("a", retry_after_s=7)) == 7.25


def test_too_long_a_wait_means_the_next_channel_at_once() -> None:
    walk = attempts("a", "b", wait_max_s=20)
    assert walk.after(errors.rate_limited("a", retry_after_s=21)) == 0.0
    assert walk.route.channel.id == "b"


@pytest.mark.parametrize(
    "failure", [errors.auth("a"), errors.budget("a"), errors.model_not_found("a", "m"), errors.timeout("a", 1, started=False)]
)
def test_what_waiting_does_not_mend_goes_to_the_next_channel(failure: Failure) -> None:
    walk = attempts("a", "b")
    assert walk.after(failure) == 0.0
    assert walk.route.channel.id == "b"


@pytest.mark.parametrize("failure", [errors.refused("a", 400), errors.context_length("a", "m")])
def test_what_is_wrong_with_the_request_is_told_at_once(failure: Failure) -> None:
    with pytest.raises(Failure):
        attempts("a", "b").after(failure)
