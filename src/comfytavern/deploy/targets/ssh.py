"""A host over SSH. The host key must be known; nothing is ever trusted at first sight, and no password is ever asked for.

One connection for each host and deployment; one channel for each call. What is run is an argument vector, quoted for the remote shell
that sshd insists on; arguments of any size, and every secret, go through standard input.
"""

import asyncio
import contextlib
import hashlib
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from comfytavern.deploy.errors import DeployFailed
from comfytavern.deploy.spec import Machine, Spec
from comfytavern.deploy.targets.host import Told
from comfytavern.deploy.targets.library import asyncssh

KEEPALIVE_S, KEEPALIVES = 5, 3
SHORT = 2000
"""Arguments longer than this go through standard input."""
CHUNK = 1 << 18
ACK_S = 0.002
AGAIN = "Run it again: it goes on from what is there."
NOT_FOUND = 127
"""The exit code of a shell for a program that is not there."""
PUT = """
import hashlib, os, sys
target, digest = sys.argv[1:]
content = sys.stdin.buffer.read()
if hashlib.sha256(content).hexdigest() != digest:
    sys.exit("it did not arrive whole")
os.makedirs(os.path.dirname(target), exist_ok=True)
part = "%s.%d" % (target, os.getpid())
with open(part, "wb") as file:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())
os.chmod(part, 0o755)
os.rename(part, target)
"""
"""Puts the agent in place; run by the host's Python, since the agent cannot bring itself."""
LONG = {"stage", "verify", "install", "prepare", "backup", "migrate", "restore", "put_back", "losses", "stop_slot"}
OWN = LONG | {"want", "receive", "put", "site"}
"""Calls that take long, tell how far they are, or read what is sent have a channel of their own. All others share one channel and one
Python on the host, which they need not start; a busy one is not waited for."""
Agent = Callable[[], bytes]


def _nobody(_part: float, _text: str) -> None:
    """Hear nothing."""


class SshHost:
    """One machine; connects at its first call and again after the connection broke."""

    def __init__(self, name: str, spec: Spec, agent: Agent | None = None) -> None:
        """Take the host's name in `spec`, and what makes the bytes of the agent when the host's is another."""
        self.name = name
        self._machine: Machine = spec.machine(name)
        self._spec = spec
        self._agent = agent
        self._program = f"{spec.root}/bin/ctd.pyz"
        self._connection: asyncssh.SSHClientConnection | None = None
        self._tunnel: asyncssh.SSHClientConnection | None = None
        self._connecting = asyncio.Lock()
        self._session: Any = None
        self._talking = asyncio.Lock()

    async def call(
        self,
        verb: str,
        args: dict[str, Any] | None = None,
        *,
        fence: int | None = None,
        step: str | None = None,
        stdin: bytes | None = None,
        deadline_s: float = 30.0,
        told: Told | None = None,
    ) -> dict[str, Any]:
        """Have the agent do `verb`; see `Host.call`."""
        quick = verb not in OWN and stdin is None and not self._talking.locked()
        try:
            async with asyncio.timeout(deadline_s):
                if quick:
                    code, line, said = await self._quick({"verb": verb, "args": args or {}, "fence": fence, "step": step})
                else:
                    code, line, said = await self._run(*self._vector(verb, args, fence, step, stdin), told or _nobody)
        except TimeoutError as error:
            sentence = f"{verb} did not end within {deadline_s:g} s."
            raise self._failed("deploy.deadline", sentence, "See `deploy logs`; the step may still end.", verb=verb) from error
        return self._answer(verb, code, line, said)

    def _vector(
        self, verb: str, args: dict[str, Any] | None, fence: int | None, step: str | None, stdin: bytes | None
    ) -> tuple[list[str], bytes | None]:
        """Return the argument vector of a call, and what it gets on standard input."""
        encoded = msgspec.json.encode(args or {}).decode()
        if len(encoded) > SHORT and stdin is None:
            encoded, stdin = "-", encoded.encode()
        options = [*(["--fence", str(fence)] if fence is not None else []), *(["--step", step] if step else [])]
        return [*self._agent_vector, *options, verb, encoded], stdin

    @property
    def _agent_vector(self) -> list[str]:
        return ["python3", "-IS", self._program, "--root", self._spec.root]

    async def _quick(self, call: dict[str, Any]) -> tuple[int | None, str, str]:
        """Ask over the channel that stays open; what breaks it on the way is a broken connection, as for any call."""
        async with self._talking:
            try:
                session = self._session = self._session or await self._begin()
                session.stdin.write(msgspec.json.encode(call) + b"\n")
                while row := await session.stdout.readline():
                    if not row.startswith(b'{"progress"'):
                        return 0, row.decode("utf-8", "replace"), ""
                said = (await session.stderr.read()).decode("utf-8", "replace")
                await session.wait_closed()
                code, self._session = session.returncode, None
            except (asyncssh.Error, OSError) as error:
                await self.close()
                raise self._failed("deploy.cut", f"The connection broke: {error}.", AGAIN) from error
            except BaseException:
                self._drop_session()  # a late answer must not be taken for the next call's
                raise
        if code is None:
            await self.close()
            raise self._failed("deploy.cut", "The connection broke.", AGAIN)
        return code, "", said

    async def reach(self) -> None:
        """Connect and start the agent, so that it is there for the first call; see `Host.reach`."""
        try:
            async with self._talking, asyncio.timeout(2 * self._spec.deadlines.connect_s):
                self._session = self._session or await self._begin()
        except (TimeoutError, asyncssh.Error, OSError) as error:
            await self.close()
            raise self._failed("deploy.cut", f"The connection broke: {error or 'no answer'}.", AGAIN) from error

    async def _begin(self) -> Any:
        connection = await self._connect()
        listening = asyncio.create_task(_acknowledge(connection))
        try:
            return await connection.create_process(self._command([*self._agent_vector, "session"]), encoding=None)
        finally:
            listening.cancel()

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    async def prepare(self) -> bool:
        """Bring the agent to the host when it is not there or another; return whether it was sent."""
        if self._agent is None:
            return False
        content = await asyncio.to_thread(self._agent)
        digest = hashlib.sha256(content).hexdigest()
        _, line, _ = await self._run(["sha256sum", self._program], None, _nobody)
        if line.startswith(digest):
            return False
        await self._must(["python3", "-IS", "-c", PUT, self._program, digest], content)
        return True

    async def close(self) -> None:
        """End the connection."""
        self._drop_session()
        for connection in (self._connection, self._tunnel):
            if connection is not None:
                connection.abort()
        self._connection = self._tunnel = None

    async def _must(self, vector: list[str], stdin: bytes | None) -> None:
        code, _, said = await self._run(vector, stdin, _nobody)
        if code != 0:
            if "sudo" in said or code == NOT_FOUND:
                raise self._silent(vector[0], code, said)
            sentence = f"{vector[0]} failed: {said.strip()[-300:] or code}."
            raise self._failed("deploy.remote", sentence, "Log in as this user and try it by hand.")

    async def _run(self, vector: list[str], stdin: bytes | None, told: Told) -> tuple[int | None, str, str]:
        """Run an argument vector; return its exit code, its last line and its stderr. Progress lines are told."""
        connection = await self._connect()
        try:
            async with connection.create_process(self._command(vector), encoding=None) as process:
                last, said, _ = await asyncio.gather(_lines(process.stdout, told), process.stderr.read(), _feed(process.stdin, stdin, told))
                await process.wait_closed()
                code = process.returncode
        except (asyncssh.Error, OSError) as error:
            await self.close()
            raise self._failed("deploy.cut", f"The connection broke: {error}.", AGAIN) from error
        if code is None and not last:
            await self.close()
            raise self._failed("deploy.cut", "The connection broke.", AGAIN)
        return code, last, said.decode("utf-8", "replace")

    def _command(self, vector: list[str]) -> str:
        return shlex.join(["sudo", "-n", "--", *vector] if self._machine.sudo else vector)

    async def _connect(self) -> asyncssh.SSHClientConnection:
        async with self._connecting:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._open()
            return self._connection

    async def _open(self) -> asyncssh.SSHClientConnection:
        machine, deadline_s = self._machine, self._spec.deadlines.connect_s
        try:
            async with asyncio.timeout(deadline_s):
                if machine.jump:
                    user, _, address = machine.jump.rpartition("@")
                    name, _, port = address.partition(":")
                    self._tunnel = await asyncssh.connect(name, int(port or 22), username=user or machine.user, **self._options())
                return await asyncssh.connect(
                    machine.address, machine.port or 22, username=machine.user, tunnel=self._tunnel or (), **self._options()
                )
        except (TimeoutError, OSError, asyncssh.Error, ValueError) as error:
            raise self._unreached(error) from error

    def _options(self) -> dict[str, Any]:
        ssh, key = self._spec.ssh, self._machine.key
        known = Path(ssh.known_hosts).expanduser()
        if not known.is_file():
            hint = "Fill it with ssh-keyscan, and compare the fingerprints with the hosts' consoles."
            raise self._failed("deploy.known_hosts", f"There is no file of known host keys: {ssh.known_hosts}.", hint)
        found: dict[str, Any] = {
            "known_hosts": str(known),
            "config": None,
            "keepalive_interval": KEEPALIVE_S,
            "keepalive_count_max": KEEPALIVES,
            "compression_algs": None,
            "preferred_auth": "publickey",
        }
        if key:
            found["client_keys"] = [str(Path(key).expanduser())]
        if not ssh.agent:
            found["agent_path"] = None
        return found

    def _unreached(self, error: BaseException) -> DeployFailed:
        where = f"{self._machine.user}@{self._machine.address}:{self._machine.port}"
        match error:
            case asyncssh.HostKeyNotVerifiable():
                sentence = f"The host key of {where} is not the one in {self._spec.ssh.known_hosts}."
                return self._failed("deploy.host_key", sentence, "Someone may be in between. Compare fingerprints on the host's console.")
            case asyncssh.PermissionDenied():
                sentence = f"{where} takes none of our keys."
                return self._failed("deploy.wrong_key", sentence, "Name the key in [ssh] key, and put its .pub into authorized_keys.")
            case TimeoutError():
                sentence = f"{where} does not answer within {self._spec.deadlines.connect_s:g} s."
            case asyncssh.KeyImportError() | FileNotFoundError():
                return self._failed("deploy.key", f"The private key cannot be used: {error}.", "Name another one in [ssh] key.")
            case _:
                sentence = f"{where} cannot be reached: {error}."
        return self._failed("deploy.unreachable", sentence, "Is the host up, and sshd on that port?")

    def _answer(self, verb: str, code: int | None, line: str, said: str) -> dict[str, Any]:
        """Return the value in the agent's last line, or raise what it says."""
        try:
            answer = msgspec.json.decode(line)
        except msgspec.DecodeError:
            raise self._silent(verb, code, said) from None
        if answer.get("ok"):
            return answer.get("value") or {}
        params = {**answer.get("params", {}), "verb": verb}
        raise self._failed(answer.get("code", "deploy.failed"), answer.get("sentence", "It failed."), answer.get("hint", ""), **params)

    def _silent(self, verb: str, code: int | None, said: str) -> DeployFailed:
        """Say why there was no answer at all: the agent never ran."""
        if "sudo" in said and "password" in said:
            sentence = f"sudo asks {self._machine.user} for a password."
            return self._failed("deploy.sudo", sentence, "Allow it in /etc/sudoers.d: `USER ALL=(root) NOPASSWD: ALL`.")
        if code == NOT_FOUND or "python3: not found" in said:
            return self._failed("deploy.no_python", "There is no python3.", "Install Python 3.11 (Debian 12: apt-get install python3).")
        if "can't open file" in said:
            return self._failed("deploy.no_agent", "The agent is not there yet.", "Run `deploy host prepare` or `deploy apply`.")
        cause = said.strip().splitlines()[-1] if said.strip() else f"exit code {code}"
        return self._failed("deploy.no_answer", f"{verb} gave no answer: {cause}.", "See `deploy logs`.", verb=verb)

    def _failed(self, code: str, sentence: str, hint: str, **params: Any) -> DeployFailed:
        return DeployFailed(code, f"{self.name}: {sentence}", hint=hint, **{**params, "host": self.name})


async def _acknowledge(connection: asyncssh.SSHClientConnection) -> None:
    """Tell the host at once what has arrived. Until a program runs, sshd holds its next word back for that, and our kernel waits 40 ms."""
    found = connection.get_extra_info("socket")
    while found is not None and hasattr(socket, "TCP_QUICKACK"):
        with contextlib.suppress(OSError):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        await asyncio.sleep(ACK_S)


async def _lines(stream: Any, told: Told) -> str:
    """Read lines to the end; tell progress, return the last other one."""
    last = ""
    async for row in stream:
        line = row.decode("utf-8", "replace").strip()
        if line.startswith('{"progress"'):
            with contextlib.suppress(msgspec.DecodeError):
                said = msgspec.json.decode(line)
                told(float(said["progress"]), str(said.get("text", "")))
        elif line:
            last = line
    return last


async def _feed(stream: Any, content: bytes | None, told: Told) -> None:
    """Write standard input and close it; a process that ends without reading all of it is no trouble: its answer says why."""
    whole = content or b""
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        for at in range(0, len(whole), CHUNK):
            stream.write(whole[at : at + CHUNK])
            await stream.drain()
            if len(whole) > CHUNK:
                told(min(1.0, (at + CHUNK) / len(whole)), f"{min(at + CHUNK, len(whole)) / 1e6:.1f} of {len(whole) / 1e6:.1f} MB")
        stream.write_eof()
