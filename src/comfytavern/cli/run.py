"""`comfytavern run graph.json -i question=Why?`: run a graph as the server would, and print what comes out."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from comfytavern.cli.importing import importing
from comfytavern.cli.inputs import document, values
from comfytavern.cli.options import DataDir
from comfytavern.cli.terminal import Terminal, plain
from comfytavern.kernel.events import WaitOpened

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from comfytavern.boot.single import Single
    from comfytavern.projects.run import RunView


def run(
    graph: Annotated[Path, typer.Argument(help="A graph or an exported workflow, as JSON; - reads it from standard input.")],
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="NAME=VALUE", help="Value of an input, by its type; @file is what a file holds. Repeatable."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole run as JSON, nothing else.")] = False,
    stream: Annotated[bool, typer.Option("--stream/--no-stream", help="Print text as it is written.")] = False,
    target: Annotated[list[str] | None, typer.Option("--target", metavar="NODE", help="Run to this node only. Repeatable.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run a graph without a server; exit code 1 when the run fails. Models and files are those of DATA_DIR's owner."""
    with importing():
        from comfytavern.boot.single import single  # noqa: PLC0415 -- a second that `version` need not wait
        from comfytavern.settings.settings import read  # noqa: PLC0415 -- as above

    found = document(graph)
    request: dict[str, Any] = {"graph": found, "inputs": values(found, inputs or [])} | ({"targets": target} if target else {})
    terminal = Terminal(stream=stream and not json, bar=not json)
    view = asyncio.run(_run(single(read(data_dir=data_dir)), request, terminal))
    if json:
        print(msgspec.json.format(msgspec.json.encode(view), indent=2).decode())
    else:
        _print(view, terminal)
    if view.state != "ok":
        raise typer.Exit(1)


async def _run(rooms: "AbstractAsyncContextManager[Single]", request: dict[str, Any], terminal: Terminal) -> "RunView":
    async with rooms as alone:
        started = await alone.runs.start(alone.owner, request, source="cli")
        with terminal:
            async for batch in await alone.runs.watch(alone.owner, started.id):
                for event in batch:
                    terminal.event(event)
                    if isinstance(event, WaitOpened) and event.schema.get("type") != "null":  # The clock answers those.
                        answer = await asyncio.to_thread(terminal.ask, event)
                        await alone.runs.answer(alone.owner, started.id, event.token, answer)
        return await alone.runs.get(alone.owner, started.id)


def _print(view: "RunView", terminal: Terminal) -> None:
    for error in view.errors or []:
        print(f"Error in {error.get('path') or 'the run'}: {error.get('message')}", file=sys.stderr)
        if error.get("hint"):
            print(error["hint"], file=sys.stderr)
    if view.state == "cancelled":
        print("The run was cancelled.", file=sys.stderr)
    outputs = {name: value for name, value in (view.outputs or {}).items() if not terminal.was_written(value)}
    for name, value in outputs.items():
        print(f"{name}: {plain(value)}" if len(view.outputs or {}) > 1 else plain(value))
