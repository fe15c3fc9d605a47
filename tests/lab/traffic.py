"""The load generator as a process of its own on the controller's network."""

import contextlib
import json
import re
import subprocess
import sys
import threading
import time
from typing import Any, Final, Self

from tests.lab.ground import LabError
from tests.lab.installation import SITE, Installation

NAME, PASSWORD = "Olive", "correct horse battery staple"
BEGIN_S, END_S = 60.0, 120.0
MOVED = re.compile(r"'moved': (\d+)")
SMALL: Final = ("--keep", "2", "--fresh", "1", "--post", "1", "--slow", "1", "--stream", "1", "--watch", "3")


class Traffic:
    """Users on all machines of an installation, from `with` to `end`.

    with Traffic(site, rate=100, users=SMALL) as traffic:
        …
        counted = traffic.end()
    """

    def __init__(self, site: Installation, rate: float, users: tuple[str, ...] = (), told: Any = None) -> None:
        """Start it; `told` hears each line of progress."""
        hosts = [word for machine in site.fleet.machines for word in ("--host", machine.address)]
        command = [sys.executable, "-m", "benchmarks.deploy.load", "--site", SITE, "--rate", str(rate), *hosts, *users]
        env = {"LOAD_NAME": NAME, "LOAD_PASSWORD": PASSWORD}
        self._process = site.fleet.begin(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._tell = told or (lambda _: None)
        self._begun = threading.Event()
        self._heard = ""
        self.done = 0
        """Requests so far, a few seconds old."""
        self.moved = 0
        """Sockets that went to another slot so far, as old."""
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        if not self._begun.wait(BEGIN_S):
            self.__exit__()
            raise LabError(f"the load does not begin:\n{self._heard}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()
            self._heard = f"{self._heard}\n{text}"[-4000:]
            self._tell(text)
            if text == "load: begun":
                self._begun.set()
            with contextlib.suppress(IndexError, ValueError):
                self.done = int(text.split()[1])
            if found := MOVED.search(text):
                self.moved = int(found[1])

    def wait_for(self, requests: int, longest_s: float, *, moved: int = 0) -> None:
        """Return when there were so many requests and so many sockets have moved, or after so long."""
        until = time.monotonic() + longest_s
        while (self.done < requests or self.moved < moved) and time.monotonic() < until and self._process.poll() is None:
            time.sleep(0.5)

    def end(self) -> dict[str, Any]:
        """Let everything that has begun come to its end; return what was counted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        out = self._process.stdout.read()
        self._process.wait(END_S)
        if not out.strip():
            raise LabError(f"the load ended without a result:\n{self._heard}")
        return json.loads(out)
