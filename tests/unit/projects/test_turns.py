"""Who comes next."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from comfytavern.projects.turns import Turns


def take_all(turns: Turns) -> list[str]:
    taken: list[str] = []
    while (owner := turns.next({}, per_owner=1)) is not None:
        taken.append(turns.take(owner))
    return taken


def test_people_take_turns_and_keep_their_own_order() -> None:
    turns = Turns()
    for owner, id in (("ann", "a1"), ("ann", "a2"), ("ann", "a3"), ("bob", "b1"), ("cid", "c1"), ("bob", "b2")):
        turns.add(owner, id)
    assert turns.positions() == {"a1": 1, "b1": 2, "c1": 3, "a2": 4, "b2": 5, "a3": 6}
    assert turns.of("ann") == ["a1", "a2", "a3"]
    assert take_all(turns) == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert len(turns) == 0


def test_who_has_enough_running_is_passed_over() -> None:
    turns = Turns()
    turns.add("ann", "a1")
    turns.add("bob", "b1")
    assert turns.next({"ann": 2}, per_owner=2) == "bob"
    assert turns.next({"ann": 2, "bob": 5}, per_owner=2) is None


def test_a_run_leaves_the_queue_once() -> None:
    turns = Turns()
    turns.add("ann", "a1")
    assert not turns.remove("bob", "a1")
    assert turns.remove("ann", "a1")
    assert not turns.remove("ann", "a1")
    assert turns.next({}, per_owner=1) is None


@given(st.lists(st.sampled_from(["ann", "bob", "cid"]), max_size=30))
def test_positions_foretell_the_order_and_nobody_gets_two_turns_ahead(owners: list[str]) -> None:
    turns = Turns()
    ids = [f"{owner}{number}" for number, owner in enumerate(owners)]
    for owner, id in zip(owners, ids, strict=True):
        turns.add(owner, id)
    foretold = turns.positions()
    taken = take_all(turns)
    assert sorted(taken) == sorted(ids)
    assert {id: place for place, id in enumerate(taken, start=1)} == foretold
    left = Counter(owners)
    had: Counter[str] = Counter()
    for id in taken:
        had[id[:3]] += 1
        left[id[:3]] -= 1
        still_waiting = [owner for owner in left if left[owner]]
        assert all(had[id[:3]] - had[owner] <= 1 for owner in still_waiting)
