"""Server-sent events, cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfytavern.llm import sse
from comfytavern.llm.sse import EventParser, LineTooLong, ServerEvent

STREAM = (
    b"\xef\xbb\xbfdata: one\n\n: a comment\n\ndata:two\ndata: lines\n\nevent: error\r\ndata: {}\r\n\r\n"
    b"id: 7\nretry: 10\nnonsense\n\ndata: \xe4\xbd\xa0\xe5\xa5\xbd\n\n"
)
EVENTS = [
    ServerEvent(b"one"),
    ServerEvent(b""),
    ServerEvent(b"two\nlines"),
    ServerEvent(b"{}", "error"),
    ServerEvent("你好".encode()),
]


def parse(*chunks: bytes) -> list[ServerEvent]:
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.end()


def test_events_comments_and_names_are_understood() -> None:
    assert parse(STREAM) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted))
def test_it_does_not_matter_where_the_stream_is_cut(cuts: list[int]) -> None:
    edges = [0, *cuts, len(STREAM)]
    assert parse(*(STREAM[start:end] for start, end in pairwise(edges))) == EVENTS


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1), max_size=5),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_sent_arrives(texts: list[str], newline: str) -> None:
    stream = "".join(f"data: {text}{newline}{newline}" for text in texts).encode()
    assert [event.data.decode() for event in parse(stream)] == texts


def test_a_last_event_without_its_blank_line_is_not_lost() -> None:
    assert parse(b"data: one\n\ndata: two") == [ServerEvent(b"one"), ServerEvent(b"two")]


def test_a_line_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_LINE_MAX_BYTES", 1000)
    with pytest.raises(LineTooLong):
        parse(*[b"x" * 100] * 100)
