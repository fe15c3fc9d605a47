"""Slack's incoming webhooks, and what speaks their form (Mattermost, Rocket.Chat)."""

import html
from dataclasses import dataclass
from typing import Final

import msgspec

from comfytavern.deploy.connectors.notice import Event, Notice
from comfytavern.deploy.connectors.post import post
from comfytavern.kernel.secret import Secret

SIGNS: Final = {Event.DEPLOYED: ":white_check_mark:", Event.FAILED: ":x:", Event.ROLLED_BACK: ":leftwards_arrow_with_hook:"}


@dataclass(frozen=True, slots=True)
class Slack:
    """One channel; whoever has the address can write to it."""

    url: Secret
    name: str = "Slack"

    async def send(self, notice: Notice, deadline_s: float) -> None:
        """Write the sentence into the channel. What it was told is escaped: a release called `<!channel>` wakes nobody."""
        text = f"{SIGNS[notice.event]} {html.escape(notice.sentence, quote=False)}"
        body = msgspec.json.encode({"text": text, "unfurl_links": False})
        await post(self.url, body, {"Content-Type": "application/json"}, deadline_s)
