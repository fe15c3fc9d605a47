"""A new secret in a `.env` file, with the old one still believed for a while: nobody is logged out."""

import io
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dotenv.parser import Binding, parse_stream

from comfytavern.kernel.errors import Invalid, Unavailable
from comfytavern.settings.sources import COMMAND

NEW_BYTES: Final = 48
PREVIOUS: Final = "JWT_SECRET_PREVIOUS"
KEPT_MAX: Final = 3
"""Earlier secrets that stay believed; the oldest goes when there would be more."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was changed: which variable is new, and how many earlier secrets are still believed."""

    name: str
    earlier: int


def rotate(file: Path) -> Rotated:
    """Put a new secret into `file`, and the old one before the earlier ones. Everything else stays byte for byte.

    The file is written anew beside itself (0600, its owner) and renamed over the old one. Raises `Invalid` (`settings.no_secret`,
    `settings.not_here`) and `Unavailable` (`settings.unwritable`).
    """
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable("settings.unwritable", f"{file} cannot be read.", hint="Give the file with --file.") from error
    bindings = list(_bindings(text))
    values = {binding.key: binding.value or "" for binding in bindings if binding.key}
    name = next((each for each in ("JWT_SECRET", "SESSION_SECRET") if values.get(each)), "")
    if not name:
        raise Invalid("settings.no_secret", f"There is no JWT_SECRET in {file}.", hint="Rotate it where it is kept, or add one.")
    if values[name].startswith(COMMAND) or values.get(PREVIOUS, "").startswith(COMMAND):
        raise Invalid("settings.not_here", "The secret comes from a command.", hint="Rotate it where the command finds it.")
    earlier = [each.strip() for each in values.get(PREVIOUS, "").split(",") if each.strip()]
    kept = [values[name], *(each for each in earlier if each != values[name])][:KEPT_MAX]
    new = {name: secrets.token_urlsafe(NEW_BYTES), PREVIOUS: ",".join(kept)}
    _replace(file, _changed(bindings, new))
    return Rotated(name, len(kept))


def drop_previous(file: Path) -> int:
    """End the overlap: take the earlier secrets out of `file`, and return how many there were. Raises `Unavailable`."""
    try:
        bindings = list(_bindings(file.read_bytes().decode("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable("settings.unwritable", f"{file} cannot be read.", hint="Give the file with --file.") from error
    gone = [binding for binding in bindings if binding.key == PREVIOUS]
    if gone:
        _replace(file, "".join(_before(binding) if binding.key == PREVIOUS else binding.original.string for binding in bindings))
    return sum(len([each for each in (binding.value or "").split(",") if each.strip()]) for binding in gone)


def _bindings(text: str) -> list[Binding]:

    return list(parse_stream(io.StringIO(text, newline="")))


def _changed(bindings: list[Binding], new: dict[str, str]) -> str:
    """Return the lines with new values where the old ones were; what had no line follows the secret's."""
    parts: list[str] = []
    has_previous = any(binding.key == PREVIOUS for binding in bindings)
    for binding in bindings:
        if binding.key not in new:
            parts.append(binding.original.string)
            continue
        ending = _ending(binding.original.string)
        lines = [f"{binding.key}='{new[binding.key]}'"]
        if binding.key != PREVIOUS and not has_previous:
            lines.append(f"{PREVIOUS}='{new[PREVIOUS]}'")
            has_previous = True
        parts.append(_before(binding) + (ending or "\n").join(lines) + ending)
    return "".join(parts)


def _before(binding: Binding) -> str:
    """Return the empty lines and the indent that the parser counts to a line."""
    text = binding.original.string
    return text[: len(text) - len(text.lstrip())]


def _ending(line: str) -> str:
    return "\r\n" if line.endswith("\r\n") else "\n" if line.endswith("\n") else ""


def _replace(file: Path, text: str) -> None:
    target = file.resolve()
    beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        before = target.stat()
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(text.encode("utf-8"))
                stream.flush()
                os.fsync(stream.fileno())
            if os.geteuid() == 0:
                os.chown(beside, before.st_uid, before.st_gid)
            beside.chmod(stat.S_IRUSR | stat.S_IWUSR)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable("settings.unwritable", f"{file} cannot be written: {error.strerror}.", hint="Check who may write it.") from error
