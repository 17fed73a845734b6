"""How the regions are, for people: what each one's servers answer and its processes last said."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import redis

from cache_api.gateways.servers import Region
from cache_api.gateways.upkeep import HEARTBEATS
from cache_api.hot import terms
from cache_api.rules import tally
from cache_api.rules.events import MOST_SHARDS, stream_of
from cache_api.rules.tally import NOTHING, Tally
from cache_api.rules.terms import Term
from tenants.gateways import valkeys
from tenants.gateways.served_hosts import JOBS_RUN

PATIENCE_S = 0.5
SILENT_MS = 10_000
STREAMS = [stream_of(shard) for shard in range(MOST_SHARDS)]


@dataclass(frozen=True)
class ProcessState:
    """One answering process by its last word: how often what happened since it began (no answers),
    and which of the servers it asks do not answer it."""

    boot_id: str
    door: str
    spool_bytes: int
    counted: dict[str, int]
    down: tuple[str, ...]


@dataclass(frozen=True)
class RegionState:
    """One region now. Answers are of its living processes and the last five minutes.

    `lag_ms`: the longest that another region's last store took to be known here; None: not heard.
    """

    name: str
    is_home: bool
    cache_up: bool
    events_up: bool
    processes: int = 0
    waiting: int = 0  # entries in the usage stream that are not recorded yet
    answers: Counter[str] = field(default_factory=Counter)
    lag_ms: float | None = None
    oldest_ms: int = 0  # how old the oldest of those entries is
    spool_bytes: int = 0  # usage that living processes hold on their disks
    unmetered: int = 0  # answers that no event could be kept of
    is_disk_full: bool = False  # an edge's disk refused usage within the last minute
    filled: float = 0.0  # how much of its memory the durable store has taken, 0 to 1
    jobs_run: bool = True  # the worker was heard of; told by the home region
    living: tuple[ProcessState, ...] = ()
    tally: Tally = NOTHING  # of all that was recorded here, as far as counters were kept

    @property
    def is_up(self) -> bool:
        """Whether both of its servers answer and somebody serves."""
        return self.cache_up and self.events_up and self.processes > 0

    @property
    def hits(self) -> int:
        """Answers from anywhere."""
        return sum([n for name, n in self.answers.items() if name.startswith("hit")])

    @property
    def lookups(self) -> int:
        """Hits and misses."""
        return self.hits + self.answers["miss"]

    @property
    def from_tier(self) -> int:
        """Hits that memory had lost."""
        return self.answers["hit:tier"]

    @property
    def from_regions(self) -> int:
        """Hits that came from another region."""
        return self.answers["hit:region"]


@dataclass(frozen=True)
class _Heard:
    cache_up: bool
    beats: list[dict[str, Any]] | None  # None: its durable store does not answer
    waiting: int = 0
    term: Term | None = None  # None: it knows of no promotion
    oldest_ms: int = 0
    filled: float = 0.0
    jobs_run: bool = True
    tally: Tally = NOTHING


def region_states(regions: Sequence[Region]) -> list[RegionState]:
    """Ask all regions at once; half a second at most for each server."""
    with ThreadPoolExecutor(len(regions)) as pool:
        heard = dict(zip([one.name for one in regions], pool.map(_ask, regions), strict=True))
    known = [one.term for one in heard.values() if one.term is not None]
    home = max(known, key=lambda term: term.epoch, default=Term(0, regions[0].name)).home
    lags = _lags([beat for one in heard.values() for beat in one.beats or []])
    return [
        RegionState(
            name=region.name,
            is_home=region.name == home,
            cache_up=one.cache_up,
            events_up=one.beats is not None,
            processes=len(one.beats or []),
            waiting=one.waiting,
            answers=sum([Counter(beat.get("lately", {})) for beat in one.beats or []], Counter()),
            lag_ms=lags.get(region.name),
            oldest_ms=one.oldest_ms,
            spool_bytes=sum(int(beat.get("spool_bytes", 0)) for beat in one.beats or []),
            unmetered=sum(int(beat.get("unmetered", 0)) for beat in one.beats or []),
            is_disk_full=any(beat.get("disk_full") for beat in one.beats or []),
            filled=one.filled,
            jobs_run=one.jobs_run or region is not regions[0],
            living=tuple(map(_process, one.beats or [])),
            tally=one.tally,
        )
        for region in regions
        for one in [heard[region.name]]
    ]


def _ask(region: Region) -> _Heard:
    cache_up = False
    with suppress(redis.RedisError, ValueError), _client(region.cache_url) as cache:
        cache_up = bool(cache.ping())
    try:
        with _client(region.events_url) as events:
            asked: Any = events.pipeline(transaction=False)
            for name in STREAMS:
                asked.xlen(name).xrange(name, count=1)
            asked.hvals(HEARTBEATS).get(terms.TERM).info("memory").exists(JOBS_RUN)
            asked.hgetall(tally.KEY)
            *streams, raw, term, memory, jobs_run, counted = asked.execute()
    except redis.RedisError:
        return _Heard(cache_up, None)
    most = memory.get("maxmemory") or memory.get("total_system_memory") or 0
    return _Heard(
        cache_up, [beat for beat in map(_living, raw) if beat], sum(streams[::2]),
        terms.read(term, "") if term else None, max(map(_age_ms, streams[1::2])),
        filled=memory["used_memory"] / most if most else 0.0, jobs_run=bool(jobs_run),
        tally=tally.read(counted),
    )  # fmt: skip


def _process(beat: dict[str, Any]) -> ProcessState:
    return ProcessState(
        boot_id=str(beat.get("boot_id", "")),
        door=str(beat.get("door", "")),
        spool_bytes=int(beat.get("spool_bytes", 0)),
        counted={str(name): int(n) for name, n in beat.get("counters", {}).items()},
        down=tuple(beat.get("down", ())),
    )


def _age_ms(entries: Sequence[tuple[bytes, Any]]) -> int:
    """How long ago the first entry was written, by its id."""
    at = [int(entry_id.partition(b"-")[0]) for entry_id, _ in entries]
    return max(0, time.time_ns() // 1_000_000 - at[0]) if at else 0


def _client(url: str) -> Any:
    return valkeys.client(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)


def _living(raw: bytes) -> dict[str, Any] | None:
    try:
        beat: dict[str, Any] = json.loads(raw)
        silent_ms = time.time_ns() // 1_000_000 - int(beat["seen_at_ms"])
    except (ValueError, KeyError, TypeError):
        return None  # another version's
    return None if beat.get("stopped") or silent_ms > SILENT_MS else beat


def _lags(beats: Sequence[dict[str, Any]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for beat in beats:
        for region, lag_us in beat.get("lags_us", {}).items():
            found[region] = max(found.get(region, 0.0), lag_us / 1000)
    return found
