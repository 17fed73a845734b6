"""Which region is the home, as one process sees it, and what a region must do when that changes.

A region believes its own durable store. Whoever follows for it also asks the other regions, one a
round, so that one that was away when a region was promoted hears of it when it is back.
"""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from cache_api.gateways.cluster_sync import SyncStoreLane
from cache_api.gateways.tier_store import TierStore
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot import purges, terms
from cache_api.hot.steps import Command
from cache_api.hot.work import GET, SET
from cache_api.rules.terms import START, Term, place, quorum

log = logging.getLogger(__name__)
POSITION = b"purges:position"
CONFORMS = b"purges:epoch"  # the term to which this region's entries and log conform


class NotNow(Exception):
    """A server did not answer; what was begun is done again."""


def ask(lane: SyncStoreLane, commands: Sequence[Command]) -> list[Any]:
    """Replies. Raises NotNow."""
    replies = lane.run(commands)
    if replies is None:
        raise NotNow
    return replies


class Home:
    """One process's view. `events`: the durable store of each region, by name."""

    def __init__(
        self,
        *,
        region: str,
        founding: str,
        events: Mapping[str, SyncLane],
        cache: SyncStoreLane,
        store: TierStore | None,
    ) -> None:
        """`founding`: the home before any promotion."""
        self.region, self.events = region, events
        self._cache, self._store, self._founding = cache, store, founding
        self._turn = cycle([name for name in events if name != region])

    def term(self) -> Term:
        """As this region's store has it. Raises NotNow."""
        return terms.read(ask(self.events[self.region], [(GET, terms.TERM)])[0], self._founding)

    def ask_around(self, known: Term) -> Term:
        """Ask one other region, and take a later term from it. Raises NotNow."""
        replies = self.events[next(self._turn)].run([(GET, terms.TERM)])
        heard = terms.read(replies[0] if replies else None, self._founding)
        if (heard.epoch, heard.opened) <= (known.epoch, known.opened):
            return known
        (raw,) = ask(self.events[self.region], [terms.taking(heard)])
        return terms.read(raw, self._founding)

    def conform(self, term: Term) -> None:
        """Bring what this region has into line with a term, once. Raises NotNow."""
        own = self.events[self.region]
        raw, position = ask(own, [(GET, CONFORMS), (GET, POSITION)])
        if term.epoch <= int(raw or 0):
            return
        if term.dropped:
            log.error("home: purges may have been lost; all entries of this region are dropped")
            self.drop()
        parted = term.parted_after(int(raw or 0))
        if term.home != self.region:
            self._hand_over(term, parted)
        commands: list[Command] = [(SET, CONFORMS, b"%d" % term.epoch)]
        if position is not None and place(position.decode()) > place(parted):
            commands.append((SET, POSITION, parted.encode()))
        ask(own, commands)
        log.warning("home: %s, since promotion %d", term.home, term.epoch)

    def drop(self) -> None:
        """Forget every entry of this region. Raises NotNow or one of tier_store.failures()."""
        ask(self._cache, [(b"FLUSHDB", b"ASYNC")])
        if self._store is not None:
            self._store.clear()

    def _hand_over(self, term: Term, parted: str) -> None:
        """Purges that this region has and the new home never heard of are made there again."""
        own = self.events[self.region]
        while True:
            after = b"-" if parted == START else b"(" + parted.encode()
            (found,) = ask(own, [(b"XRANGE", purges.LOG, after, b"+", b"COUNT", b"100")])
            if not found:
                return
            again = [_again(fields, term.home, len(self.events)) for _, fields in found]
            ask(self.events[term.home], again)
            ask(own, [(b"XDEL", purges.LOG, *[log_id for log_id, _ in found])])
            log.warning("home: %d purges were made again in %s", len(again), term.home)


def _again(fields: Sequence[bytes], home: str, regions: int) -> Command:
    told = dict(zip(fields[::2], fields[1::2], strict=True))
    partner_id, purge_id = uuid.UUID(bytes=told[b"p"]), uuid.UUID(bytes=told[b"i"])
    floors = [(str(name), int(age), int(life)) for name, age, life in json.loads(told[b"f"])]
    where = (home, quorum(regions))
    return purges.record(partner_id, purge_id, floors, told[b"a"], [told[b"k"]], where)
