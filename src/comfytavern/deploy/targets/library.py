"""asyncssh, imported without its search for liboqs: that starts a linker and sometimes a compiler, which takes longer than a rollback.

Who has the library gets it all the same, from the usual folders.
"""

import ctypes.util
from pathlib import Path
from typing import Final

FOLDERS: Final = (Path("/usr/local/lib"), Path("/usr/lib"), Path("/usr/lib64"), *Path("/usr/lib").glob("*-linux-gnu"))
_search = ctypes.util.find_library


def _find(name: str) -> str | None:
    """Return the file of a library, liboqs without any other program."""
    if not name.endswith("oqs"):
        return _search(name)
    return next((str(each) for folder in FOLDERS for each in sorted(folder.glob("liboqs.so*"))), None)


ctypes.util.find_library = _find
try:
    import asyncssh
finally:
    ctypes.util.find_library = _search

__all__ = ["asyncssh"]
