"""A webhook of your own: the notice as JSON, signed."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from comfytavern.deploy.connectors.notice import Notice
from comfytavern.deploy.connectors.post import post
from comfytavern.kernel.secret import Secret

SIGNATURE: Final = "X-ComfyTavern-Signature"
"""`sha256=` and the HMAC-SHA256 of the body, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver. Without a key the notice is sent unsigned."""

    url: Secret
    key: Secret
    name: str = "the webhook"

    async def send(self, notice: Notice, deadline_s: float) -> None:
        """Send the document; a receiver knows by its `id` when it has it already."""
        body = notice.document()
        signed = {SIGNATURE: signature(self.key, body)} if self.key else {}
        headers = {"Content-Type": "application/json", "User-Agent": "ComfyTavern", "X-ComfyTavern-Event": notice.event.value, **signed}
        await post(self.url, body, headers, deadline_s)


def signature(key: Secret, body: bytes) -> str:
    """Return what stands in the header for this body."""
    return "sha256=" + hmac.new(key.reveal().encode(), body, hashlib.sha256).hexdigest()
