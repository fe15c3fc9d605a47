"""Sends one body by HTTP, and again while that can help: a server that is busy or away is asked until the deadline, with growing pauses."""

import asyncio
import random
import ssl
from collections.abc import Mapping
from typing import Final

import httpx

from comfytavern.deploy.connectors.place import NotSent
from comfytavern.kernel.secret import Secret

PAUSES_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
TRY_S: Final = 10.0
AGAIN: Final = frozenset({408, 425, 429})
"""Besides 5xx: answers that may be others in a moment."""


async def post(url: Secret, body: bytes, headers: Mapping[str, str], deadline_s: float) -> None:
    """Send `body` until it is taken (2xx). Raises `NotSent`: `notify.refused` for another answer, `notify.unreachable` at the deadline.

    No redirect is followed: what is signed for one receiver is for no other. Trusts the system's CAs, or those of SSL_CERT_FILE.
    """
    last = "it did not answer"
    try:
        async with asyncio.timeout(deadline_s), httpx.AsyncClient(verify=ssl.create_default_context(), timeout=TRY_S) as client:
            for pause_s in (*PAUSES_S, *[PAUSES_S[-1]] * 1000):
                last = await _try(client, url, body, headers)
                if not last:
                    return
                await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))  # so that several pipelines do not come back together
    except TimeoutError:
        sentence = f"Nothing was taken within {deadline_s:g} s: {last}."
        raise NotSent("notify.unreachable", sentence, hint="Look at the receiver, then send it again.") from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise NotSent("notify.address", "The address is not one like https://example.org/….", hint="Look at the variable.") from None


async def _try(client: httpx.AsyncClient, url: Secret, body: bytes, headers: Mapping[str, str]) -> str:
    """Return "" when it was taken, else why to try again. Names neither the address nor what the other side says: both can be secret."""
    try:
        answer = await client.post(url.reveal(), content=body, headers=dict(headers))
    except httpx.UnsupportedProtocol:
        raise
    except httpx.TransportError as error:
        return f"{type(error).__name__}"
    if answer.is_success:
        return ""
    if answer.is_server_error or answer.status_code in AGAIN:
        return f"it answered {answer.status_code}"
    hint = "Look at the address and, for a signed webhook, at the key."
    raise NotSent("notify.refused", f"It was refused with {answer.status_code}.", hint=hint)
