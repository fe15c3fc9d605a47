"""Kinds where the engine matters: branches, catches, races, waits, streams, files and HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from comfytavern.kernel.errors import Invalid
from comfytavern.testing.workbench import OWNER, Workbench, workbench


@pytest.fixture
async def bench() -> AsyncIterator[Workbench]:
    async with workbench() as made:
        yield made


def graph(nodes: dict[str, tuple[str, dict[str, Any]]], wires: list[str], **policies: dict[str, Any]) -> dict[str, Any]:
    """Nodes by id (kind, values) and wires like `a.out > b.in`; a target `end.name` is an output of the graph."""
    ends = [tuple(one.strip().split(".", 1) for one in wire.split(">")) for wire in wires]
    outputs = list(dict.fromkeys(target[1] for _, target in ends if target[0] == "end"))
    made = [{"id": id, "kind": kind, "values": values, "policy": policies.get(id, {})} for id, (kind, values) in nodes.items()]
    return {
        "format": "comfytavern.graph",
        "version": 1,
        "nodes": [*made, *([{"id": "end", "kind": "graph.output"}] if outputs else [])],
        "wires": [{"id": f"w{at}", "source": source, "target": target} for at, (source, target) in enumerate(ends)],
        "interface": {"outputs": [{"id": id, "type": "any"} for id in outputs]},
    }


def value(of: Any) -> tuple[str, dict[str, Any]]:
    return "flow.variable", {"value": of}


@pytest.mark.parametrize("falsy", [0, False, "", [], {}, 0.0])
async def test_nothing_false_is_lost_on_the_way(bench: Workbench, falsy: Any) -> None:
    result = await bench.run(
        graph(
            {
                "v": value(falsy), "yes": ("numbers.boolean", {"value": True}), "if": ("flow.if", {}), "merge": ("flow.merge", {}),
                "gate": ("flow.gate", {}), "catch": ("flow.catch", {"fallback": "wrong"}), "select": ("flow.select", {}),
                "collect": ("flow.collect", {}), "show": ("debug.show", {}), "sleep": ("debug.sleep", {"seconds": 0}),
                "switch": ("flow.switch", {"key": "a", "cases": ["a"]}),
            },
            ["v.value > if.value", "yes.value > if.condition", "if.then > merge.values", "if.otherwise > merge.values",
             "merge.value > gate.value", "gate.value > catch.value", "catch.value > select.when_true", "yes.value > select.condition",
             "select.value > switch.value", "switch.a > show.value", "show.value > sleep.value", "sleep.value > collect.values",
             "collect.items > end.items", "sleep.value > end.value"],
        )
    )  # fmt: skip
    assert result.errors == []
    assert result.outputs == {"items": [falsy], "value": falsy}


async def test_select_never_computes_the_other_one(bench: Workbench) -> None:
    run = bench.start(
        graph(
            {"no": ("debug.fail", {}), "yes": value("kept"), "select": ("flow.select", {"condition": True})},
            ["yes.value > select.when_true", "no.value > select.when_false", "select.value > end.a"],
        )
    )
    result = await run.result()
    assert (result.state, result.outputs) == ("ok", {"a": "kept"})
    assert run.snapshot()["nodes"].get("no", {"state": "idle"})["state"] == "idle"


async def test_a_failure_is_caught_and_told(bench: Workbench) -> None:
    result = await bench.run(
        graph(
            {"fail": ("debug.fail", {"message": "Broken."}), "catch": ("flow.catch", {"fallback": 0})},
            ["fail.value > catch.value", "catch.value > end.value", "catch.failed > end.failed", "catch.error > end.error"],
        )
    )
    assert (result.outputs["value"], result.outputs["failed"]) == (0, True)
    assert result.outputs["error"]["path"] == "fail"
    assert result.outputs["error"]["message"] == "Broken."
    assert result.outputs["error"]["code"] == "debug.fail"


async def test_a_node_that_fails_twice_succeeds_at_the_third_attempt(bench: Workbench) -> None:
    nodes = {"fail": ("debug.fail", {"value": 0, "attempts": 2})}
    result = await bench.run(graph(nodes, ["fail.value > end.a"], fail={"retries": 3, "backoff_s": 0.01}))
    assert result.outputs == {"a": 0}


async def test_the_faster_one_wins_the_race(bench: Workbench) -> None:
    nodes = {
        "slow": ("flow.delay", {"value": "slow", "seconds": 30}),
        "fast": ("flow.delay", {"value": "fast", "seconds": 0.01}),
        "broken": ("debug.fail", {}),
        "race": ("flow.race", {}),
    }
    wires = [
        "slow.value > race.values",
        "broken.value > race.values",
        "fast.value > race.values",
        "race.value > end.a",
        "race.index > end.i",
    ]
    result = await asyncio.wait_for(bench.run(graph(nodes, wires)), 5)
    assert result.outputs == {"a": "fast", "i": 2}


async def answered(bench: Workbench, document: dict[str, Any], answer: Any) -> tuple[dict[str, Any], Any]:
    run = bench.start(document)
    asked: dict[str, Any] = {}
    async for batch in run.events():
        for event in map(msgspec.to_builtins, batch):
            if event["kind"] == "wait":
                asked = event
                await run.answer(event["token"], answer)
    return asked, await run.result()


@pytest.mark.parametrize(
    ("kind", "answer", "wrong"), [("text", "", 1), ("number", 0, "0"), ("boolean", False, "no"), ("choice", "tea", "coffee")]
)
async def test_a_person_answers_in_the_form_that_was_asked_for(bench: Workbench, kind: str, answer: Any, wrong: Any) -> None:
    document = graph({"ask": ("flow.ask", {"question": "?", "kind": kind, "choices": ["tea"]})}, ["ask.answer > end.a"])
    asked, result = await answered(bench, document, answer)
    assert asked["title"] == "?"
    assert result.outputs == {"a": answer}
    with pytest.raises(Invalid):
        await answered(bench, document, wrong)


async def test_nobody_answers_in_time(bench: Workbench) -> None:
    result = await bench.run(graph({"ask": ("flow.ask", {"expires_s": 0.05})}, ["ask.answer > end.a"]))
    assert result.state == "failed"
    assert result.errors[0].type == "WaitExpired"


async def test_one_stream_is_read_in_many_ways(bench: Workbench) -> None:
    text = "One. Two! Three?"
    result = await bench.run(
        graph(
            {
                "in": ("stream.typing", {"text": text, "size": 1, "pause": 0}), "cut": ("stream.sentences", {}),
                "log": ("stream.log", {"label": "x"}), "wrap": ("stream.suffix", {"before": "<", "after_text": ">"}),
                "all": ("stream.gather", {"separator": "|"}),
            },
            ["in.text > cut.text", "cut.sentence > log.piece", "log.piece > all.pieces", "in.text > wrap.text",
             "all.text > end.joined", "all.count > end.count", "wrap.text > end.wrapped", "in.text > end.text"],
        )
    )  # fmt: skip
    assert result.outputs == {"joined": "One. |Two! |Three?", "count": 3, "wrapped": f"<{text}>", "text": text}


async def test_numbers_go_up_and_down_from_run_to_run(bench: Workbench) -> None:
    values = {"mode": "increase", "minimum": 0, "maximum": 2, "series": "s"}
    document = graph({"r": ("numbers.random", values)}, ["r.integer > end.n"])
    assert [(await bench.run(document)).outputs["n"] for _ in range(4)] == [0, 1, 2, 0]
    fixed = graph({"r": ("numbers.random", {"mode": "fixed", "seed": 5, "maximum": 1000})}, ["r.integer > end.n"])
    assert (await bench.run(fixed)).outputs == (await bench.run(fixed)).outputs


async def test_files_are_written_read_and_listed(bench: Workbench) -> None:
    def write(content: Any, how: str) -> dict[str, Any]:
        nodes = {"c": value(content), "w": ("files.write", {"uri": "user://a.md", "if_exists": how})}
        return graph(nodes, ["c.value > w.content", "w.uri > end.uri"])

    assert (await bench.run(write("one", "fail"))).outputs == {"uri": "user://a.md"}
    assert (await bench.run(write("x", "fail"))).errors[0].code == "file.exists"
    assert (await bench.run(write(" two", "append"))).state == "ok"
    assert (await bench.run(write(0, "number"))).outputs == {"uri": "user://a (2).md"}
    assert await bench.library.read("user://a.md", owner=OWNER) == b"one two"
    listed = await bench.run(graph({"l": ("files.list", {"recursive": True})}, ["l.uris > end.uris"]))
    assert listed.outputs["uris"] == ["user://a (2).md", "user://a.md"]


@pytest.mark.parametrize(
    ("uri", "code"),
    [("user://../x", "file.path"), ("/etc/passwd", "file.scheme"), ("user://a\0", "file.path"), ("user://none", "file.none")],
)
async def test_no_file_outside_is_read(bench: Workbench, uri: str, code: str) -> None:
    result = await bench.run(graph({"r": ("files.read", {"uri": uri})}, ["r.text > end.a"]))
    assert (result.state, result.errors[0].code) == ("failed", code)
    assert result.errors[0].message


async def serving(status: int, body: bytes, headers: str = "", seen: list[bytes] | None = None) -> str:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0)
        if seen is not None:
            seen.append(head + await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_json_is_sent_and_understood(bench: Workbench) -> None:
    seen: list[bytes] = []
    url = await serving(200, b'{"ok": false}', "content-type: application/json; charset=utf-8\r\n", seen)
    values = {"url": url + "p?a=1", "query": {"b": ["x y", 0]}, "headers": {"X-Key": "k"}, "body": {"n": 0}}
    result = await bench.run(graph({"r": ("http.request", values)}, ["r.json > end.json", "r.status > end.status", "r.body > end.body"]))
    assert result.outputs == {"json": {"ok": False}, "status": 200, "body": '{"ok": false}'}
    assert seen[0].startswith(b"POST /p?a=1&b=x%20y&b=0 HTTP/1.1")
    assert b"x-key: k" in seen[0]
    assert json.loads(seen[0].rpartition(b"\r\n\r\n")[2]) == {"n": 0}


@pytest.mark.parametrize(
    ("status", "type_", "retryable"), [(404, "NotFound", False), (429, "Busy", True), (503, "Unavailable", True), (418, "Failure", False)]
)
async def test_a_bad_status_is_a_sentence(bench: Workbench, status: int, type_: str, retryable: bool) -> None:
    url = await serving(status, b"because")
    error = (await bench.run(graph({"r": ("http.get", {"url": url})}, ["r.body > end.a"]))).errors[0]
    assert (error.code, error.type, error.retryable) == ("http.status", type_, retryable)
    assert error.params["excerpt"] == "because"
    assert error.hint
    lenient = await bench.run(graph({"r": ("http.get", {"url": url, "strict": False})}, ["r.body > end.a", "r.status > end.s"]))
    assert lenient.outputs == {"a": "because", "s": status}


async def test_what_is_no_text_is_downloaded_instead(bench: Workbench) -> None:
    url = await serving(200, b"\x89PNG\r\n\x1a\n\0\0")
    result = await bench.run(graph({"r": ("http.get", {"url": url})}, ["r.body > end.a"]))
    assert result.errors[0].code == "http.binary"
    kept = await bench.run(graph({"d": ("http.download", {"url": url, "uri": "user://x.txt"})}, ["d.media_type > end.a"]))
    assert kept.outputs == {"a": "image/png"}
