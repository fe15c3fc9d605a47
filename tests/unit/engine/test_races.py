"""Races, and what becomes of failures that somebody takes (semantics, sections 2, 6 and 9)."""

import asyncio

import pytest

from comfytavern.engine.runner import Runner
from tests.unit.engine.world import ANY, Draw, finish, inp, states


@pytest.fixture
def track(world):
    async def wait(s, tag, x):
        await asyncio.sleep(s)
        return tag if x is None else f"{tag}({x})"

    world.node("t.wait", wait, [inp("s", ANY, default=0), inp("tag", ANY, default=""), inp("x", ANY, default=None)])
    world.node("t.catch", lambda value: "caught", [inp("value", ANY, required=True, accepts_error=True)])
    return world


def race(*runners):
    """A race of nodes that are there already, whose winner is the output `r`."""
    draw = Draw().n("race", "flow.race").n("out", "graph.output").gives("r")
    for kind, id, values in runners:
        draw.n(id, kind, **values).w(f"{id}.value", "race.values")
    return draw


def started(world, graph):
    runner = Runner(world)
    return runner.start(runner.compile(graph))


SLOW, FAST = ("t.wait", "slow", {"s": 30, "tag": "slow"}), ("t.wait", "fast", {"s": 0.01, "tag": "fast"})


@pytest.mark.parametrize("mode", ["finish", "fail_fast"])
async def test_what_stands_behind_a_race_runs_when_the_losers_are_cancelled(track, mode):
    draw = race(SLOW, FAST).n("then", "t.wait", s=0.02, tag="then").w("race.value", "then.x").w("then.value", "out.r")
    result, seen = await finish(track, draw.graph(), mode=mode)
    assert (result.state, result.outputs) == ("ok", {"r": "then(fast)"})
    assert states(seen) == {"slow": "cancelled", "fast": "done", "race": "done", "then": "done", "out": "done"}


@pytest.mark.parametrize("mode", ["finish", "fail_fast"])
async def test_a_runner_that_fails_only_loses(track, mode):
    result, seen = await finish(track, race(("t.boom", "bad", {}), SLOW, FAST).w("race.value", "out.r").graph(), mode=mode)
    assert (result.state, result.outputs, result.errors) == ("ok", {"r": "fast"}, [])
    assert states(seen)["bad"] == "failed"


async def test_a_loser_that_has_not_begun_yet_takes_nothing_with_it(track):
    """Its task is made, but the loop was busy with others: the output of the graph was cancelled with it (outputs {})."""
    tasks = []

    async def first(run):
        tasks.append(run)
        return "first"

    track.node("t.first", first, [inp("run", ANY, default=None)])
    # Tasks of one drain begin in the order in which the nodes became ready: the winner, which does not wait, before the loser.
    for runners in ([("t.first", "a", {}), SLOW], [SLOW, ("t.first", "a", {})]):
        result, _ = await finish(track, race(*runners).w("race.value", "out.r").graph())
        assert (result.state, result.outputs["r"]) == ("ok", "first")
    assert tasks == [None, None]


async def test_a_loser_that_something_else_needs_runs_on(track):
    draw = race(("t.wait", "later", {"s": 0.03, "tag": "later"}), FAST).w("race.value", "out.r").gives("l").w("later.value", "out.l")
    result, _ = await finish(track, draw.graph())
    assert (result.state, result.outputs) == ("ok", {"r": "fast", "l": "later"})


@pytest.mark.parametrize("mode", ["finish", "fail_fast"])
async def test_a_race_that_everybody_loses_by_failing_fails(track, mode):
    draw = race(("t.boom", "bad", {}), ("t.boom", "worse", {})).w("race.value", "out.r").n("beside", "t.wait", s=0.01)
    result, seen = await finish(track, draw.graph(), mode=mode)
    assert result.state == "failed"
    assert {error.path for error in result.errors} == {"bad", "worse"}
    assert seen["nodes"]["race"]["reason"] == "upstream_error"
    assert states(seen)["beside"] == ("done" if mode == "finish" else "cancelled")


@pytest.mark.parametrize("mode", ["finish", "fail_fast"])
async def test_a_failure_that_is_caught_is_no_failure_of_the_run(track, mode):
    draw = (
        Draw().n("bad", "t.boom").n("mid", "t.tag", name="mid").w("bad.value", "mid.x").n("catch", "t.catch").w("mid.value", "catch.value")
    )
    draw.n("out", "graph.output").gives("r").w("catch.value", "out.r")
    result, seen = await finish(track, draw.graph(), mode=mode)
    assert (result.state, result.outputs, result.errors) == ("ok", {"r": "caught"}, [])
    assert (states(seen)["bad"], states(seen)["mid"]) == ("failed", "skipped")


@pytest.mark.parametrize("mode", ["finish", "fail_fast"])
async def test_an_effect_may_fail_when_that_is_caught_and_may_not_when_nobody_looks(track, mode):
    def boom():
        raise ValueError("no")

    track.node("t.post", boom, [], effect="effect")
    draw = Draw().n("post", "t.post").n("catch", "t.catch").w("post.value", "catch.value").n("out", "graph.output").gives("r")
    result, _ = await finish(track, draw.w("catch.value", "out.r").graph(), mode=mode)
    assert (result.state, result.outputs, result.errors) == ("ok", {"r": "caught"}, [])
    result, _ = await finish(track, Draw().n("post", "t.post").graph(), mode=mode)
    assert (result.state, [error.path for error in result.errors]) == ("failed", ["post"])
    result, _ = await finish(track, draw.graph(), mode=mode, targets=["post"])
    assert (result.state, [error.path for error in result.errors]) == ("failed", ["post"]), "it was asked for by name"


async def test_a_failure_that_is_caught_on_one_way_only_fails_the_run(track):
    draw = Draw().n("bad", "t.boom").n("catch", "t.catch").w("bad.value", "catch.value").n("out", "graph.output").gives("r", "raw")
    draw.w("catch.value", "out.r").w("bad.value", "out.raw")
    result, _ = await finish(track, draw.graph())
    assert (result.state, result.outputs) == ("failed", {"r": "caught"})
    assert [error.path for error in result.errors] == ["bad"]
    draw = (
        Draw().n("bad", "t.boom").n("catch", "t.catch").w("bad.value", "catch.value").n("save", "t.tag", name="s").w("bad.value", "save.x")
    )
    result, _ = await finish(track, draw.graph())
    assert result.state == "failed", "nothing is wired to `save`: it was asked for"


async def test_a_person_cancels_one_runner_and_the_other_wins(track):
    run = started(track, race(SLOW, ("t.wait", "fast", {"s": 0.05, "tag": "fast"})).w("race.value", "out.r").graph())
    await asyncio.sleep(0.01)
    run.cancel("slow")
    result = await run.result()
    assert (result.state, result.outputs) == ("cancelled", {"r": "fast"})


async def test_a_person_cancels_all_runners_and_what_is_behind_them_is_cancelled(track):
    draw = race(SLOW, ("t.wait", "slow2", {"s": 30})).n("then", "t.tag", name="then").w("race.value", "then.x").w("then.value", "out.r")
    run = started(track, draw.graph())
    await asyncio.sleep(0.01)
    run.cancel("slow")
    await asyncio.sleep(0.01)
    assert run.snapshot()["nodes"].get("race", {"state": "idle"})["state"] == "idle"
    run.cancel("slow2")
    result = await asyncio.wait_for(run.result(), 5)
    assert (result.state, result.outputs) == ("cancelled", {})
    assert states(run.snapshot()) == dict.fromkeys(("slow", "slow2", "race", "then", "out"), "cancelled")


async def test_a_race_that_nobody_asked_for_does_not_begin_because_a_runner_was_cancelled(track):
    runner = Runner(track)
    run = runner.start(runner.compile(race(SLOW).w("race.value", "out.r").graph()), targets=["slow"])
    await asyncio.sleep(0.01)
    run.cancel("slow")
    assert (await asyncio.wait_for(run.result(), 5)).state == "cancelled"
    assert states(run.snapshot()) == {"slow": "cancelled"}
