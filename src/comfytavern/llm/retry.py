"""When to ask again, and whom."""

from collections.abc import Callable, Sequence

import msgspec

from comfytavern.kernel.errors import Failure
from comfytavern.llm.errors import LOCAL, PASSING
from comfytavern.llm.routing import Route


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a call is waited for, and how often it is tried."""

    connect_s: float = 10.0
    first_token_s: float = 180.0
    between_tokens_s: float = 60.0
    alive_s: float = 600.0
    """For the next word, however often the server says that it is still there."""
    whole_s: float = 300.0
    """For calls that answer at once: embeddings, pictures, sounds."""
    tries: int = 4
    """On one channel."""
    backoff_s: float = 0.5
    """Doubles with each try, with jitter."""
    wait_max_s: float = 20.0
    """A provider that wants us to wait longer counts as failed."""


class Attempts:
    """Walks through the routes of one call. Pure: says what to do next, does nothing."""

    def __init__(self, routes: Sequence[Route], patience: Patience, chance: Callable[[], float]) -> None:
        """Start with the first route."""
        self._routes = routes
        self._patience = patience
        self._chance = chance
        self._index = 0
        self._tries = 0
        self._failed: list[tuple[Route, Failure]] = []

    @property
    def route(self) -> Route:
        """Whom to ask now."""
        return self._routes[self._index]

    def after(self, failure: Failure) -> float:
        """Take note of a failure before the first token; return how many seconds to wait before asking `route`.

        Raises when there is nobody left to ask: the failure of the channel that was asked first, with what the others
        said in `params["also"]`.
        """
        self._tries += 1
        wait_s = self._wait_s(failure)
        if failure.code in PASSING and self._tries < self._patience.tries and wait_s <= self._patience.wait_max_s:
            return wait_s
        self._failed.append((self.route, failure))
        if failure.code not in PASSING | LOCAL:
            raise failure
        if self._index + 1 == len(self._routes):
            raise self._first_failure()
        self._index += 1
        self._tries = 0
        return 0.0

    def _wait_s(self, failure: Failure) -> float:
        asked = failure.params.get("retry_after_s")
        if isinstance(asked, int | float):  # and a little more, so that not everybody comes back in the same moment
            return asked + self._patience.backoff_s * self._chance()
        return self._patience.backoff_s * 2 ** (self._tries - 1) * (0.5 + self._chance())

    def _first_failure(self) -> Failure:
        first = self._failed[0][1]
        if len(self._failed) > 1:
            first.params["also"] = [{"model": route.reference, "code": failure.code} for route, failure in self._failed[1:]]
        return first
