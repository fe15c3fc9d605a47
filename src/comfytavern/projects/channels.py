"""All runs that somebody watches in this process, wherever they are executed.

A run that is executed here is told by its `Live`. One that another server executes is followed: what it stores is read, once for all
who watch, and has the same numbers. Who watches cannot tell the difference, nor notice when the run moves.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakValueDictionary

from comfytavern.kernel.errors import Failure
from comfytavern.projects.channel import Channel
from comfytavern.projects.fold import Fold
from comfytavern.projects.live import Live
from comfytavern.projects.repo import Archive
from comfytavern.projects.run import TERMINAL, Moved, Tip, rewound

_log = logging.getLogger(__name__)
FOLLOW_S = 0.06
"""How far behind a run of another server its watchers may be."""
LISTEN_S = 0.25
OVERLAP_S = 2.0
"""A change of a run may be visible so much later than it is dated."""
TOLD_MAX = 10_000


class Channels:
    """See the module."""

    def __init__(self, archive: Archive, is_here: Callable[[str], bool]) -> None:
        """Follow the runs for which `is_here` is false."""
        self._events, self._history, self._runs = archive.events, archive.history, archive.runs
        self._is_here = is_here
        self._channels: WeakValueDictionary[str, Channel] = WeakValueDictionary()
        self._told: OrderedDict[str, str] = OrderedDict()

    async def of(self, id: str) -> Channel:
        """Return the channel of a run: all who watch it, and who makes its events, share one."""
        found = self._channels.get(id)
        if found is None:
            tip = (await self._events.tips([id])).get(id) or Tip(state="cancelled", last=0)
            found = self.attach(id, tip.last, ended=tip.state in TERMINAL)
        return found

    def attach(self, id: str, last: int, *, ended: bool = False) -> Channel:
        """Return the channel of a run, a new one if there is none."""
        found = self._channels.get(id)
        if found is None:
            self._channels[id] = found = Channel(last, ended=ended, stored=lambda after: self._events.read(id, after))
        return found

    async def check(self, id: str, after: int) -> None:
        """Raise `Conflict` (`run.rewound`) when there is no event `after`: it was seen, and is lost."""
        if after > (await self.of(id)).last and after > (last := await self._events.last(id)):
            raise rewound(id, last)

    async def fold(self, id: str) -> Fold:
        """Return what the stored events of a run add up to."""
        fold = Fold()
        while batches := await self._events.read(id, fold.seq):
            for batch in batches:
                for event in batch.events:
                    fold.add(event)
        return fold

    def lost(self, live: Live) -> None:
        """Go on without a run that another server has now; who was shown what was never stored is told."""
        if (stored := live.stored) < live.channel.last:
            self._channels.pop(live.id, None)
            live.channel.fail(rewound(live.id, stored))

    async def follow(self) -> None:
        """Read on what other servers store, for ever."""
        while True:
            await asyncio.sleep(FOLLOW_S)
            ids = [id for id, channel in list(self._channels.items()) if channel.watched and not channel.ended and not self._is_here(id)]
            try:
                tips = await self._events.tips(ids) if ids else {}
                for id in ids:
                    await self._advance(id, tips.get(id))
            except Failure as failure:
                _log.warning("runs of other servers cannot be followed: %s", failure.sentence)

    async def _advance(self, id: str, tip: Tip | None) -> None:
        channel = self._channels.get(id)
        if channel is None or self._is_here(id):
            return
        if tip is None:
            channel.finish()
            return
        over = tip.state in TERMINAL
        while channel.last < tip.last and (batches := await self._events.read(id, channel.last)):
            for batch in batches:
                channel.publish(batch, ended=over and batch.last >= tip.last)
        if over and channel.last >= tip.last:
            channel.finish()

    # news of runs that change their state elsewhere

    def tells(self, id: str, state: str) -> bool:
        """Tell whether this is the first time that we hear of this state of a run; also when we made it ourselves."""
        known = self._told.pop(id, None)
        self._told[id] = state
        while len(self._told) > TOLD_MAX:
            self._told.popitem(last=False)
        return known != state

    async def listen(self, wanted: Callable[[], bool], tell: Callable[[Moved], None]) -> None:
        """Call `tell` for each run that changes its state elsewhere, as long as anybody wants to know, for ever."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        while True:
            await asyncio.sleep(LISTEN_S)
            if not wanted():
                since = loop.time()
                continue
            now = loop.time()
            try:
                moved = await self._history.moved(now - since + OVERLAP_S)
            except Failure as failure:
                _log.warning("runs of other servers cannot be heard of: %s", failure.sentence)
                continue
            since = now
            for one in moved:
                if self.tells(one.summary.id, one.summary.state):
                    tell(one)
