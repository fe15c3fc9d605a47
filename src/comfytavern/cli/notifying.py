"""How people are told of a deployment: where [notify] or the environment says; and by `deploy apply` and `rollback` themselves."""

import getpass
import os
import socket
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from comfytavern.cli import marking
from comfytavern.deploy.connectors.notice import Event, Notice
from comfytavern.kernel.errors import Failure

if TYPE_CHECKING:
    from comfytavern.deploy.connectors.place import Place
    from comfytavern.deploy.spec import Notify, Spec
    from comfytavern.deploy.stage import Plan
    from comfytavern.kernel.errors import Problem
    from comfytavern.kernel.secret import Secret

VARIABLES: Final = {
    "slack": "NOTIFY_SLACK",
    "webhook": "NOTIFY_WEBHOOK",
    "webhook_key": "NOTIFY_WEBHOOK_KEY",
    "mail": "NOTIFY_MAIL",
    "mail_from": "NOTIFY_MAIL_FROM",
    "mail_to": "NOTIFY_MAIL_TO",
}
"""What stands in for [notify] when there is no deploy.toml: a pipeline's secrets. NOTIFY_MAIL_TO may name several, with commas."""


class Telling:
    """Tells what [notify] wants told; what goes wrong meanwhile is a warning on stderr, and no reason to fail."""

    def __init__(self, notify: "Notify", folder: Path, known: Mapping[str, "Secret"] | None = None) -> None:
        """Read the addresses, files relative to `folder`; `known` are secrets that may stand in no message. Raises `Refused`."""
        from comfytavern.deploy.connectors.service import places_of, sources_of  # noqa: PLC0415 -- only when somebody is told
        from comfytavern.deploy.secrets import resolve  # noqa: PLC0415 -- as above

        self._notify = notify
        own = resolve(sources_of(notify), folder)
        self.places: list[Place] = places_of(notify, own)
        self._secrets = [secret.reveal() for secret in (*own.values(), *(known or {}).values())]

    async def tell(self, notice: Notice) -> "list[Problem]":
        """Send a notice, redacted, if its event is wanted; return who could not be told."""
        from comfytavern.deploy.connectors.service import tell  # noqa: PLC0415 -- as above

        wanted = notice.event.value in self._notify.events
        return await tell(self.clean(notice), self.places, self._notify.deadline_s) if wanted else []

    def clean(self, notice: Notice) -> Notice:
        """Return the notice without anything that is, or looks like, a secret."""
        from comfytavern.boot.redact import password_of, redacting, secrets_of  # noqa: PLC0415 -- as above

        known = {*self._secrets, *(part for each in self._secrets for part in password_of(each)), *secrets_of(os.environ)}
        return notice.cleaned(redacting(known))


class Story:
    """What a deployment says of itself while it goes on; until it says that it begins, nobody is told anything."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.begun: float | None = None
        self.release = ""
        self.done = False

    def begin(self, release: str = "") -> None:
        """Say that hosts may change from now on."""
        self.begun = time.monotonic()
        self.release = release

    def end(self, plan: "Plan") -> None:
        """Say what was done; a plan that changed nothing is no news."""
        self.release, self.done = plan.release or self.release, not plan.nothing


@asynccontextmanager
async def announced(
    spec: "Spec", file: Path, target: str, known: Mapping[str, "Secret"], *, back: bool, wanted: bool = True
) -> AsyncGenerator[Story]:
    """Yield a story, and tell how it ended when that is `wanted` and the spec has [notify], or MARK_… asks. `back`: it is a rollback."""
    story = Story()
    telling = _telling(spec, file.parent, known) if wanted else None
    heard = telling is not None or (wanted and marking.wanted())
    try:
        yield story
    except Failure as failure:
        if heard and story.begun is not None:
            await _tell(telling, story, Event.FAILED, spec, target, known, failure.sentence)
        raise
    if heard and story.begun is not None and story.done:
        await _tell(telling, story, Event.ROLLED_BACK if back else Event.DEPLOYED, spec, target, known)


async def _tell(
    telling: Telling | None, story: Story, event: Event, spec: "Spec", target: str, known: Mapping[str, "Secret"], cause: str = ""
) -> None:
    from comfytavern.cli.deploying import settings_of  # noqa: PLC0415 -- it knows this module too

    notice = Notice(
        event=event,
        release=story.release,
        target=target or spec.name,
        url=settings_of(spec).get("API_BASE_URL", ""),
        who=me(),
        duration_s=time.monotonic() - (story.begun or 0.0),
        cause=cause,
    )
    if telling:
        warn(await telling.tell(notice))
    try:
        warn(await marking.mark(notice, known.values()))
    except Failure as failure:
        print(f"No marks are set: {failure.sentence} {failure.hint}", file=sys.stderr, flush=True)


def _telling(spec: "Spec", folder: Path, known: Mapping[str, "Secret"]) -> Telling | None:
    if spec.notify is None:
        return None
    try:
        return Telling(spec.notify, folder, known)
    except Failure as failure:
        print("Nobody will be told how this ends:", *(each.message for each in failure.problems), file=sys.stderr, flush=True)
        return None


def from_environment() -> "Notify":
    """Return what the variables NOTIFY_… say."""
    from comfytavern.deploy.spec import Notify  # noqa: PLC0415 -- only when somebody is told

    given = {member: name for member, name in VARIABLES.items() if os.environ.get(name)}
    sources = {member: f"env:{name}" for member, name in given.items() if member not in {"mail_from", "mail_to"}}
    to = tuple(each.strip() for each in os.environ.get(VARIABLES["mail_to"], "").split(",") if each.strip())
    return msgspec.convert({**sources, "mail_from": os.environ.get(VARIABLES["mail_from"], ""), "mail_to": to}, Notify)


def warn(problems: "list[Problem]") -> None:
    """Say who could not be told."""
    for problem in problems:
        print(f"Warning: {problem.message} ({problem.code})", file=sys.stderr, flush=True)


def me() -> str:
    """Return who this is, as the lock of the hosts says it."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return socket.gethostname()
