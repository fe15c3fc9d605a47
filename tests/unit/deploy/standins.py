"""Stand-ins for programs that reach services which are not here: strict about every word, and about what they are given to read.

programs = Programs(folder)
programs.expect("kubectl", ["--kubeconfig", r"/.+", "get", "pods"], out="pod/one\n")
…                                    # a script runs with programs.path before its PATH
assert programs.wrong == []          # nothing else was called, and all of it was
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

PROGRAM: Final = """#!{python}
import fcntl, json, pathlib, re, sys
place = pathlib.Path({place!r})
with (place / "lock").open("w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    left = json.loads((place / "left").read_text())
    words = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]
    given = "" if sys.stdin is None or sys.stdin.isatty() or not left or left[0]["given"] is None else sys.stdin.read()
    wanted = left[0] if left else None
    fits = wanted is not None and len(words) == len(wanted["words"])
    fits = fits and all(re.fullmatch(form, word, re.DOTALL) for form, word in zip(wanted["words"], words))
    fits = fits and (wanted["given"] is None or re.fullmatch(wanted["given"], given, re.DOTALL))
    if not fits:
        with (place / "wrong").open("a") as wrong:
            wrong.write(json.dumps({{"called": words, "given": given, "wanted": wanted}}) + "\\n")
        sys.exit(97)
    (place / "left").write_text(json.dumps(left[1:]))
if wanted["writes"]:
    target = pathlib.Path(words[wanted["writes"][0]])
    target.write_text(wanted["writes"][1])
sys.stdout.write(wanted["out"])
sys.exit(wanted["code"])
"""


class Programs:
    """Programs of one script, and the calls it will make, in their order."""

    def __init__(self, folder: Path, *names: str) -> None:
        """Put stand-ins for `names` into `folder`."""
        self._folder = folder
        self._calls: list[dict[str, Any]] = []
        self.path = str(folder / "bin")
        (folder / "bin").mkdir(parents=True)
        for name in names:
            program = folder / "bin" / name
            program.write_text(PROGRAM.format(python=sys.executable, place=str(folder)))
            program.chmod(0o755)

    def expect(
        self, words: Sequence[str], *, given: str | None = None, out: str = "", code: int = 0, writes: tuple[int, str] | None = None
    ) -> None:
        """Say the next call: a form for each word, for what it reads, what it prints, and a file (by its word) that it writes."""
        self._calls.append({"words": list(words), "given": given, "out": out, "code": code, "writes": writes})
        (self._folder / "left").write_text(json.dumps(self._calls))

    @property
    def wrong(self) -> list[str]:
        """Return calls that were not expected, and those that were and did not come."""
        calls = (self._folder / "wrong").read_text().splitlines() if (self._folder / "wrong").exists() else []
        left = json.loads((self._folder / "left").read_text())
        return calls + [f"not called: {each['words']}" for each in left]
