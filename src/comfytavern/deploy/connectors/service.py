"""The door: tells every place at once, and says which could not be told.

places = places_of(notify, secrets)
problems = await tell(notice, places, deadline_s=20)
"""

import asyncio
from collections.abc import Iterable, Mapping

from comfytavern.deploy.connectors.mail import Mail
from comfytavern.deploy.connectors.notice import Notice
from comfytavern.deploy.connectors.place import NotSent, Place
from comfytavern.deploy.connectors.slack import Slack
from comfytavern.deploy.connectors.webhook import Webhook
from comfytavern.deploy.spec import Notify
from comfytavern.kernel.errors import Problem
from comfytavern.kernel.secret import Secret

NAMES = ("slack", "webhook", "webhook_key", "mail")
"""Members of [notify] that are sources of secrets."""


def sources_of(notify: Notify) -> dict[str, str]:
    """Return where each secret of [notify] comes from, for `deploy.secrets.resolve`."""
    return {f"notify.{name}": source for name in NAMES if (source := getattr(notify, name))}


def places_of(notify: Notify, secrets: Mapping[str, Secret]) -> list[Place]:
    """Return the places that [notify] names, in its order."""
    none = Secret("")
    found: list[Place] = []
    if slack := secrets.get("notify.slack"):
        found.append(Slack(slack))
    if webhook := secrets.get("notify.webhook"):
        found.append(Webhook(webhook, secrets.get("notify.webhook_key", none)))
    if mail := secrets.get("notify.mail"):
        found.append(Mail(mail, notify.mail_from, notify.mail_to))
    return found


async def tell(notice: Notice, places: Iterable[Place], deadline_s: float) -> list[Problem]:
    """Send a notice to all places at once; return a problem for each that was not told. Never raises for a place."""

    async def one(place: Place) -> Problem | None:
        try:
            await place.send(notice, deadline_s)
        except NotSent as failure:
            return Problem(code=failure.code, message=f"{place.name} was not told: {failure.sentence} {failure.hint}", level="warning")
        return None

    return [problem for problem in await asyncio.gather(*(one(place) for place in places)) if problem]
