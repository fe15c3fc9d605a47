"""Where values come from: the environment, a `.env` file, files named by `NAME_FILE`, commands (`cmd:`), and /run/secrets.

What is kept by a cloud is put in afterwards (clouds/fill.py): here a reference to it is a text like any other.
"""

import io
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from comfytavern.settings.variables import by_name, variables

DOCKER_SECRETS: Final = Path("/run/secrets")
COMMAND: Final = "cmd:"
COMMAND_S: Final = 10.0
FILE_BYTES_MAX: Final = 65_536
CLOUDS: Final = ("SETTINGS_FROM", "CLOUD_DEADLINE_S", "AZURE_APPCONFIG_CONNECTION_STRING", "SECRET_MANAGER_ENDPOINT")
"""Variables that say how values are had from a cloud: they cannot come from one. The first names places that offer many."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the value of one variable, and what to do."""

    name: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value, the name it was given by, and where."""

    text: str
    name: str
    source: str


@dataclass(slots=True)
class Found:
    """Everything the sources say."""

    values: dict[str, Value] = field(default_factory=dict[str, Value])
    """By variable, aliases resolved."""
    errors: list[Trouble] = field(default_factory=list[Trouble])
    warnings: list[Trouble] = field(default_factory=list[Trouble])
    offered: dict[str, str] = field(default_factory=dict[str, str])
    """Every name that a place of SETTINGS_FROM has, and that place; also names that mean nothing to us."""


def gather(environ: Mapping[str, str], lines: Mapping[str, str], *, secrets: Path = DOCKER_SECRETS, label: str = ".env") -> Found:
    """Return the first value that the sources have for each variable. `lines` are those of the `.env` file."""
    found = Found()
    for variable in variables():
        given = [value for name in variable.names for value in _given(name, environ, lines, secrets, label, found)]
        if not given:
            continue
        first, *others = given
        found.values[variable.name] = first
        if any(other.name != first.name and other.text != first.text for other in others):
            other = next(other for other in others if other.name != first.name and other.text != first.text)
            trouble = Trouble(other.name, f"is not used: {first.name} says something else", "remove one of them")
            found.warnings.append(trouble)
    return found


def read_lines(file: Path) -> tuple[dict[str, str], list[Trouble]]:
    """Return the variables of a `.env` file, and what could not be understood. Nothing is substituted: a `$` is a `$`."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        return {}, [Trouble(file.name, f"cannot be read: {reason}", "check the file, or remove it")]
    lines: dict[str, str] = {}
    troubles: list[Trouble] = []
    for binding in parse_stream(io.StringIO(text)):
        place = f"{file.name} line {binding.original.line}"
        if binding.error:
            troubles.append(Trouble(place, "is not NAME=value", "write NAME=value, with quotes around a value that has spaces or #"))
        elif binding.key is not None:
            if binding.key in lines:
                troubles.append(Trouble(binding.key, f"is given twice ({place})", "remove one of the two lines"))
            lines[binding.key] = binding.value or ""
    return lines, troubles


def _given(name: str, environ: Mapping[str, str], lines: Mapping[str, str], secrets: Path, label: str, found: Found) -> list[Value]:
    """Return the values of one name, the one that wins first; empty ones are none."""
    texts = [(text, source) for text, source in ((environ.get(name, ""), "environment"), (lines.get(name, ""), label)) if text.strip()]
    path = environ.get(f"{name}_FILE", "") or lines.get(f"{name}_FILE", "")
    if path and not texts:
        texts += _content(Path(path), f"{name}_FILE", found)
    if not texts and (secrets / name).is_file():
        texts += _content(secrets / name, name, found)
    values: list[Value] = []
    for text, source in texts:
        if text.startswith(COMMAND):
            values += _answer(text.removeprefix(COMMAND), name, source, found) if not values else []
        else:
            values.append(Value(text.strip(), name, source))
    return values


def _content(file: Path, name: str, found: Found) -> list[tuple[str, str]]:
    try:
        with file.open("rb") as stream:
            text = stream.read(FILE_BYTES_MAX).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not text" if isinstance(error, UnicodeDecodeError) else error.strerror
        found.errors.append(Trouble(name, f"names a file that cannot be read: {file}: {reason}", "check the path and who may read it"))
        return []
    if not text:
        found.errors.append(Trouble(name, f"names a file that is empty: {file}", "write the value into it"))
        return []
    return [(text, str(file))]


def _answer(command: str, name: str, source: str, found: Found) -> list[Value]:
    """Return what a command prints. No shell is asked, and what it prints goes nowhere else."""
    fix = "run the command by hand; it must print the value, without a shell's pipes"
    try:
        words = shlex.split(command)
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=COMMAND_S, check=False)  # noqa: S603 -- the operator's own
        text = done.stdout.decode("utf-8").strip()
    except subprocess.TimeoutExpired:
        found.errors.append(Trouble(name, f"comes from a command that did not end within {COMMAND_S:.0f} s", fix))
        return []
    except (OSError, ValueError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a command, or its answer is not text"
        found.errors.append(Trouble(name, f"comes from a command that cannot be run: {reason}", fix))
        return []
    if done.returncode or not text:
        what = f"that ended with code {done.returncode}" if done.returncode else "that printed nothing"
        found.errors.append(Trouble(name, f"comes from a command {what}", fix))
        return []
    return [Value(text, name, f"command in {source}")]


def known_names() -> frozenset[str]:
    """Return every name that is looked at."""
    names = set(by_name())
    return frozenset(names | {f"{name}_FILE" for name in names})
