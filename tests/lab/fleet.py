"""A fleet: some machines on a switch, and a controller that reaches them by SSH. Up in a few seconds, gone without a trace.

with Fleet(3) as fleet:
    fleet.machines[0].run("systemctl is-system-running")
    fleet.controller(["comfytavern", "deploy", "apply", …])      # on the controller's network, with strict host keys
    fleet.machines[1].crash()
"""

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Self

from tests.lab import base, ground
from tests.lab.machine import Machine

ROOT: Final = Path(__file__).resolve().parents[2]


class Fleet:
    """Machines h1, h2, … and the controller, on a network of their own."""

    _numbers = itertools.count(1)

    def __init__(self, machines: int = 3, **each: Any) -> None:
        """Prepare; `each` are options of every machine."""
        self.name = f"ctl{os.getpid()}x{next(self._numbers)}"
        self.folder = ground.FLEETS / self.name
        self.machines = [Machine(self.name, number, **each) for number in range(1, machines + 1)]
        self.key = base.KEY
        self.wrong_key = self.folder / "wrong"
        """A key that opens nothing."""
        self.known_hosts = self.folder / "known_hosts"
        self.wrong_known_hosts = self.folder / "wrong_known_hosts"
        """The key of another machine stands beside every address here."""
        self._reaper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        ground.remove_leftovers()
        try:
            self._up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def _up(self) -> None:
        self.folder.mkdir(parents=True)
        command = [sys.executable, "-m", "tests.lab.reaper", self.name]
        self._reaper = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True)
        ground.make_switch(self.name)
        ground.plug(self.name, "ctl", ground.CONTROLLER)
        with ThreadPoolExecutor() as pool:
            list(pool.map(Machine.build, self.machines))
            self._write_keys()
            for machine in self.machines:
                machine.power_on()
            list(pool.map(Machine.wait_until_up, self.machines))

    def _write_keys(self) -> None:
        ground.do("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.wrong_key))
        strange = " ".join(self.wrong_key.with_suffix(".pub").read_text().split()[:2])
        lines = {self.known_hosts: lambda m: m.host_key, self.wrong_known_hosts: lambda _: strange}
        for place, key_of in lines.items():
            place.write_text("".join(f"{machine.address} {key_of(machine)}\n" for machine in self.machines))

    def down(self) -> None:
        """Remove everything."""
        ground.remove(self.name)
        if self._reaper is not None and self._reaper.stdin is not None:
            with contextlib.suppress(OSError):
                self._reaper.stdin.close()
            self._reaper.wait(30)

    # the controller

    def controller(
        self, command: Sequence[str] | str, *, env: Mapping[str, str] | None = None, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the controller's network and wait for it; its exit code is for the caller to judge."""
        whole = [*ground.in_network(self.name, "ctl"), *ground.words(command)]
        return subprocess.run(
            whole, check=False, capture_output=True, text=True, timeout=timeout_s, cwd=ROOT, env={**os.environ, **(env or {})}
        )

    def begin(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: Any = None, stdout: Any = None, stderr: Any = None
    ) -> subprocess.Popen[bytes]:
        """Start a command on the controller's network, inside a cell that goes with the fleet."""
        whole = [*ground.make_cell(self.name, "ctl"), *ground.in_network(self.name, "ctl"), *command]
        return subprocess.Popen(
            whole, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )

    def ssh(self, machine: Machine, command: str, *, user: str = "root") -> subprocess.CompletedProcess[str]:
        """Run a command on a machine as the product reaches it: by SSH, the host key checked strictly."""
        options = {"UserKnownHostsFile": str(self.known_hosts), "StrictHostKeyChecking": "yes", "BatchMode": "yes", "ConnectTimeout": "2"}
        said = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return self.controller(["ssh", "-F", "none", "-i", str(self.key), *said, f"{user}@{machine.address}", command])
