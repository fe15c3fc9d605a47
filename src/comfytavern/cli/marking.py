"""How a deployment leaves its marks in what watches: where the variables MARK_… say."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfytavern.deploy.connectors.notice import Notice
    from comfytavern.kernel.errors import Problem
    from comfytavern.kernel.secret import Secret


def wanted() -> bool:
    """Tell whether any mark is asked for."""
    return any(os.environ.get(name) for name in ("MARK_GRAFANA_URL", "MARK_SENTRY_TOKEN", "MARK_OTLP_ENDPOINT"))


async def mark(notice: "Notice", known: "Iterable[Secret]" = ()) -> "list[Problem]":
    """Set all marks, without secrets, `known` ones among them; return which could not be set. Raises `Refused` (`monitoring.marks`)."""
    from comfytavern.boot.redact import password_of, redacting, secrets_of  # noqa: PLC0415 -- only when a mark is set
    from comfytavern.deploy.connectors.service import tell  # noqa: PLC0415 -- as above
    from comfytavern.deploy.markers.service import DEADLINE_S, places_of  # noqa: PLC0415 -- as above

    words = {secret.reveal() for secret in known}
    words |= {part for word in words for part in password_of(word)} | secrets_of(os.environ)
    return await tell(notice.cleaned(redacting(words)), places_of(os.environ), DEADLINE_S)
