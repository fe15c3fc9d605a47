"""Order of nodes, cycles, ancestors and descendants."""

from comfytavern.graph.document import Graph
from comfytavern.graph.order import ancestors, cycles, cycles_of, descendants, topological
from tests.unit.graph.catalogue import graph, node


def wired(ids: str, *wires: str) -> Graph:
    """Return a graph of nodes with one-letter ids, wires as `ab`."""
    return graph([node(id, "k") for id in ids], *(f"{wire[0]}.o > {wire[1]}.i" for wire in wires))


def test_wires_go_forwards_and_equals_keep_document_order() -> None:
    assert topological(wired("dcba", "ab", "bd", "ac")) == list("acbd")
    assert topological(wired("zyx")) == list("zyx")


def test_what_is_on_or_behind_a_cycle_comes_last() -> None:
    assert topological(wired("dcba", "ab", "ba", "bd")) == list("cdba")


def test_each_knot_names_a_shortest_cycle() -> None:
    assert cycles(wired("abcde", "ab", "bc", "ca", "ba", "de")) == [["a", "b"]]
    assert cycles(wired("abcd", "cd", "dc", "ab", "ba", "bc")) == [["a", "b"], ["c", "d"]]
    assert cycles(wired("ab", "aa")) == [["a"]]
    assert cycles(wired("abc", "ab", "bc", "ac")) == []


def test_ancestors_and_descendants_include_themselves() -> None:
    document = wired("abcde", "ab", "bc", "dc")
    assert ancestors(document, ["c"]) == set("abcd")
    assert descendants(document, ["b"]) == set("bc")
    assert ancestors(document, ["nobody"]) == set()


def test_wires_with_a_missing_end_are_no_wires() -> None:
    assert topological(wired("ab", "zb", "az")) == ["a", "b"]


def test_very_long_rows_and_rings() -> None:
    row = {str(index): [str(index + 1)] for index in range(20_000)} | {"20000": []}
    assert cycles_of(row) == []
    ring = {**row, "20000": ["0"]}
    assert len(cycles_of(ring)[0]) == 20_001
