"""A PostgreSQL on the controller's network, reached by the machines as one reaches a database of one's own: by address and password.

with Postgres(fleet) as database:
    database.url  # postgresql+psycopg://…, for DATABASE_URL
"""

import os
import pwd
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final, Self

from tests.lab import ground
from tests.lab.fleet import Fleet

PORT: Final = 5432
NAME: Final = "comfytavern"
PROGRAMS: Final = Path("/usr/lib/postgresql")
START_S: Final = 20.0


class Postgres:
    """One cluster with one database."""

    def __init__(self, fleet: Fleet) -> None:
        """Prepare."""
        self._fleet, self._folder = fleet, fleet.folder / "postgres"
        self.password = secrets.token_urlsafe(18)
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = max((path / "bin" for path in PROGRAMS.glob("*") if (path / "bin/initdb").exists()), default=None)

    @property
    def url(self) -> str:
        """Where it is, with the password."""
        return f"postgresql+psycopg://{NAME}:{self.password}@{ground.CONTROLLER}:{PORT}/{NAME}"

    def __enter__(self) -> Self:
        if self._programs is None:
            raise ground.LabError("PostgreSQL is not installed on this box: apt-get install postgresql")
        self._folder.mkdir()
        user = pwd.getpwnam("postgres")
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        secret = self._folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        data = str(self._folder / "data")
        initdb = [
            str(self._programs / "initdb"),
            "-D",
            data,
            "-U",
            NAME,
            "-A",
            "scram-sha-256",
            f"--pwfile={secret}",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        ground.do("runuser", "-u", "postgres", "--", *initdb)
        (self._folder / "data/pg_hba.conf").write_text(f"host all all {ground.NET}.0/24 scram-sha-256\n")
        given = {"listen_addresses": ground.CONTROLLER, "port": PORT, "unix_socket_directories": "", "max_connections": 200, "fsync": "off"}
        settings = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "server.log").open("wb") as log:
            server = ["runuser", "-u", "postgres", "--", str(self._programs / "postgres"), "-D", data, *settings]
            self._process = self._fleet.begin(server, stdout=log, stderr=log)
        self._wait()
        return self

    def _wait(self) -> None:
        until = time.monotonic() + START_S
        while (made := self.sql(f"CREATE DATABASE {NAME}", database="postgres")) is None:
            if time.monotonic() > until:
                raise ground.LabError(f"PostgreSQL does not start:\n{(self._folder / 'server.log').read_text()[-2000:]}")
            time.sleep(0.1)
        assert made is not None

    def sql(self, statement: str, *, database: str = NAME) -> str | None:
        """Run a statement; return what it printed, or `None` when it failed."""
        psql = [
            shutil.which("psql") or "psql",
            "-X",
            "-q",
            "-A",
            "-t",
            "-h",
            ground.CONTROLLER,
            "-U",
            NAME,
            "-d",
            database,
            "-c",
            statement,
        ]
        done = self._fleet.controller(psql, env={"PGPASSWORD": self.password})
        return None if done.returncode else done.stdout.strip()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
