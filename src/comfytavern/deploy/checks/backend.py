"""Checks of the back end: alive, able, one version everywhere, and what must not be seen from outside."""

import asyncio
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import httpx

from comfytavern.deploy.checks.finding import Fault, Left, Worry
from comfytavern.deploy.checks.machines import one_release
from comfytavern.deploy.checks.visit import ANSWER_S, Visit

CLOCK_S_MAX: Final = 5.0
UPLOAD_BYTES: Final = 2 * 1024 * 1024


async def health(visit: Visit) -> str:
    """GET /health is 200 and says ok."""
    answer = await visit.good("/health")
    if _json(answer, "/health").get("status") != "ok":
        raise Fault("/health answers, and not with its status.", "Something else answers in place of the back end: check the proxy.")
    return "The back end is alive."


async def ready(visit: Visit) -> str:
    """GET /ready is 200: database, disk, migrations, not draining."""
    answer = await visit.get("/ready")
    if answer.status_code == HTTPStatus.OK:
        return "The back end can work."
    document = _json(answer, "/ready")
    checks = document.get("checks", {})
    bad = ", ".join(name for name, found in checks.items() if found not in ("ok", True, None) and not _is_ok(found)) or str(
        document.get("status", answer.status_code)
    )
    raise Fault(f"The back end is not ready: {bad}.", "See its log; /ready names what is missing.")


async def version(visit: Visit) -> str:
    """Web app and API are of the same release, and it is the expected one."""
    api = _json(await visit.good("/version"), "/version")
    release = str(api.get("release") or api.get("version"))
    if visit.subject.expected and release != visit.subject.expected:
        raise Fault(f"Release {release} answers, not {visit.subject.expected}.", "Was the switch made? See `comfytavern deploy status`.")
    web = await visit.get("/version.json")
    if web.status_code != HTTPStatus.OK or "json" not in web.headers.get("content-type", ""):
        return f"Release {release}; the web app names none."
    page = str(_json(web, "/version.json").get("release"))
    if page != release:
        raise Fault(
            f"The web app is of release {page}, the API of {release}.", "Both must switch together: see `comfytavern deploy status`."
        )
    return f"Web app and API are of release {release}."


async def hosts(visit: Visit) -> str:
    """Every host behind the domain answers with the same release."""
    machines = await visit.machines()
    if machines is not None and not visit.subject.addresses:
        return one_release(machines, await _answered(visit))
    if not visit.subject.addresses:
        raise Left("No hosts were named.", "Give --host ADDRESS for each host behind the domain, or --file deploy.toml.")
    found = await asyncio.gather(*(_release_at(visit, address) for address in visit.subject.addresses))
    releases = dict(zip(visit.subject.addresses, found, strict=True))
    if len(set(releases.values())) > 1:
        listed = ", ".join(f"{address} {release}" for address, release in releases.items())
        raise Fault(f"The hosts run different releases: {listed}.", "Finish the deployment: `comfytavern deploy apply`, or roll back.")
    return f"{len(releases)} hosts run {found[0]}."


async def metrics_are_private(visit: Visit) -> str:
    """Metrics are not for everybody."""
    answer = await visit.get("/metrics")
    if answer.status_code == HTTPStatus.OK and "comfytavern_" in answer.text:
        raise Fault("/metrics can be read by everybody.", "Refuse it in the proxy; the agent reads it from the slot's socket.")
    return "Metrics are not public."


async def unknown_api(visit: Visit) -> str:
    """An unknown API path is a coded problem of the back end, not the web app's page."""
    answer = await visit.get("/api/there-is-no-such-thing", accept="text/html")
    if answer.status_code not in {HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED} or "problem+json" not in answer.headers.get(
        "content-type", ""
    ):
        raise Fault(
            f"An unknown API path answers {answer.status_code} {answer.headers.get('content-type', '')}.", "Proxy /api to the back end."
        )
    return "The API answers for itself."


async def clock(visit: Visit) -> str:
    """The server's clock is right: sessions and certificates depend on it."""
    stamp = (await visit.good("/health")).headers.get("date")
    if not stamp:
        raise Left("The server names no time.")
    off = abs((parsedate_to_datetime(stamp) - datetime.now(UTC)).total_seconds())
    if off > CLOCK_S_MAX:
        raise Fault(f"The clocks differ by {off:.0f} s.", "Run an NTP client on the hosts (and here).")
    return "The clock is right."


async def uploads(visit: Visit) -> str:
    """A file of 2 MiB reaches the back end: a proxy's default of 1 MiB would refuse it."""
    headers, where = await visit.session(), {"uri": "user://.comfytavern-check", "overwrite": "true"}
    try:
        answer = await visit.client.put("/api/files/content", params=where, content=bytes(UPLOAD_BYTES), headers=headers)
        await visit.client.delete("/api/files", params={"uri": where["uri"]}, headers=headers)
    except httpx.HTTPError as error:
        raise Fault(f"A file of 2 MiB was cut off: {type(error).__name__}.", "Set client_max_body_size in nginx.") from error
    if answer.is_error:
        raise Fault(f"A file of 2 MiB is answered with {answer.status_code}.", "Set client_max_body_size to what UPLOAD_MIB_MAX allows.")
    return "A file of 2 MiB gets through."


async def software_is_not_named(visit: Visit) -> str:
    """The answer does not name the version of the software: it helps nobody but attackers."""
    server = (await visit.page()).headers.get("server", "")
    if re.search(r"/\d", server):
        raise Worry(f"The answers name {server}.", "Set `server_tokens off;` in nginx.")
    return "No version numbers in headers."


async def _answered(visit: Visit) -> str:
    """Return the release that answers at the address; empty when none does, which other checks say."""
    try:
        return str(_json(await visit.good("/version"), "/version").get("release") or "")
    except Fault:
        return ""


async def _release_at(visit: Visit, address: str) -> str:
    scheme = "https" if visit.subject.secure else "http"
    headers, extensions = {"Host": visit.client.base_url.netloc.decode()}, {"sni_hostname": visit.subject.host}
    try:
        answer = await visit.client.get(f"{scheme}://{address}/version", headers=headers, extensions=extensions, timeout=ANSWER_S)
        return str(answer.json().get("release") or answer.json().get("version"))
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        raise Fault(f"{address} does not say its release: {error or type(error).__name__}.", "Is the host up?") from error


def _is_ok(found: object) -> bool:
    return isinstance(found, dict) and found.get("ok") is True  # pyright: ignore[reportUnknownMemberType] -- JSON of another program


def _json(answer: httpx.Response, path: str) -> dict[str, Any]:  # pyright: ignore[reportReturnType] -- raises otherwise
    try:
        document = answer.json()
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document  # pyright: ignore[reportUnknownVariableType] -- JSON of another program
    raise Fault(f"{path} is not JSON.", "Something else answers in place of the back end: check the proxy.")
