"""The command line as a person meets it: real processes, real exit codes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import comfytavern
from comfytavern.cli.inputs import value_of, values
from comfytavern.kernel.errors import Invalid

LOUD = {
    "format": "comfytavern.graph",
    "version": 1,
    "nodes": [
        {"id": "in", "kind": "graph.input"},
        {"id": "out", "kind": "graph.output"},
        {"id": "up", "kind": "text.case", "values": {"case": "upper"}},
    ],
    "wires": [
        {"id": "a", "source": ["in", "text"], "target": ["up", "text"]},
        {"id": "b", "source": ["up", "text"], "target": ["out", "loud"]},
    ],
    "interface": {"inputs": [{"id": "text", "type": "string", "required": True}], "outputs": [{"id": "loud", "type": "string"}]},
}


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}}
    command = [sys.executable, "-m", "comfytavern", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=kept, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def call(folder: Path, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    process = begin(folder, *arguments)
    out, err = process.communicate(typed, timeout=60)
    return process.returncode, out, err


def loud(folder: Path, **changes: object) -> str:
    (folder / "graph.json").write_text(json.dumps(LOUD | changes))
    return "graph.json"


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert call(tmp_path, "version") == (0, f"{comfytavern.__version__}\n", "")


def test_a_run_prints_its_output_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert call(tmp_path, "run", loud(tmp_path), "-i", "text=17") == (0, "17\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["graph.json"]


@pytest.mark.slow
def test_a_run_takes_a_file_and_prints_json(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a = b\nü")
    code, out, err = call(tmp_path, "run", loud(tmp_path), "-i", "text=@words.txt", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["outputs"] == {"loud": "A = B\nÜ"}


def test_a_graph_may_come_from_standard_input(tmp_path: Path) -> None:
    assert call(tmp_path, "run", "-", "-i", "text=hi", "--target", "up", typed=json.dumps({"graph": LOUD}))[0] == 0


@pytest.mark.slow
def test_an_invalid_graph_prints_every_problem(tmp_path: Path) -> None:
    nodes = [*LOUD["nodes"], {"id": "x", "kind": "text.case", "values": {}}, {"id": "y", "kind": "text.case"}]  # type: ignore[misc]  -- a literal
    wires = [{"id": "c", "source": ["x", "text"], "target": ["y", "text"]}, {"id": "d", "source": ["y", "text"], "target": ["x", "text"]}]
    wires.append({"id": "e", "source": ["x", "nothing"], "target": ["out", "loud"]})
    code, out, err = call(tmp_path, "run", loud(tmp_path, nodes=nodes, wires=wires))
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert err.count("\n  - ") >= 2
    assert "Traceback" not in err


@pytest.mark.parametrize("text", ["{", "[]", "\ud800", "[" * 100_000], ids=["cut", "a list", "no text", "deep"])
def test_a_file_that_holds_no_graph_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text, errors="surrogatepass")
    code, out, err = call(tmp_path, "run", "bad.json")
    assert (code, out) == (1, "")
    assert err.startswith("Error: bad.json")
    assert "Traceback" not in err


def test_wrong_usage_is_exit_code_2(tmp_path: Path) -> None:
    assert call(tmp_path, "run")[0] == 2
    assert call(tmp_path, "run", "x.json", "--no-such-option")[0] == 2


def test_a_check_of_nothing_says_what_to_give(tmp_path: Path) -> None:
    code, _, err = call(tmp_path, "check")
    assert (code, err) == (1, "Error: No address was given. (check.url)\nGive one, or the deploy.toml that names it: --file deploy.toml.\n")


@pytest.mark.slow
def test_a_run_that_fails_says_why(tmp_path: Path) -> None:
    nodes = [{"id": "stop", "kind": "text.parse_json", "values": {"text": "{"}}]
    code, _, err = call(tmp_path, "run", loud(tmp_path, nodes=nodes, wires=[], interface={}))
    assert code == 1
    assert "stop" in err
    assert "not JSON" in err


@pytest.mark.slow
def test_ctrl_c_cancels_cleanly(tmp_path: Path) -> None:
    nodes = [
        {"id": "say", "kind": "llm.chat", "values": {"model": "demo/demo", "prompt": "Hello"}},
        {"id": "nap", "kind": "flow.delay", "values": {"seconds": 60}},
    ]
    process = begin(tmp_path, "run", loud(tmp_path, nodes=nodes, wires=[], interface={}), "--stream")
    assert process.stdout is not None
    assert process.stdout.read(1)  # It has begun.
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.slow
def test_people_are_added_listed_and_removed(tmp_path: Path) -> None:
    for name in ("Olive", "Ann"):
        assert call(tmp_path, "users", "add", name, "--password", "correct horse battery")[0] == 0
    assert [line.split("\t")[:2] for line in call(tmp_path, "users", "list")[1].splitlines()] == [["Olive", "owner"], ["Ann", "member"]]
    assert call(tmp_path, "users", "password", "Ann", "--password", "another horse battery")[0] == 0
    assert call(tmp_path, "users", "remove", "Ann", typed="n\n")[0] == 1
    assert call(tmp_path, "users", "remove", "Ann", "--yes")[:2] == (0, "Ann was removed.\n")
    assert call(tmp_path, "users", "remove", "Olive", "--yes")[0] == 1
    assert call(tmp_path, "users", "remove", "Nobody", "--yes")[0] == 1
    assert len(call(tmp_path, "users", "list")[1].splitlines()) == 1


@pytest.mark.slow
def test_the_doctor_looks_at_everything_and_names_a_damaged_database(tmp_path: Path) -> None:
    names = {line.split()[1] for line in call(tmp_path, "doctor")[1].splitlines() if line.startswith(("ok", "WRONG"))}
    assert names == {"settings", "python", "data", "database", "secret", "port", "web"}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "comfytavern.db").write_bytes(b"not a database" * 400)
    code, out, err = call(tmp_path, "doctor")
    assert (code, err) == (1, "")
    assert "WRONG   database" in out


@pytest.mark.parametrize(
    ("text", "type", "value"),
    [
        ("17", "string", "17"),
        ("17", "integer", 17),
        ("17", "any", 17),
        ("Why?", "any", "Why?"),
        ("[1]", "array", [1]),
        ("null", "any", None),
    ],
)
def test_a_value_is_read_by_its_type(text: str, type: str, value: object) -> None:
    assert value_of("x", text, type) == value


def test_all_inputs_that_cannot_be_used_are_told_at_once() -> None:
    graph = {"interface": {"inputs": [{"id": "n", "type": "integer"}]}}
    with pytest.raises(Invalid) as caught:
        values(graph, ["n=many", "nothing", "f=@/no/such/file"])
    assert [problem.code for problem in caught.value.problems] == ["cli.input"] * 3
