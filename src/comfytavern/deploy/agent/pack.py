"""Makes `ctd.pyz` out of this folder. Not part of it."""

from __future__ import annotations

import importlib.util
import io
import marshal
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType

HERE = Path(__file__).resolve().parent
EPOCH = (1980, 1, 1, 0, 0, 0)
MAIN = "import sys\nfrom ctd.main import main\nsys.exit(main(sys.argv[1:]))\n"


def pack() -> bytes:
    """Return the agent as one executable file: the same sources and interpreter give the same bytes.

    Beside each source lies its bytecode, which saves a third of a call's time on a host with the same Python; any other reads the
    source. Marshal format 2 has no references, so the bytes do not depend on who else uses a constant.
    """
    buffer = io.BytesIO(b"#!/usr/bin/env -S python3 -IS\n")
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, source in sorted(_sources().items()):
            _add(archive, name, source)
            _add(archive, name + "c", _bytecode(name, source))
    return buffer.getvalue()


def _sources() -> dict[str, bytes]:
    found = {
        "ctd/" + path.relative_to(HERE).as_posix(): path.read_bytes() for path in HERE.rglob("*.py") if path != Path(__file__).resolve()
    }
    return {**found, "__main__.py": MAIN.encode()}


def _bytecode(name: str, source: bytes) -> bytes:
    code: CodeType = compile(source, name, "exec", dont_inherit=True)
    unchecked = (0b01).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + unchecked + importlib.util.source_hash(source) + marshal.dumps(code, 2)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    archive.writestr(entry, content)
