"""Checks of the web app's delivery: caching, compression, fallback, headers."""

import re
from http import HTTPStatus
from typing import Final

import httpx

from comfytavern.deploy.checks.finding import Fault, Worry
from comfytavern.deploy.checks.visit import Visit

ASSET: Final = re.compile(r"""(?:src|href)=["'](/assets/[^"']+\.(?:js|css))["']""")
WORTH_BYTES: Final = 2_048
"""Under this size compression saves nothing."""
HEADERS: Final = {
    "content-security-policy": "default-src",
    "x-content-type-options": "nosniff",
    "referrer-policy": "",
}


async def page(visit: Visit) -> str:
    """The front page is the web app."""
    answer = await visit.page()
    if not ASSET.search(answer.text):
        raise Fault("The front page is not the web app.", "Is the web app built, and is `root` the folder of the release?")
    return "The front page is the web app."


async def page_is_fresh(visit: Visit) -> str:
    """The front page is asked for anew each time; an old one would look for scripts that are gone."""
    control = (await visit.page()).headers.get("cache-control", "")
    if not re.search(r"no-cache|no-store|max-age=0", control):
        raise Fault(
            f"The front page may be kept: Cache-Control is {control or 'missing'}.", "Send `Cache-Control: no-cache` for index.html."
        )
    return "Browsers ask for the front page anew."


async def assets_exist(visit: Visit) -> str:
    """Every script and style of the front page can be fetched, as what it is."""
    names = _assets(await visit.page())
    for name in names:
        answer = await visit.good(name, accept_encoding="gzip")
        if "html" in answer.headers.get("content-type", ""):
            raise Fault(f"{name} is a page, not a script.", "The fallback to index.html must not cover /assets/.")
    return f"{len(names)} scripts and styles are there."


async def assets_are_kept(visit: Visit) -> str:
    """Hashed files are kept for a year."""
    name = _assets(await visit.page())[0]
    control = (await visit.good(name, accept_encoding="gzip")).headers.get("cache-control", "")
    age = re.search(r"max-age=(\d+)", control)
    if "immutable" not in control or not age or int(age.group(1)) < 30 * 86_400:
        raise Fault(
            f"Hashed files are not kept: Cache-Control is {control or 'missing'}.", "Send `max-age=31536000, immutable` for /assets/."
        )
    return "Browsers keep hashed files."


async def lost_assets(visit: Visit) -> str:
    """A file that is not there is 404, not the front page."""
    answer = await visit.get("/assets/there-is-no-such-file-00000000.js")
    if answer.status_code != HTTPStatus.NOT_FOUND:
        raise Fault(f"A script that is not there answers {answer.status_code}.", "The fallback to index.html must not cover /assets/.")
    return "A file that is not there is 404."


async def compression(visit: Visit) -> str:
    """Scripts and styles come compressed."""
    for name in _assets(await visit.page()):
        answer = await visit.good(name, accept_encoding="gzip")
        if len(answer.content) >= WORTH_BYTES and answer.headers.get("content-encoding") != "gzip":
            raise Fault(f"{name} comes uncompressed.", "Use `gzip_static on;`: the release has every file compressed already.")
        if "content-encoding" in answer.headers and "accept-encoding" not in answer.headers.get("vary", "").lower():
            raise Worry(f"{name} comes compressed without `Vary: Accept-Encoding`.", "Use `gzip_vary on;`.")
    return "Scripts and styles come compressed."


async def deep_link(visit: Visit) -> str:
    """An address inside the app leads to the app."""
    answer = await visit.get("/settings/models", accept="text/html")
    if answer.status_code != HTTPStatus.OK or not ASSET.search(answer.text):
        raise Fault(f"An address inside the app answers {answer.status_code}.", "Use `try_files $uri /index.html;`.")
    return "Addresses inside the app work."


async def security_headers(visit: Visit) -> str:
    """Page and API carry the security headers."""
    answers = {"/": await visit.page(), "/health": await visit.good("/health")}
    wanted = HEADERS | ({"strict-transport-security": "max-age"} if visit.subject.secure else {})
    for path, answer in answers.items():
        missing = [name for name, part in wanted.items() if part not in answer.headers.get(name, "-")]
        missing += [name for name in wanted if name not in answer.headers and name not in missing]
        if missing:
            raise Fault(f"{path} lacks {', '.join(sorted(missing))}.", "Repeat `add_header` in every location that has headers of its own.")
    return "The security headers are there."


def _assets(answer: httpx.Response) -> list[str]:
    names = sorted(set(ASSET.findall(answer.text)))
    if not names:
        raise Fault("The front page names no scripts.", "Is the web app built, and is `root` the folder of the release?")
    return names
