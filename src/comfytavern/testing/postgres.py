"""A PostgreSQL server of our own for tests: started when the first test needs it, gone with the process that started it.

It listens on a unix socket in its own folder, so that nothing else meets it, and does not wait for the disk: what a test has
written need not survive the machine.
"""

import atexit
import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from itertools import count
from pathlib import Path
from typing import Final

PACKAGE: Final = "postgresql"
"""What Debian calls it."""
START_S: Final = 30.0
STOP_S: Final = 10.0
_FAST: Final = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=100", "listen_addresses=")
_ACCOUNT: Final = "postgres"


def binaries() -> Path | None:
    """Return the folder of `initdb` and `postgres` (of the newest version), None when PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class PostgresServer:
    """One server with its data in a temporary folder."""

    def __init__(self, bin_folder: Path, *, settings: tuple[str, ...] = _FAST) -> None:
        """Make its data folder and start it; return when it answers. Raises `RuntimeError` with its log when it does not."""
        self._bin = bin_folder
        self.folder = Path(tempfile.mkdtemp(prefix="comfytavern-pg-", dir="/tmp"))
        self._names = count(1)
        if os.geteuid() == 0:
            shutil.chown(self.folder, _ACCOUNT, _ACCOUNT)
        self._run("initdb", "--pgdata", str(self._data), "--auth=trust", f"--username={_ACCOUNT}", "--encoding=UTF8", "--no-sync")
        options = [word for setting in (*settings, f"unix_socket_directories={self.folder}") for word in ("-c", setting)]
        with (self.folder / "log").open("wb") as log:
            command = [*_as_its_user("--pdeathsig=QUIT"), str(self._bin / "postgres"), "-D", str(self._data), *options]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._wait_until_it_answers()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def url(self, name: str) -> str:
        """Return the address of the database `name`, as DATABASE_URL has it."""
        return f"postgresql://{_ACCOUNT}@/{name}?host={self.folder}"

    def create(self, *, template: str = "template1") -> str:
        """Make a database that is a copy of `template`, which nobody may be connected to, and return its name."""
        name = f"test_{next(self._names)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def execute(self, sentence: str, *, database: str = "postgres") -> None:
        """Carry out SQL that has no answer, outside a transaction."""
        import psycopg  # noqa: PLC0415 -- only where a server is

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sentence.encode())

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_S)
        until = time.monotonic() + STOP_S
        while self.folder.exists() and time.monotonic() < until:  # Its children may write a last file after it has ended.
            shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_its_user(), str(self._bin / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=START_S, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _wait_until_it_answers(self) -> None:
        import psycopg  # noqa: PLC0415 -- only where a server is

        until = time.monotonic() + START_S
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            time.sleep(0.02)
        log = (self.folder / "log").read_text(errors="replace")
        self.stop()
        raise RuntimeError(f"PostgreSQL does not answer:\n{log}")


@functools.cache
def shared_server() -> PostgresServer:
    """Return this process's server. Raises `unittest.SkipTest`, which pytest prints as a reason, where PostgreSQL is not installed."""
    folder = binaries()
    if folder is None:
        raise unittest.SkipTest(f"PostgreSQL is not installed (Debian: apt-get install {PACKAGE})")
    server = PostgresServer(folder)
    atexit.register(server.stop)
    return server


def _as_its_user(*options: str) -> list[str]:
    """Return how to run something as a user that PostgreSQL accepts: it refuses root. The options are setpriv(1)'s."""
    if os.geteuid() != 0:
        return ["setpriv", *options] if options else []
    account = pwd.getpwnam(_ACCOUNT)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups", *options]
