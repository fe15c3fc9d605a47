"""Text, numbers, flow and streams by their functions: what the examples do not show."""

import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfytavern.engine.implementation import DEAD, ErrorValue
from comfytavern.kernel.errors import Failure
from comfytavern.nodes.flow.catch import catch
from comfytavern.nodes.flow.filter import filter_list
from comfytavern.nodes.flow.item import item
from comfytavern.nodes.flow.list import arrange
from comfytavern.nodes.flow.switch import switch
from comfytavern.nodes.flow.wait_until import wait_until
from comfytavern.nodes.kit import Type, Words, as_text, inp, node, out
from comfytavern.nodes.numbers.compare import compare
from comfytavern.nodes.numbers.logic import logic
from comfytavern.nodes.numbers.math import FUNCTIONS, math_function
from comfytavern.nodes.numbers.matrix import matrix
from comfytavern.nodes.numbers.parse import parse
from comfytavern.nodes.stream.sentences import sentences
from comfytavern.nodes.text.join import join
from comfytavern.nodes.text.markdown import markdown
from comfytavern.nodes.text.parse_json import parse_json
from comfytavern.nodes.text.regex import regex
from comfytavern.nodes.text.replace import replace
from comfytavern.nodes.text.split import split
from comfytavern.nodes.text.trim import trim


def code_of(work: Any, *arguments: Any) -> str:
    with pytest.raises(Failure) as caught:
        work(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0, "0"), (1.5, "1.5"), (False, "false"), ("", ""), (None, ""), ([0, ""], '[0,""]'), ({"a": None}, '{"a":null}')],
)
def test_values_are_written_as_people_read_them(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_a_parameter_that_is_no_input_is_an_error_at_import() -> None:
    with pytest.raises(TypeError, match=r"text\.bad: parameters"):

        @node(
            "text.bad",
            title="Bad",
            description="Bad.",
            inputs=[inp("a", Type.ANY)],
            outputs=[out("b", Type.ANY)],
            zh=Words(title="", description=""),
        )
        def bad(b: Any) -> Any:
            return b


def test_the_code_version_follows_the_code_and_nothing_else() -> None:
    def made(factor: int) -> str:
        scope: dict[str, Any] = {"node": node, "inp": inp, "out": out, "Type": Type, "Words": Words}
        exec(
            "@node('text.x', title='X', description='X.', inputs=[inp('a', Type.ANY)], outputs=[out('b', Type.ANY)], zh=Words(title='', description=''))\n"
            f"def x(a):\n    return a * {factor} if a in {{'p', 'q', 'r'}} else a.upper()",
            scope,
        )
        return scope["x"].__node__.code_version

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_joining_takes_lists_apart_and_keeps_zero() -> None:
    assert join([0, [1, ""], None], "-", False) == "0-1--"
    assert join([0, [1, ""], None], "-", True) == "0-1"
    assert join([], "-", False) == ""


def test_splitting_knows_its_ways() -> None:
    assert split("a\r\n b\n\nc", "lines", "", 1, True, True) == (["a", "b", "c"], 3)
    assert split("abcde", "size", "", 2, False, False) == (["ab", "cd", "e"], 3)
    assert split("a b", "characters", "", 1, True, False) == (["a", " ", "b"], 3)
    assert code_of(split, "a", "separator", "", 1, True, True) == "text.separator"
    assert code_of(split, "a", "nonsense", "", 1, True, True) == "text.split"


@given(st.text(max_size=200), st.integers(1, 20))
def test_pieces_of_one_size_are_the_text(text: str, size: int) -> None:
    assert "".join(split(text, "size", "", size, False, False)[0]) == text


@given(st.text(max_size=50), st.integers(0, 20), st.text(max_size=3))
def test_trimming_never_leaves_more_than_it_may(text: str, length: int, ellipsis: str) -> None:
    assert length == 0 or len(trim(text, "none", "", length, ellipsis)) <= length


def test_replacing_is_literal() -> None:
    assert replace("a.b.c", ".", r"\1", 1, False) == r"a\1b.c"
    assert replace("Tea tea TEA", "tea", r"\g<0>", 0, True) == r"\g<0> \g<0> \g<0>"
    assert replace("abc", "", "x", 0, False) == "abc"


def test_patterns_find_replace_split_and_stop() -> None:
    assert regex("a1b2", r"\d", "find", "", False, False, False) == ("1", ["1", "2"], True)
    assert regex("a1b2", r"(?P<n>\d)", "replace", r"<\g<n>>", False, False, False) == ("a<1>b<2>", [], True)
    assert regex("a1b2c", r"\d", "split", "", False, False, False)[1] == ["a", "b", "c"]
    assert regex("x", r"\d", "find", "", False, False, False) == ("", [], False)
    assert code_of(regex, "x", "(", "find", "", False, False, False) == "text.pattern"
    assert code_of(regex, "a" * 40 + "b", "(a|a|aa)+$", "find", "", False, False, False) == "text.regex_time"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("false", False),
        ('""', ""),
        ('Sure!\n```json\n{"a": [1]}\n```\nBye {x}', {"a": [1]}),
        ("the list [1, 2] and more", [1, 2]),
        ('{not json} then {"b": 0}', {"b": 0}),
    ],
)
def test_json_is_found_in_what_models_write(text: str, value: Any) -> None:
    assert parse_json(text, True) == value


@pytest.mark.parametrize("text", ["", "hello", "{", "[" * 100_000, "NaN", '{"a": Infinity}'])
def test_what_is_no_json_is_said(text: str) -> None:
    assert code_of(parse_json, text, True) == "text.json"


def test_markdown_loses_its_marks_and_keeps_its_words() -> None:
    text = "# A\n\nb *c*\nd\n\n- e\n  - f\n\n```py\ng()\n```\n\n[h](http://x)"
    assert markdown(text, True, True) == "A\n\nb c\nd\n\n• e\n  • f\n\ng()\n\nh (http://x)"
    assert "g()" not in markdown(text, False, False)


def test_every_function_has_a_value_somewhere() -> None:
    assert len(FUNCTIONS) >= 34
    for name in FUNCTIONS:
        result, whole = math_function(name, 0.5, 2, 3)
        assert math.isfinite(result)
        assert isinstance(whole, int)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("divide", 1, 0, 0), "numbers.zero"),
        (("modulo", 1, 0, 0), "numbers.zero"),
        (("square_root", -1, 0, 0), "numbers.domain"),
        (("logarithm", 0, 10, 0), "numbers.domain"),
        (("power", 10, 10**9, 0), "numbers.range"),
        (("power", 10.0, 400.0, 0), "numbers.range"),
        (("exponent", 1000, 0, 0), "numbers.range"),
        (("multiply", 1e308, 10, 0), "numbers.range"),
        (("nonsense", 1, 1, 1), "numbers.function"),
    ],
)
def test_where_there_is_no_value_it_is_said(arguments: tuple[Any, ...], code: str) -> None:
    assert code_of(math_function, *arguments) == code


@given(st.floats(-1e6, 1e6), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_clamped_and_wrapped_numbers_stay_inside(a: float, b: float, c: float) -> None:
    low, high = min(b, c), max(b, c)
    assert low <= math_function("clamp", a, b, c)[0] <= high
    assert low <= math_function("wrap", a, b, c)[0] <= high


@pytest.mark.parametrize(
    ("a", "test", "b", "yes"),
    [
        (0, "equal", 0, True), (0, "equal", "0", True), ("8", "less", 9.5, True), ("abc", "equal", 1, False), (False, "equal", False, True),
        ("", "equal", "", True), ([1], "contains", 1, True), ("tea", "contains", "e", True), (10, "starts_with", 1, True),
        ("10", "less", "9", True), (None, "equal", None, True), (0.1, "equal", 0.3, False),
    ],
)  # fmt: skip
def test_comparing(a: Any, test: str, b: Any, yes: bool) -> None:
    assert compare(a, test, b, 0.0) == (yes, not yes)


def test_what_has_no_order_is_said() -> None:
    assert code_of(compare, "x", "less", 1, 0.0) == "numbers.incomparable"
    assert compare(1.0, "equal", 1.05, 0.1) == (True, False)
    assert compare(1.0, "less_or_equal", 0.95, 0.1) == (True, False)


def test_logic_of_nothing() -> None:
    assert (logic([], "and"), logic([], "or"), logic([], "not")) == (True, False, True)
    assert (logic([True, True], "xor"), logic([True, False], "one"), logic([True, False], "nand")) == (False, True, True)


@pytest.mark.parametrize(
    ("text", "number"), [("7/10", 7), ("-3", -3), ("1,234.5 kg", 1234.5), ("1e3", 1000), ("score:0", 0), (".5", 0.5), ("v2", 2)]
)
def test_numbers_are_found(text: str, number: float) -> None:
    assert parse(text, "first", "fail")[0] == number


def test_no_number_is_what_was_asked_for() -> None:
    assert code_of(parse, "none", "first", "fail") == "numbers.none"
    assert parse("none", "first", "zero") == (0.0, 0)
    assert parse("none", "first", "skip") == (DEAD, DEAD)
    assert parse("1 of 3", "last", "fail") == (3.0, 3)


def test_matrices() -> None:
    assert matrix("determinant", [[2, 1], [1, 3]], [], 1) == [[5.0]]
    assert matrix("determinant", [[1, 2], [2, 4]], [], 1) == [[0.0]]
    assert matrix("transpose", [[1, 2], [3, 4]], [], 1) == [[1, 3], [2, 4]]
    assert matrix("scale", [1, 2], [], 3) == [[3, 6]]
    inverse = matrix("inverse", [[2, 0], [0, 4]], [], 1)
    assert matrix("multiply", inverse, [[2, 0], [0, 4]], 1) == [[1, 0], [0, 1]]
    assert code_of(matrix, "inverse", [[1, 2], [2, 4]], [], 1) == "numbers.matrix_singular"
    assert code_of(matrix, "multiply", [[1, 2]], [[1, 2]], 1) == "numbers.matrix_fit"
    assert code_of(matrix, "add", [[1], [1, 2]], [[1]], 1) == "numbers.matrix_shape"
    assert code_of(matrix, "add", [], [], 1) == "numbers.matrix_shape"
    assert code_of(matrix, "add", [["a"]], [[1]], 1) == "numbers.matrix_shape"


def test_a_switch_sends_one_way_only() -> None:
    cases = [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No way"}, "maybe"]
    assert switch(" yes ", 0, cases, "equal", True) == {"yes": 0, "case": "Yes"}
    assert switch("Yes", None, cases, "equal", False) == {"yes": "Yes", "case": "Yes"}
    assert switch("no  way!", False, cases, "contains", True) == {"no": False, "case": "No way"}
    assert switch("maybe not", "", cases, "starts", True) == {"maybe": "", "case": "maybe"}
    assert switch("x", 1, [], "equal", True) == {"otherwise": 1, "case": ""}


def test_a_failure_is_caught_as_a_value() -> None:
    error = ErrorValue({"path": "a", "message": "no"})
    assert catch(error, "instead") == ("instead", True, {"path": "a", "message": "no"})
    assert catch({"path": "a"}, "instead") == ({"path": "a"}, False, DEAD)
    assert catch(0, 1) == (0, False, DEAD)


def test_filtering_keeps_zero_and_false() -> None:
    assert filter_list([0, False, "", None, [], "x"], "", "filled", None) == ([0, False, "x"], ["", None, []])
    assert filter_list([{"n": 1}, {"n": 5}, {}], "n", "greater", 2)[0] == [{"n": 5}]
    assert filter_list(["a", "b"], "", "different", "a")[0] == ["b"]


def test_moments() -> None:
    assert wait_until("2001-01-01").until_s == 0.0
    assert (wait_until("2999-01-01T00:00:00+08:00").until_s or 0) > 1e9
    assert code_of(wait_until, "tomorrow") == "flow.moment"


async def cut(text: str, sizes: list[int], minimum: int = 1) -> list[str]:
    async def pieces() -> AsyncIterator[str]:
        at = 0
        for size in [*sizes, len(text)]:
            yield text[at : at + size]
            at += size

    return [sentence async for sentence in sentences(pieces(), minimum)]


@given(st.text("ab .!?。！？\n\"'”…", max_size=60), st.lists(st.integers(1, 9), max_size=12), st.integers(1, 12))
async def test_sentences_are_the_text_however_it_arrives(text: str, sizes: list[int], minimum: int) -> None:
    whole = await cut(text, [], minimum)
    assert "".join(whole) == text
    assert await cut(text, sizes, minimum) == whole


async def test_a_text_without_an_end_is_cut_all_the_same() -> None:
    assert [len(sentence) for sentence in await cut("x" * 5000, [7] * 800)] == [2000, 2000, 1000]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One. ", "Two! ", "Three? ", "Four"]),
        ("It is 3.5 m. Really?", ["It is 3.5 m. ", "Really?"]),
        ("Dr. Who met J. Doe. They left.", ["Dr. Who met J. Doe. ", "They left."]),
        ("你好。再见！“走吧。”他说", ["你好。", "再见！", "“走吧。”", "他说"]),
        ('He said "No." Then left.', ['He said "No." ', "Then left."]),
        ("A line\nAnother", ["A line\n", "Another"]),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
async def test_sentences_end_where_people_end_them(text: str, expected: list[str], size: int) -> None:
    assert await cut(text, [size] * len(text)) == expected


def test_items_are_taken_by_place_or_name() -> None:
    assert item(["a", 0], "1", "fail") == 0
    assert item({"a": False}, "a", "fail") is False
    assert item({"1": ""}, 1, "fail") == ""
    assert code_of(item, [], 0, "fail") == code_of(item, "text", "x", "fail") == "flow.missing"
    assert item([], 0, "null") is None
    assert item([], 0, "skip") is DEAD


def test_lists_are_arranged() -> None:
    assert arrange([2, "b", None, 1, "a"], "sort", "", 0, 0)[0] == [1, 2, "a", "b", None]
    assert arrange([{"n": 2}, {"n": 1}], "sort", "n", 0, 0)[0] == [{"n": 1}, {"n": 2}]
    assert arrange([1, 0, 1, False, "1"], "unique", "", 0, 0)[0] == [1, 0, False, "1"]
    assert arrange([[1], 2, [[3]]], "flatten", "", 0, 0) == ([1, 2, [3]], 3)
    assert arrange([1, 2, 3, 4], "slice", "", -3, 2)[0] == [2, 3]
    assert code_of(arrange, [], "nonsense", "", 0, 0) == "flow.list"
