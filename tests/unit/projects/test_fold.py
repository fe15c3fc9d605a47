"""What events add up to, how they are encoded, and how they reach those who watch."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from comfytavern.kernel.events import (
    ChunkSeen,
    NodeLog,
    NodesChanged,
    Progress,
    RunChanged,
    RunEvent,
    StreamReset,
    TextDelta,
    WaitClosed,
    WaitOpened,
)
from comfytavern.projects.batch import Batch, batch_of
from comfytavern.projects.channel import BYTES_KEPT, Channel
from comfytavern.projects.fold import LOGS_MAX, Fold


def fold(*events: RunEvent) -> dict[str, Any]:
    made = Fold()
    for event in events:
        made.add(event)
    return made.snapshot()


def test_a_text_is_what_was_appended_in_its_newest_epoch() -> None:
    told = fold(
        TextDelta(path="a", port="t", offset=0, text="one "),
        TextDelta(path="a", port="t", offset=4, text="two"),
        StreamReset(path="a", port="t", epoch=1),
        TextDelta(path="a", port="t", offset=0, text="new", epoch=1),
        TextDelta(path="a", port="t", offset=7, text="late", epoch=0),
    )
    assert told["texts"] == {"a:t": {"epoch": 1, "text": "new"}}


@given(st.text(), st.lists(st.tuples(st.integers(0, 50), st.integers(1, 10)), max_size=20))
def test_a_text_told_in_overlapping_pieces_is_the_same_text(text: str, pieces: list[tuple[int, int]]) -> None:
    told: list[RunEvent] = []
    length = 0
    for start, size in pieces:
        offset = min(start, length)
        told.append(TextDelta(path="a", port="t", offset=offset, text=text[offset : offset + size]))
        length = len(text[: offset + size])
    told.append(TextDelta(path="a", port="t", offset=length, text=text[length:]))
    assert fold(*told)["texts"]["a:t"]["text"] == text


def test_the_last_state_of_a_node_wins_and_progress_stays_beside_it() -> None:
    told = fold(
        NodesChanged(nodes=[("a", "running", None, None)]),
        Progress(path="a", value=0.5, text="half"),
        NodesChanged(nodes=[("b", "done", 1.5, {"outputs": {"x": 0}})]),
    )
    assert told["nodes"] == {
        "a": {"state": "running", "ms": None, "progress": [0.5, "half"]},
        "b": {"state": "done", "ms": 1.5, "outputs": {"x": 0}},
    }


def test_waits_are_open_until_they_are_answered_or_the_run_is_over() -> None:
    asked = [WaitOpened(path=name, token=name, title="?", schema={}) for name in "abc"]
    told = fold(*asked, WaitClosed(path="a", token="a", outcome="answered"))
    assert [wait["token"] for wait in told["waits"]] == ["b", "c"]
    assert fold(*asked, RunChanged(state="cancelled"))["waits"] == []


def test_only_the_latest_lines_and_chunks_are_kept() -> None:
    lines = [NodeLog(path="a", level="info", message=str(number)) for number in range(LOGS_MAX + 5)]
    told = fold(*lines, *(ChunkSeen(path="a", port="p", index=index, value=index) for index in range(3)))
    assert [len(told["logs"]), told["logs"][0]["message"]] == [LOGS_MAX, "5"]
    assert told["chunks"] == {"a:p": {"epoch": 0, "index": 2, "value": 2}}


def test_a_value_that_json_has_no_word_for_does_not_stop_the_others() -> None:
    odd = {"outputs": {"huge": 10**400, "strange": {1, 2}, "loop": None}}
    odd["outputs"]["loop"] = odd["outputs"]
    batch = batch_of([NodesChanged(seq=1, nodes=[("a", "done", 1.0, odd)]), RunChanged(seq=2, state="ok")])
    read = Batch(1, 2, batch.body).events
    assert isinstance(read[0], NodesChanged)
    assert read[0].nodes[0][:2] == ("a", "done")
    assert read[1] == RunChanged(seq=2, state="ok")


def told(first: int, last: int, *, text: str = "x") -> Batch:
    return batch_of([NodeLog(seq=seq, path="", level="info", message=text) for seq in range(first, last + 1)])


async def read(channel: Channel, after: int) -> list[int]:
    return [event.seq async for events in channel.watch(after) for event in events]


async def test_every_watcher_gets_every_event_once_wherever_it_starts() -> None:
    stored: list[Batch] = [told(1, 3), told(4, 4)]

    async def older(after: int) -> list[Batch]:
        return [batch for batch in stored if batch.last > after]

    channel = Channel(4, ended=False, stored=older)
    watchers = [asyncio.create_task(read(channel, after)) for after in range(12)]
    await asyncio.sleep(0)
    for first in range(5, 9, 2):
        stored.append(told(first, first + 1))
        channel.publish(stored[-1])
        await asyncio.sleep(0)
    stored.append(told(9, 9))
    channel.publish(stored[-1], ended=True)
    async with asyncio.timeout(10):
        assert [await watcher for watcher in watchers] == [list(range(after + 1, 10)) for after in range(12)]


async def test_a_watcher_far_behind_reads_what_memory_no_longer_holds() -> None:
    stored: list[Batch] = []

    async def older(after: int) -> list[Batch]:
        return [batch for batch in stored if batch.last > after][:2]

    channel = Channel(0, ended=False, stored=older)
    for seq in range(1, 9):
        stored.append(told(seq, seq, text="x" * (BYTES_KEPT // 3)))
        channel.publish(stored[-1], ended=seq == 8)
    assert sum(len(batch.body) for batch in channel._kept) <= BYTES_KEPT
    assert await read(channel, 0) == list(range(1, 9))
