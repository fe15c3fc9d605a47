"""Whose turn it is: users take turns, so that one who starts a hundred runs does not make the others wait for all of them."""

from collections import OrderedDict, deque
from collections.abc import Mapping


class Turns:
    """Runs that wait, in the order in which each person started them. Pure: it starts nothing."""

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: OrderedDict[str, deque[str]] = OrderedDict()

    def __len__(self) -> int:
        """Count the runs that wait."""
        return sum(map(len, self._waiting.values()))

    def add(self, owner: str, id: str) -> None:
        """Put a run behind the others of the same person."""
        self._waiting.setdefault(owner, deque()).append(id)

    def remove(self, owner: str, id: str) -> bool:
        """Take a run out, and tell whether it was there."""
        mine = self._waiting.get(owner)
        if mine is None or id not in mine:
            return False
        mine.remove(id)
        if not mine:
            del self._waiting[owner]
        return True

    def all(self) -> list[tuple[str, str]]:
        """Return owner and run of all that wait."""
        return [(owner, id) for owner, mine in self._waiting.items() for id in mine]

    def of(self, owner: str) -> list[str]:
        """Return the runs of one person, in their order."""
        return list(self._waiting.get(owner, ()))

    def next(self, running: Mapping[str, int], *, per_owner: int) -> str | None:
        """Return whose turn it is among people with fewer than `per_owner` of `running`; None: nobody's."""
        return next((owner for owner in self._waiting if running.get(owner, 0) < per_owner), None)

    def take(self, owner: str) -> str:
        """Return the next run of `owner`, whose turn comes after everybody else's then."""
        id = self._waiting[owner].popleft()
        self._waiting.move_to_end(owner)
        if not self._waiting[owner]:
            del self._waiting[owner]
        return id

    def positions(self) -> dict[str, int]:
        """Return the place of every run, from 1, when people take turns from now on."""
        rounds = [(place, turn, id) for turn, mine in enumerate(self._waiting.values()) for place, id in enumerate(mine)]
        return {id: position for position, (_, _, id) in enumerate(sorted(rounds), start=1)}
