"""After a rotation of the application's secret: what an earlier one sealed is sealed anew under the newest, so that the overlap can end.

Not at once: a server that does not know the new secret yet (the release before, kept warm for a rollback; another host of a rolling
deployment) could not open it any more. Each server says which secrets it opens with, and whoever sees that all know the newest one
seals anew. Two that do so at once do no harm: each text is replaced only as long as it is the one that was opened.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from comfytavern.kernel.errors import Failure
from comfytavern.llm.endpoint import place
from comfytavern.llm.repo import Channel, SealedRepo
from comfytavern.llm.vault import Vault

_log = logging.getLogger(__name__)
EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """What one look has found, by channels; `waiting` for another server that does not know the newest secret."""

    resealed: int = 0
    waiting: int = 0
    unreadable: tuple[str, ...] = ()
    """Ids of channels whose key or headers none of the secrets opens."""


class Resealing:
    """One server's part in it."""

    def __init__(self, repo: SealedRepo, vault: Vault, server: str, *, every_s: float = EVERY_S) -> None:
        """Be `server`; a look is taken at the start and every `every_s` seconds, for secrets change while a server runs (SIGHUP)."""
        self._repo, self._vault, self._server, self._every_s = repo, vault, server, every_s
        self._told: set[tuple[str, tuple[str, ...]]] = set()
        self._waiting = False

    @contextlib.asynccontextmanager
    async def going_on(self) -> AsyncGenerator[None]:
        """Look again and again meanwhile."""
        task = asyncio.create_task(self._go_on(), name="keys.resealing")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            try:
                await self._repo.withdraw(self._server)
            except Failure as failure:
                _log.warning("others will notice only later that this server opens no keys any more: %s", failure.sentence)

    async def look(self) -> Found:
        """Seal anew what can be, tell what cannot be opened (each channel once), and return what was found."""
        await self._repo.announce(self._server, self._vault.names)
        stale: list[tuple[Channel, bytes | None, bytes | None]] = []
        unreadable: list[Channel] = []
        for channel in await self._repo.sealed():
            try:
                key, headers = self._renewed(channel, "key"), self._renewed(channel, "headers")
            except Failure:
                unreadable.append(channel)
                continue
            if key or headers:
                stale.append((channel, key or channel.key, headers or channel.headers))
        self._tell(unreadable)
        lost = tuple(channel.id for channel in unreadable)
        if not stale:
            return Found(unreadable=lost)
        if not all(self._vault.names[0] in names for names in await self._repo.others(self._server)):
            self._wait(len(stale))
            return Found(waiting=len(stale), unreadable=lost)
        resealed = sum([await self._repo.reseal(channel, key, headers) for channel, key, headers in stale])
        self._waiting = False
        # A warning, as LOG_LEVEL is by default: whoever renewed the secret waits for this.
        _log.warning("%d channels are sealed with the newest JWT_SECRET now; their keys need no earlier one", resealed)
        return Found(resealed=resealed, unreadable=lost)

    async def _go_on(self) -> None:
        while True:
            try:
                await self.look()
            except Failure as failure:
                _log.warning("model keys could not be looked through: %s", failure.sentence)
            except Exception:  # noqa: BLE001 -- a bug, told with its traceback; the next look may do better
                _log.exception("model keys could not be looked through")
            await asyncio.sleep(self._every_s)

    def _renewed(self, channel: Channel, field: str) -> bytes | None:
        sealed: bytes | None = getattr(channel, field)
        return None if sealed is None else self._vault.renewed(sealed, place(channel.id, field))

    def _tell(self, unreadable: list[Channel]) -> None:
        for channel in unreadable:
            if (known := (channel.id, self._vault.names)) not in self._told:
                self._told.add(known)
                sentence = "the stored key of channel “%s” (%s) cannot be read with JWT_SECRET or JWT_SECRET_PREVIOUS: enter it again"
                _log.error(sentence, channel.name, channel.id, extra={"code": "llm.key_unreadable", "channel": channel.id})

    def _wait(self, count: int) -> None:
        if not self._waiting:
            self._waiting = True
            _log.info(
                "%d channels stay sealed with an earlier JWT_SECRET until every server knows the newest: keep JWT_SECRET_PREVIOUS", count
            )
