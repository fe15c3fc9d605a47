"""`comfytavern run graph.json -i question=Why?`: run a graph as the server would, and print what comes out."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from comfytavern.cli.options import DataDir
from comfytavern.kernel.errors import Invalid
from comfytavern.kernel.events import NodesChanged, RunChanged, RunEvent, StreamReset, TextDelta, WaitOpened

if TYPE_CHECKING:
    from rich.progress import Progress

    from comfytavern.projects.run import RunView
    from comfytavern.settings.settings import Settings

DONE = frozenset({"done", "cached", "skipped", "failed", "cancelled"})


def run(
    graph: Annotated[Path, typer.Argument(help="A graph or an exported workflow, as JSON; - reads it from standard input.")],
    inputs: Annotated[
        list[str] | None, typer.Option("--input", "-i", metavar="NAME=VALUE", help="Value of an input: JSON, or else text. Repeatable.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole run as JSON, nothing else.")] = False,
    stream: Annotated[bool, typer.Option("--stream", help="Print text as it is written.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Run a graph without a server; exit code 1 when the run fails. Models and files are those of DATA_DIR's owner."""
    from comfytavern.settings.settings import read  # noqa: PLC0415 -- a second that `version` need not wait

    view = asyncio.run(_run(read(data_dir=data_dir), _request(graph, inputs or []), show=_Shown(stream=stream, quiet=json)))
    if json:
        print(msgspec.json.format(msgspec.json.encode(view), indent=2).decode())
    else:
        _print_outputs(view, streamed=stream)
    if view.state != "ok":
        raise typer.Exit(1)


async def _run(settings: "Settings", request: dict[str, Any], *, show: "_Shown") -> "RunView":
    from comfytavern.boot.single import single  # noqa: PLC0415 -- as above

    async with single(settings) as alone:
        started = await alone.runs.start(alone.owner, request, source="cli")
        with show:
            async for batch in await alone.runs.watch(alone.owner, started.id):
                for event in batch:
                    show.event(event)
                    if isinstance(event, WaitOpened):
                        await alone.runs.answer(alone.owner, started.id, event.token, await asyncio.to_thread(show.ask, event))
        return await alone.runs.get(alone.owner, started.id)


def _request(graph: Path, inputs: list[str]) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(sys.stdin.buffer.read() if str(graph) == "-" else graph.read_bytes())
    except OSError as error:
        raise Invalid("cli.graph", f"{graph} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise Invalid("cli.graph", f"{graph} is not valid JSON: {error}.") from error
    exported = isinstance(document, dict) and isinstance(document.get("graph"), dict)
    return {"graph": document["graph"] if exported else document, "inputs": dict(map(_input, inputs))}


def _input(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Invalid("cli.input", f"{text!r} is not NAME=VALUE.", hint="For example: -i question=Why?")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value


class _Shown:
    """What the terminal shows of a run: a bar on stderr, and with `stream` the text on stdout as it is written."""

    def __init__(self, *, stream: bool, quiet: bool) -> None:
        self._stream = stream and not quiet
        self._bar: Progress | None = None
        self._use_bar = sys.stderr.isatty() and not self._stream and not quiet
        self._states: dict[str, str] = {}
        self._speaker = ""

    def __enter__(self) -> None:
        if self._use_bar:
            from rich.console import Console  # noqa: PLC0415 -- only for a person at a terminal
            from rich.progress import Progress  # noqa: PLC0415 -- as above

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.add_task("Running", total=None)
            self._bar.start()

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()
        if self._speaker:
            print(flush=True)

    def event(self, event: RunEvent) -> None:
        match event:
            case TextDelta() if self._stream:
                self._speak(event)
            case StreamReset() if self._stream and self._speaker:
                print("\n[starts over]", flush=True)
            case NodesChanged():
                self._states |= {path: state for path, state, *_ in event.nodes}
                if self._bar:
                    done = sum(state in DONE for state in self._states.values())
                    self._bar.update(self._bar.task_ids[0], total=len(self._states), completed=done)
            case RunChanged() if event.state == "waiting" and self._bar:
                self._bar.stop()
            case _:
                pass

    def ask(self, event: WaitOpened) -> Any:
        """Ask the person at the terminal. Raises `Invalid` (`cli.waiting`) when there is none."""
        if not sys.stdin.isatty():
            raise Invalid("cli.waiting", f"The run waits for an answer to: {event.title}", hint="Run it in a terminal, or on a server.")
        print(event.title, file=sys.stderr)
        if event.shown is not None:
            print(event.shown if isinstance(event.shown, str) else msgspec.json.encode(event.shown).decode(), file=sys.stderr)
        if event.schema.get("type") == "boolean":
            return typer.confirm("Approve?", err=True)
        return _input(f"answer={typer.prompt('Answer', err=True)}")[1]

    def _speak(self, event: TextDelta) -> None:
        speaker = f"{event.path}:{event.port}"
        if speaker != self._speaker:
            print(f"{chr(10) if self._speaker else ''}[{speaker}]")
            self._speaker = speaker
        print(event.text, end="", flush=True)


def _print_outputs(view: "RunView", *, streamed: bool) -> None:
    for error in view.errors or []:
        print(f"Error in {error.get('path') or 'the run'}: {error.get('message')}", file=sys.stderr)
        if error.get("hint"):
            print(error["hint"], file=sys.stderr)
    if view.state == "cancelled":
        print("The run was cancelled.", file=sys.stderr)
    for name, value in (view.outputs or {}).items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if not streamed or not isinstance(value, str):
            print(f"{name}: {text}" if len(view.outputs or {}) > 1 else text)
