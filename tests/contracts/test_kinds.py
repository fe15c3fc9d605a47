"""One suite for every kind there is: words, widgets, defaults, example, cancel."""

import asyncio
import base64
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from comfytavern.engine.implementation import Implementation, Style
from comfytavern.graph import types
from comfytavern.graph.codec import decode
from comfytavern.graph.kinds import Control, Effect, Kind, Port
from comfytavern.graph.migrate import migrate
from comfytavern.nodes import kit, registry
from comfytavern.nodes.registry import Catalogue
from comfytavern.testing.workbench import OWNER, Workbench, workbench

CATALOGUE = Catalogue.built_in()
IMPLEMENTATIONS = [implementation for kind in CATALOGUE.kinds() if (implementation := CATALOGUE.implementation(kind.id))]
RUNNABLE = [one for one in IMPLEMENTATIONS if one.kind.control is Control.NONE]
LANGUAGES = ["zh-CN"]
WIDGETS = frozenset(
    ["text", "textarea", "number", "slider", "toggle", "select", "colour", "date", "code", "json", "rules", "button", "file", "image"]
) | {"audio", "model", "workflow", "messages", "ports", "list"}
TIMES_OUT = 20


def every(implementations: list[Implementation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("one", implementations, ids=lambda one: one.kind.id)


def ports(kind: Kind) -> list[Port]:
    return [*kind.inputs, *kind.outputs]


@pytest.fixture
async def bench() -> AsyncIterator[Workbench]:
    async with workbench() as made:
        yield made


@every(IMPLEMENTATIONS)
def test_a_kind_survives_its_own_json(one: Implementation) -> None:
    encoded = msgspec.json.encode(one.kind)
    assert msgspec.json.decode(encoded, type=Kind) == one.kind
    assert len(encoded) < 16_384


@every(IMPLEMENTATIONS)
def test_a_kind_is_named_after_its_family_and_folder(one: Implementation) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z][a-z0-9_]*", one.kind.id)
    assert one.kind.family == one.kind.id.partition(".")[0]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one.kind.icon), "a lucide name"
    if one.run is not None:
        assert one.run.__module__.split(".")[-2] == one.kind.family


@every(IMPLEMENTATIONS)
def test_a_kind_says_what_it_does_to_the_world(one: Implementation) -> None:
    assert one.kind.effect in Effect
    if one.style is Style.WAIT:
        assert one.kind.effect is Effect.NONDET, "answers are never cached across runs"


@every(IMPLEMENTATIONS)
def test_every_word_is_there_in_english(one: Implementation) -> None:
    kind = one.kind
    assert kind.title[0].isupper()
    assert kind.description.endswith((".", ")", "?"))
    assert kind.keywords
    for port in ports(kind):
        assert port.title, port.id
        assert port.description.endswith((".", "]`.", "?")), port.id
    for port in kind.inputs:
        if port.widget and port.widget.kind == "select":
            assert len(port.widget.options) > 1, port.id


@every(IMPLEMENTATIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_there_in_the_other_languages(one: Implementation, language: str) -> None:
    kind, words = one.kind, one.kind.words[language]
    assert words.title
    assert words.description.endswith(("。", "）", "？"))
    assert words.keywords
    wanted = {port.id for port in ports(kind)}
    assert set(words.ports) == wanted, "exactly the ports there are"
    assert all(title and description for title, description in words.ports.values())
    options = [option for port in kind.inputs if port.widget and port.widget.kind == "select" for option in port.widget.options]
    labelled = {str(option[0]) for option in options if isinstance(option, list)}
    assert labelled <= set(words.options), "every option with an English word has a word here"
    assert set(words.options) <= labelled | {option for option in options if isinstance(option, str)}


@every(IMPLEMENTATIONS)
def test_an_input_is_required_or_has_a_sensible_default(one: Implementation) -> None:
    for port in one.kind.inputs:
        if port.required:
            assert port.default is None, f"{port.id}: required, so it needs no default"
        elif port.many:
            assert port.default in (None, []), f"{port.id}: takes wires"
        elif port.default is not None:
            assert types.check(port.default, port.type), f"{port.id}: the default is no {port.type}"


@every(IMPLEMENTATIONS)
def test_widgets_fit_their_ports(one: Implementation) -> None:
    for port in one.kind.inputs:
        widget = port.widget
        if widget is None:
            assert port.handle or not port.required, f"{port.id}: neither handle nor widget"
            continue
        assert widget.kind in WIDGETS
        if widget.kind in ("number", "slider"):
            assert port.type in (types.Type.INTEGER, types.Type.FLOAT)
            if port.default is not None:
                low = port.default if widget.minimum is None else widget.minimum
                high = port.default if widget.maximum is None else widget.maximum
                assert low <= port.default <= high
        if widget.kind == "toggle":
            assert port.type is types.Type.BOOLEAN
        if widget.kind == "code":
            assert widget.language in ("json", "markdown", "python", "javascript", "jinja", "regex")
        if widget.kind == "select" and not widget.suggest and port.default is not None:
            assert port.default in [option[0] if isinstance(option, list) else option for option in widget.options]


def graph_of(kind: Kind, inputs: dict[str, Any], outputs: list[str]) -> dict[str, Any]:
    """A node with these inputs (one wire per item where it takes many), its outputs being those of the graph."""
    many = {port.id for port in kind.inputs if port.many} & inputs.keys()
    wired = [(id, item) for id in sorted(many) for item in inputs[id]]
    values = {id: value for id, value in inputs.items() if id not in many}
    sources = [{"id": f"in_{at}", "kind": "flow.variable", "values": {"value": item}} for at, (_, item) in enumerate(wired)]
    return {
        "format": "comfytavern.graph",
        "version": 1,
        "nodes": [*sources, {"id": "node", "kind": kind.id, "values": values}, {"id": "end", "kind": "graph.output"}],
        "wires": [
            *({"id": f"v{at}", "source": [f"in_{at}", "value"], "target": ["node", id]} for at, (id, _) in enumerate(wired)),
            *({"id": f"w{at}", "source": ["node", id], "target": ["end", f"out_{at}"]} for at, id in enumerate(outputs)),
        ],
        "interface": {"outputs": [{"id": f"out_{at}", "type": "any"} for at in range(len(outputs))]},
    }


async def replying(reply: dict[str, Any]) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = reply.get("body", "").encode()
        head = [f"HTTP/1.1 {reply.get('status', 200)} X", f"content-length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in reply.get("headers", {}).items()]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


async def prepared(bench: Workbench, example: dict[str, Any]) -> dict[str, Any]:
    """Make the files and the server that an example speaks of, and return its inputs."""
    for uri, content in example.get("files", {}).items():
        data = base64.b64decode(content.partition(",")[2]) if content.startswith("data:") else content.encode()
        await bench.library.write(uri, data, owner=OWNER)
    if "reply" not in example:
        return example["inputs"]
    server = await replying(example["reply"])
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    return json.loads(json.dumps(example["inputs"]).replace("http://example.test", address))


@every(RUNNABLE)
async def test_its_example_runs(one: Implementation, bench: Workbench) -> None:
    example = one.kind.example
    inputs = await prepared(bench, example)
    expected = example.get("outputs", {})
    names = list(expected) or [port.id for port in one.kind.outputs]
    run = bench.start(graph_of(one.kind, inputs, names))
    if "answer" in example:
        async for batch in run.events():
            tokens = [event["token"] for event in map(msgspec.to_builtins, batch) if event["kind"] == "wait"]
            if tokens and one.kind.id != "flow.wait_until":
                await run.answer(tokens[0], example["answer"])
    result = await asyncio.wait_for(run.result(), TIMES_OUT)
    assert not result.errors
    if expected:
        assert {name: result.outputs[f"out_{at}"] for at, name in enumerate(names)} == expected
    else:
        assert result.outputs


@every(RUNNABLE)
async def test_it_can_be_cancelled_within_a_second(one: Implementation, bench: Workbench) -> None:
    inputs = await prepared(bench, one.kind.example)
    slow = {"flow.delay": {"seconds": 60}, "debug.sleep": {"seconds": 60}, "stream.typing": {"pause": 5}}.get(one.kind.id, {})
    run = bench.start(graph_of(one.kind, inputs | slow, [port.id for port in one.kind.outputs]))
    async for batch in run.events():
        if any(event["kind"] == "nodes" for event in map(msgspec.to_builtins, batch)):
            break
    loop = asyncio.get_running_loop()
    start = loop.time()
    run.cancel()
    await asyncio.wait_for(run.result(), 5)
    assert loop.time() - start < 1


@every(IMPLEMENTATIONS)
def test_values_saved_by_any_version_are_brought_up_to_date(one: Implementation) -> None:
    assert set(CATALOGUE.migrations.get(one.kind.id, {})) == set(range(1, one.kind.version))


def test_a_kind_hands_its_migrations_to_the_catalogue() -> None:
    def second(values: dict[str, Any]) -> dict[str, Any]:
        return {"text": values["old"]}

    @kit.node(
        "text.aged",
        title="Aged",
        description="Aged.",
        version=2,
        inputs=[kit.inp("text", types.Type.STRING, default="")],
        outputs=[kit.out("text", types.Type.STRING)],
        migrations={1: second},
        zh=kit.Words(title="旧", description="旧。"),
    )
    def aged(text: str) -> str:
        return text

    module = ModuleType(aged.__module__)
    module.__dict__["aged"] = aged
    found = list(registry.declared_in(module))
    catalogue = Catalogue(
        [implementation for implementation, _ in found], {implementation.kind.id: steps for implementation, steps in found}
    )
    old = decode({"format": "comfytavern.graph", "version": 1, "nodes": [{"id": "n", "kind": "text.aged", "values": {"old": 0}}]})
    new = migrate(old, catalogue, catalogue.migrations).graph.nodes[0]
    assert (new.kind_version, new.values) == (2, {"text": 0})


def test_ids_are_unique() -> None:
    first = IMPLEMENTATIONS[0]
    with pytest.raises(ValueError, match="two kinds"):
        Catalogue([first, first])


def test_the_digest_is_the_same_in_every_process_and_importing_is_light() -> None:
    script = (
        "import sys; from comfytavern.nodes.registry import Catalogue; c = Catalogue.built_in();"
        "print(c.digest, ''.join(c.implementation(k.id).code_version for k in c.kinds()));"
        "print([m for m in ('httpx', 'jinja2', 'markdown_it', 'jsonpath', 'pydantic', 'pydantic_monty') if m in sys.modules])"
    )
    told = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60).stdout.split()
        for _ in range(2)
    ]
    assert told[0][:2] == told[1][:2]
    assert told[0][0] == CATALOGUE.digest
    assert told[0][2] == "[]", "heavy libraries are imported where they are used"


def test_no_family_imports_another() -> None:
    root = Path(sys.modules[Catalogue.__module__].__file__ or "").parent
    families = {path.name for path in root.iterdir() if (path / "__init__.py").exists()} - {"sandbox", "examples"}
    for family in families:
        for path in (root / family).rglob("*.py"):
            others = set(re.findall(r"comfytavern\.nodes\.(\w+)", path.read_text())) & families - {family}
            assert not others, f"{path.name} imports {others}"
