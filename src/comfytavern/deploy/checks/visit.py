"""One visit to an installation: its address, who we are there, and an HTTP client that remembers what it fetched."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from comfytavern.deploy.checks.finding import Fault, Left
from comfytavern.deploy.checks.machines import Machines, Survey

ANSWER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Login:
    """A person of the installation, who runs the small workflow."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be checked.

    `addresses` are the hosts behind the domain, each as `host:port`, asked one by one for their version; `expected` is the release that
    must be there; `log_lines` and `disks` come from the hosts (see deploy/service); `certificate_days` is when a warning becomes due.
    """

    url: str
    login: Login | None = None
    ca: Path | None = None
    browser: bool = True
    expected: str = ""
    addresses: tuple[str, ...] = ()
    log_lines: tuple[str, ...] | None = None
    survey: Survey | None = None
    certificate_days: float = 14.0
    deadline_s: float = 10.0

    @property
    def secure(self) -> bool:
        """Tell whether the address is an https one."""
        return self.url.startswith("https://")

    @property
    def host(self) -> str:
        """Return the name of the host, without the port."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Return the port."""
        return urlsplit(self.url).port or (443 if self.secure else 80)

    def trust(self) -> ssl.SSLContext:
        """Return what certificates are checked with. Raises `Fault` when the CA file cannot be read."""
        try:
            return ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise Fault(f"{self.ca} cannot be read as a CA file: {error}.", "Give a PEM file with --ca.") from error


class Visit:
    """Fetches pages of the subject, each once: several checks look at the same answer."""

    def __init__(self, subject: Subject, client: httpx.AsyncClient) -> None:
        """Fetch with `client`."""
        self.subject = subject
        self.client = client
        self._fetched: dict[tuple[str, tuple[tuple[str, str], ...]], asyncio.Task[httpx.Response]] = {}
        self._session: asyncio.Task[dict[str, str]] | None = None
        self._machines: asyncio.Task[Machines] | None = None

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Return the answer to GET `path`; raises `Fault` when there is none."""
        key = (path, tuple(sorted(headers.items())))
        if key not in self._fetched:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            self._fetched[key] = asyncio.create_task(self.client.get(path, headers=named))
        try:
            return await asyncio.shield(self._fetched[key])
        except httpx.TimeoutException as error:
            raise Fault(
                f"{path} gave no answer within {ANSWER_S:.0f} s.", "Is the back end running? See `comfytavern deploy status`."
            ) from error
        except httpx.HTTPError as error:
            raise Fault(
                f"{path} cannot be fetched: {error or type(error).__name__}.", "Check the address, DNS, firewall and nginx."
            ) from error

    async def good(self, path: str, **headers: str) -> httpx.Response:
        """Return the answer to GET `path`, which must be 200."""
        answer = await self.get(path, **headers)
        if answer.status_code != HTTPStatus.OK:
            raise Fault(f"{path} answered {answer.status_code}, not 200.", "Look at the logs: `comfytavern deploy logs`.")
        return answer

    async def page(self) -> httpx.Response:
        """Return the front page, as a browser asks for it."""
        return await self.good("/", accept="text/html", accept_encoding="gzip")

    async def session(self) -> dict[str, str]:
        """Return the headers of a person who is logged in (the login happens once). Raises `Left` without one, `Fault` when refused."""
        if self.subject.login is None:
            raise Left("No login was given.", "Give --user and --password-file to try login and a workflow.")
        if self._session is None:
            self._session = asyncio.create_task(self._log_in(self.subject.login))
        return await asyncio.shield(self._session)

    async def machines(self) -> Machines | None:
        """Return what the hosts say of themselves (they are asked once); None when none were named."""
        if self.subject.survey is None:
            return None
        if self._machines is None:
            self._machines = asyncio.create_task(self.subject.survey())
        return await asyncio.shield(self._machines)

    async def _log_in(self, login: Login) -> dict[str, str]:
        try:
            answer = await self.client.post("/api/token", json={"name": login.name, "password": login.password})
        except httpx.HTTPError as error:
            raise Fault(f"The login gave no answer: {type(error).__name__}.", "Is /api proxied to the back end?") from error
        if answer.status_code != HTTPStatus.OK:
            raise Fault(
                f"The login of {login.name} answered {answer.status_code}.", "Is the password right? Is the database the right one?"
            )
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@asynccontextmanager
async def visiting(subject: Subject) -> AsyncGenerator[Visit]:
    """Open a visit, and close its connections."""
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(base_url=subject.url, timeout=ANSWER_S, verify=subject.trust(), limits=limits, trust_env=False) as client:
        yield Visit(subject, client)
