"""What a terminal shows of a run: a bar, text as it is written, and questions to the person in front of it."""

import sys
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from comfytavern.kernel.errors import Failure, Invalid
from comfytavern.kernel.events import NodesChanged, RunEvent, StreamReset, TextDelta, WaitOpened

if TYPE_CHECKING:
    from rich.progress import Progress

ENDED = frozenset({"done", "cached", "skipped", "failed", "cancelled"})


class Terminal:
    """Shows one run. With `stream` text goes to stdout as it is written; else, for a person, a bar to stderr."""

    def __init__(self, *, stream: bool, bar: bool) -> None:
        """Show nothing yet; use it as a context manager while the run runs."""
        self._stream = stream
        self._bar: Progress | None = _new_bar() if bar and not stream and sys.stderr.isatty() else None
        self._states: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._speaker = ""

    def __enter__(self) -> None:
        if self._bar:
            self._bar.start()

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()
        if self._speaker:
            print(flush=True)

    def was_written(self, value: object) -> bool:
        """Tell whether a value has been on the screen already."""
        return value in self._texts.values()

    def event(self, event: RunEvent) -> None:
        """Show what has happened."""
        match event:
            case TextDelta() if self._stream:
                self._speak(event)
            case StreamReset() if self._stream:
                self._texts.pop(f"{event.path}:{event.port}", None)
            case NodesChanged() if self._bar:
                self._states |= {path: state for path, state, *_ in event.nodes}
                ended = sum(state in ENDED for state in self._states.values())
                self._bar.update(self._bar.task_ids[0], total=len(self._states), completed=ended)
            case _:
                pass

    def ask(self, wait: WaitOpened) -> Any:
        """Ask the person and return the answer. Raises `Invalid` (`cli.waiting`) when there is nobody."""
        if not sys.stdin.isatty():
            sentence = f"The run waits for an answer to: {wait.title}"
            raise Invalid("cli.waiting", sentence, hint="Run it in a terminal, or on a server.")
        if self._bar:
            self._bar.stop()
        if wait.shown is not None:
            print(plain(wait.shown), file=sys.stderr)
        members: dict[str, Any] = wait.schema.get("properties", {})
        if wait.schema.get("type") != "object" or not members:
            return _answer(wait.title, wait.schema)
        return {name: _answer(f"{wait.title} {name}".strip(), schema) for name, schema in members.items()}

    def _speak(self, event: TextDelta) -> None:
        speaker = f"{event.path}:{event.port}"
        if speaker != self._speaker:
            print(f"{chr(10) if self._speaker else ''}[{speaker}]")
            self._speaker = speaker
        self._texts[speaker] = self._texts.get(speaker, "") + event.text
        print(event.text, end="", flush=True)


def plain(value: Any) -> str:
    """Return text as it is, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def typed(text: str) -> Any:
    """Return the JSON that `text` is, else the text itself."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _answer(question: str, schema: dict[str, Any]) -> Any:
    match schema.get("type"):
        case "boolean":
            return typer.confirm(question, err=True)
        case "string":
            return typer.prompt(question, default=schema.get("default", ""), show_default=False, err=True)
        case _:
            return typed(typer.prompt(question, err=True))


def _new_bar() -> "Progress":
    from rich.console import Console  # noqa: PLC0415 -- only for a person at a terminal
    from rich.progress import Progress  # noqa: PLC0415 -- as above

    bar = Progress(console=Console(stderr=True), transient=True)
    bar.add_task("Running", total=None)
    return bar


def told_problems(failure: Failure) -> None:
    """Print what went wrong and its code, every problem, and what to do, to stderr."""
    print(f"Error: {failure.sentence} ({failure.code})", file=sys.stderr)
    for problem in failure.problems:
        print(f"  - {problem.message}", file=sys.stderr)
    if failure.hint:
        print(failure.hint, file=sys.stderr)
