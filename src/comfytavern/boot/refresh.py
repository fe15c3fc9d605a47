"""New settings for a server that runs (SIGHUP): what can change at once does, what cannot is named, and nothing changes by halves."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from comfytavern.accounts.bearer import Signer
from comfytavern.boot.logs import relearn
from comfytavern.boot.secrets import application_secrets
from comfytavern.kernel.errors import Failure
from comfytavern.kernel.secret import Secret
from comfytavern.llm.given import GivenChannels
from comfytavern.llm.vault import Vault
from comfytavern.settings.rotate import KEPT_MAX
from comfytavern.settings.settings import Settings, variables

if TYPE_CHECKING:
    from comfytavern.api.services import Values  # A command without a server needs no web framework.

log = logging.getLogger(__name__)
AT_ONCE: Final = frozenset(
    {"secret", "earlier_secrets", "log_level", "metrics_token", "origins", "openai_key", "openrouter_key", "deepseek_key"}
    | {"settings_from", "cloud_deadline_s", "azure_connection", "google_endpoint"}
)
"""Fields that need no restart: those that are handed on below, and those that only say where settings come from."""

Again = Callable[[], Settings]
"""Reads the settings of this process once more. Blocks. Raises `Failure`."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """Whoever holds secrets and keys that can change."""

    signer: Signer
    vault: Vault
    given: GivenChannels


class Refresh:
    """The settings in force, and the way to newer ones."""

    def __init__(self, settings: Settings, keyed: Keyed, values: "Values") -> None:
        """Begin with `settings`, which `keyed` and `values` were made from."""
        self._settings, self._keyed, self._values = settings, keyed, values
        self._secrets = application_secrets(settings)
        self._ours: list[Secret] = []
        self._door, self._waiting = asyncio.Lock(), False

    def settings(self) -> Settings:
        """Return the settings in force."""
        return self._settings

    async def run(self, again: Again) -> None:
        """Read and apply. Asked several times meanwhile, it reads once more and no more often. Never raises for settings that are wrong."""
        if self._waiting:
            return
        self._waiting = True
        async with self._door:
            self._waiting = False
            try:
                found = await asyncio.to_thread(again)
                taken = {field: getattr(found, field) for field in AT_ONCE}
                force = self._settings.model_copy(update=taken)
                secrets = await asyncio.to_thread(application_secrets, force)
            except Failure as failure:
                why = "; ".join(problem.message for problem in failure.problems) or failure.sentence
                log.error("the settings stay as they were, for new ones cannot be had: %s", why, extra={"code": failure.code})  # noqa: TRY400 -- it is a sentence, not a bug
                return
            self._apply(found, force, secrets)

    def _apply(self, new: Settings, force: Settings, secrets: list[Secret]) -> None:
        """Hand on what can change, which `force` has of `new`; everything else of it is still as it was at the start."""
        old = self._settings
        changed = [each for each in variables() if getattr(old, each.field) != getattr(new, each.field)]
        turned = self._believed(secrets)
        relearn(force, new, old, secrets=(*turned, *self._secrets))
        self._keyed.signer.use(turned)
        self._keyed.vault.use(turned)
        self._keyed.given.give(new.provider_keys)
        token = new.metrics_token.get_secret_value()
        self._values.metrics_token = Secret(token) if token else None
        self._values.origins = new.origins
        self._secrets, self._settings = turned, force.noting(new.notes)
        for note in new.notes:
            if note not in old.notes:
                log.warning(note.message, extra={"variable": note.place["field"]})
        _tell([each.name for each in changed if each.field in AT_ONCE], [each.name for each in changed if each.field not in AT_ONCE])

    def _believed(self, given: list[Secret]) -> list[Secret]:
        """Return the secrets that are good from now on: those given, then those that were current here and are not given any more.

        Nobody is logged out by a new secret, also when the one before was not put into JWT_SECRET_PREVIOUS. A restart forgets it.
        """
        texts = {secret.reveal() for secret in given}
        if (before := self._secrets[0]).reveal() not in texts:
            self._ours.insert(0, before)
            log.warning("JWT_SECRET is new; this process believes the one before until it ends. JWT_SECRET_PREVIOUS would keep it longer.")
        self._ours = [secret for secret in self._ours if secret.reveal() not in texts][:KEPT_MAX]
        return [*given, *self._ours]


def _tell(applied: list[str], waiting: list[str]) -> None:
    if applied:
        log.info("new settings are in force: %s", ", ".join(applied), extra={"variables": applied})
    if waiting:
        log.warning("these settings have changed and need a restart: %s", ", ".join(waiting), extra={"variables": waiting})
    if not applied and not waiting:
        log.info("the settings were read again and are what they were")
