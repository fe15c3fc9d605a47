"""ComfyTavern on a fleet: a deploy.toml, the product's own command line on the controller's network, people who can log in.

with Fleet(3) as fleet, Postgres(fleet) as database:
    site = Installation(fleet, tmp_path, database=database)
    site.prepare()
    site.deploy("apply", artifact)          # what it printed with --json; Refused when it fails
    site.add_person("Olive", "a long password")
"""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.lab.fleet import ROOT, Fleet
from tests.lab.machine import Machine
from tests.lab.postgres import Postgres

SITE: Final = "comfy.lab"
PLACE: Final = "/srv/comfytavern"
USER: Final = "comfytavern"
ENGINES: Final = ("podman", "docker")
CLI: Final = (sys.executable, "-m", "comfytavern")


class CliFailed(Exception):
    """The command ended with another code than 0."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        """Keep everything that it said."""
        super().__init__(f"{done.args[2:]}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        self.done = done


@dataclass
class Installation:
    """What an operator has: a folder with deploy.toml and secrets, and the command line."""

    fleet: Fleet
    folder: Path
    driver: str = "systemd"
    strategy: str = "blue_green"
    database: Postgres | None = None
    ssh: Mapping[str, str | bool] = field(default_factory=dict)
    """Changes [ssh] of deploy.toml."""
    env: Mapping[str, str | int] = field(default_factory=dict)
    container: Mapping[str, str | int] = field(default_factory=dict)
    """Changes [container] of deploy.toml."""
    strategy_more: str = ""
    """Goes into [strategy]."""
    more: str = ""
    """Goes to the top of deploy.toml."""
    planted: str = field(default_factory=lambda: f"canary-{secrets.token_urlsafe(32)}")
    """The value of JWT_SECRET, which must be seen nowhere."""
    last_ms: float = 0.0
    """How long the last command took, the start of Python included."""

    @property
    def spec(self) -> Path:
        """Return the deploy.toml, written anew."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "jwt").write_text(self.planted)
        ssh: dict[str, Any] = {"key": str(self.fleet.key), "agent": False, "known_hosts": str(self.fleet.known_hosts)} | dict(self.ssh)
        env = {"RUNS_AT_ONCE": 200, "RUNS_PER_USER": 200} | dict(self.env)
        lines = [f'domain = "{SITE}"', f'driver = "{self.driver}"', self.more]
        lines += ["[strategy]", f'name = "{self.strategy}"', self.strategy_more, *_table("ssh", ssh), *_table("env", env)]
        if self.driver in ENGINES:  # Nothing is limited inside these machines, and podman refuses what it cannot do.
            lines += _table("container", {"pids": 0, "files": 0} | dict(self.container))
        lines += _table("secrets", {"JWT_SECRET": f"file:{self.folder / 'jwt'}"})
        if self.database is not None:
            (self.folder / "database").write_text(self.database.url)
            lines += _table("database", {"url": f"file:{self.folder / 'database'}"})
        for machine in self.fleet.machines:
            lines += _table(f"hosts.{machine.name}", {"address": machine.address})
        path = self.folder / "deploy.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    # the command line

    def command(self, *words: str) -> list[str]:
        """Return `comfytavern deploy …` as words."""
        return [*CLI, "deploy", *words, "--file", str(self.spec)]

    def run(self, *words: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Run `comfytavern deploy …` on the controller's network; its exit code is for the caller to judge."""
        begun = time.monotonic()
        done = self.fleet.controller(self.command(*words), env={"NO_COLOR": "1"}, timeout_s=timeout_s)
        self.last_ms = (time.monotonic() - begun) * 1000
        return done

    def deploy(self, *words: str, timeout_s: float = 300) -> dict[str, Any]:
        """Run `comfytavern deploy … --json`; return what it printed at last. Raises `CliFailed`."""
        done = self.run(*words, "--json", timeout_s=timeout_s)
        if done.returncode:
            raise CliFailed(done)
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}

    def prepare(self) -> None:
        """Bring the agent, the app's user and the folders to the machines."""
        done = self.run("host", "prepare")
        if done.returncode:
            raise CliFailed(done)
        if self.driver in ENGINES:
            self.bring_base()

    def bring_base(self) -> None:
        """Let the engine of every machine have the image that releases are put on: no registry can be reached."""
        from tests.lab import bases  # only here: it takes a while to be read

        _, tar = bases.nginx()  # The lab's Debian as it is: with Python, and with no wheels beside it.
        for machine in self.fleet.machines:
            machine.run([self.driver, "import", f"/mnt/{tar.name}", bases.Bases().python], timeout_s=120)

    def begin(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start a command and do not wait for it."""
        return self.fleet.begin(self.command(*words, "--json"), env={"NO_COLOR": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    # what is there

    def on(self, machine: Machine, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run the installed `comfytavern` on a machine, as the app's own user."""
        given = {"DATA_DIR": f"{PLACE}/shared/data", "COMFYTAVERN_ENV": "development", **(env or {})}
        given |= {"DATABASE_URL": self.database.url} if self.database else {}
        command = [f"{name}={value}" for name, value in given.items()]
        return machine.run(["runuser", "-u", USER, "--", "env", *command, f"{PLACE}/current/.venv/bin/comfytavern", *words])

    def add_person(self, name: str, password: str) -> None:
        """Add somebody who can log in everywhere."""
        self.on(self.fleet.machines[0], "users", "add", name, env={"PASSWORD": password})

    def get(self, machine: Machine, path: str) -> tuple[int, dict[str, Any]]:
        """Ask the site on a machine, through its nginx; return the status and the JSON."""
        asked = ["curl", "-s", "-m", "10", "-H", f"Host: {SITE}", "-w", "\n%{http_code}", f"http://{machine.address}{path}"]
        body, _, status = self.fleet.controller(asked).stdout.rpartition("\n")
        try:
            return int(status or 0), json.loads(body)
        except ValueError:
            return int(status or 0), {}

    def page(self, machine: Machine, path: str) -> str:
        """Return what a machine's nginx answers to a browser."""
        asked = ["curl", "-s", "-m", "10", "-H", f"Host: {SITE}", "-H", "Accept: text/html", f"http://{machine.address}{path}"]
        return self.fleet.controller(asked).stdout

    def serving(self) -> list[str]:
        """Return the release that each machine answers with."""
        return [self.get(machine, "/version")[1].get("release", "") for machine in self.fleet.machines]

    def state(self, machine: Machine) -> dict[str, Any]:
        """Return what the state file of a machine says."""
        return json.loads(machine.read(f"{PLACE}/state/state.json") or "{}")

    def slots(self, machine: Machine) -> dict[str, Any]:
        """Return the slots of a machine, as its state file says."""
        return self.state(machine).get("slots", {})


def newest_artifact() -> Path | None:
    """Return the release that `comfytavern build` has made last."""
    found = sorted((ROOT / "dist").glob("comfytavern-*.tar.zst"), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else None


def _table(name: str, values: Mapping[str, Any]) -> Sequence[str]:
    return [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
