"""Writes what was rendered into a folder of somebody's, and never over a file of theirs unless they say so."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from comfytavern.kernel.errors import Conflict, Unavailable

Force = Annotated[bool, typer.Option("--force", help="Replace files that are there with another content.")]


def write(out: Path, files: Mapping[str, str], *, force: bool, programs: tuple[str, ...] = ()) -> None:
    """Write every text below `out`, by its path there, and print where; those in `programs` can be run.

    A file that has these very bytes stays as it is. Where another content is there, nothing at all is written without `force`.

    Raises:
        Conflict: `output.exists`, with every file that differs.
        Unavailable: `output.unwritable`, with what is in the way.

    """
    contents = {name: text.encode() for name, text in files.items()}
    try:
        theirs = [name for name, content in contents.items() if (out / name).exists() and not _has(out / name, content)]
        if theirs and not force:
            sentence = f"{', '.join(theirs)} {'is' if len(theirs) == 1 else 'are'} there already, with another content."
            raise Conflict("output.exists", sentence, hint="Nothing was written. Move it away, or replace it with --force.", files=theirs)
        for name, content in contents.items():
            path = out / name
            if not _has(path, content):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if name in programs:
                path.chmod(0o755)
            print(path)
    except OSError as error:
        sentence = f"{error.filename or out} cannot be written: {error.strerror}."
        raise Unavailable("output.unwritable", sentence, hint="Give another folder with --out.") from error


def _has(path: Path, content: bytes) -> bool:
    """Return whether a file of these bytes is there. A folder of that name is none: writing fails on it, and the system says why."""
    return path.is_file() and path.read_bytes() == content
