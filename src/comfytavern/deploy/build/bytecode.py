"""Compiled once here instead of on every host: a wheel of nothing but the bytecode of the other wheels.

Compiling takes a host three times as long as installing, and gives every host the same files. The application itself is not in it:
it changes with every release, and this wheel shall not.

This file is also run as a program, alone in a fresh interpreter: what marshal writes depends on which constants are shared, and so on
everything the interpreter has done before.
"""

import base64
import hashlib
import importlib.util
import marshal
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

NAME = "comfytavern_bytecode"
DATE = (1980, 1, 1, 0, 0, 0)
UNCHECKED = (0b01).to_bytes(4, "little")
"""A pyc that is never compared with its source: a release is sealed."""
SECONDS = 300


def wheel(wheels: list[Path], tag: str, cache: Path) -> Path | None:
    """Return the wheel of the bytecode of `wheels` for the Python `tag`, from the cache if it is there.

    None when this program runs on another Python, which writes another bytecode: hosts then compile for themselves.
    """
    if tag != f"cp{sys.version_info[0]}{sys.version_info[1]}":
        return None
    told = hashlib.sha256("\n".join([*sorted(path.name for path in wheels), sys.version, str(importlib.util.MAGIC_NUMBER)]).encode())
    for path in sorted(wheels):
        told.update(hashlib.sha256(path.read_bytes()).digest())
    target = cache / "bytecode" / f"{NAME}-1+{told.hexdigest()[:12]}-{tag}-none-any.whl"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{os.getpid()}")
        command = [sys.executable, "-s", "-S", __file__, str(part), target.name, *map(str, sorted(wheels))]
        subprocess.run(command, env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}, timeout=SECONDS, check=True)  # noqa: S603 -- an argument vector
        part.replace(target)
    return target


def main(target: str, name: str, *wheels: str) -> None:
    """Write the wheel `name` to `target`."""
    version, tag = name.split("-", 2)[1], name.removesuffix(".whl").split("-", 2)[2]
    about = f"{NAME}-{version}.dist-info"
    described = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {NAME.replace('_', '-')}\nVersion: {version}\n",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: comfytavern\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in [*compiled(wheels), *((key, text.encode()) for key, text in described.items())]:
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(content)}\n")
            _add(archive, path, content)
        _add(archive, f"{about}/RECORD", "".join([*record, f"{about}/RECORD,,\n"]).encode())


def compiled(wheels: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield where the bytecode of each source goes, and the bytecode; a source that does not compile here has none."""
    for path in wheels:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                parts = name.split("/")
                if parts[0].endswith(".data"):
                    parts = parts[2:] if parts[1] in {"purelib", "platlib"} else []
                if not name.endswith(".py") or not parts:
                    continue
                source = archive.read(name)
                try:
                    code = compile(source, "/".join(parts), "exec", dont_inherit=True)
                except (SyntaxError, ValueError):
                    continue
                place = [*parts[:-1], "__pycache__", f"{parts[-1][:-3]}.{sys.implementation.cache_tag}.pyc"]
                yield "/".join(place), importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)


def _add(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(path, DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, content)


if __name__ == "__main__":
    main(*sys.argv[1:])
