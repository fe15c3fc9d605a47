"""Where secret settings come from: a file, a command's output, or our own environment. Read as late as possible, never shown."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from comfytavern.deploy.errors import Refused
from comfytavern.kernel.errors import Problem
from comfytavern.kernel.secret import Secret

COMMAND_S = 30.0


def resolve(sources: Mapping[str, str], folder: Path) -> dict[str, Secret]:
    """Return the secrets of `sources` {name: file:|cmd:|env:}, files relative to `folder`.

    Raises `Refused` (`deploy.secrets`) with every one that cannot be read.
    """
    found: dict[str, Secret] = {}
    problems: list[Problem] = []
    for name, source in sources.items():
        kind, _, place = source.partition(":")
        try:
            found[name] = Secret(_filled(_READ[kind](place, folder).rstrip("\n")))
        except (OSError, UnicodeDecodeError, subprocess.SubprocessError, ValueError) as error:
            reason = _reason(error)
            problems.append(Problem(code="deploy.secret", message=f"{name} cannot be read from {kind}:{place}: {reason}."))
    if problems:
        raise Refused("deploy.secrets", "Some secrets cannot be read.", hint="See [secrets] and [database] in deploy.toml.").with_problems(
            problems
        )
    return found


def variables(values: Mapping[str, str]) -> str:
    """Return an environment file for systemd and the agent. Raises `Refused` (`deploy.value`) for what cannot stand in one."""
    return "".join(f"{name}={_quoted(name, value)}\n" for name, value in sorted(values.items()))


def _quoted(name: str, value: str) -> str:
    if not any(each in value for each in "\n\r\0"):
        if value and all(each.isalnum() or each in "_./:@%+,=-" for each in value):
            return value
        if "'" not in value:
            return f"'{value}'"
        if not any(each in value for each in '"\\$`'):
            return f'"{value}"'
    sentence = f"The value of {name} cannot stand in an environment file: it has line ends, or both kinds of quotes."
    raise Refused("deploy.value", sentence, hint="Choose another value, or encode it.")


def _filled(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    return text


def _file(place: str, folder: Path) -> str:
    return (folder / Path(place).expanduser()).read_text(encoding="utf-8")


def _command(place: str, folder: Path) -> str:
    said = subprocess.run(shlex.split(place), cwd=folder, stdout=subprocess.PIPE, timeout=COMMAND_S, check=True)  # noqa: S603 -- the operator's own
    return said.stdout.decode("utf-8")


def _environment(place: str, _folder: Path) -> str:
    return os.environ.get(place, "")


def _reason(error: Exception) -> str:
    match error:
        case OSError():
            return error.strerror or str(error)
        case subprocess.CalledProcessError():
            return f"it ended with code {error.returncode}"
        case subprocess.TimeoutExpired():
            return f"it took more than {COMMAND_S:g} s"
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case _:
            return str(error)


_READ = {"file": _file, "cmd": _command, "env": _environment}
