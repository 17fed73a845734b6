"""What both doors are made of, put together once per process."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from cache_api.gateways import cluster_sync
from cache_api.gateways.config import BadConfig, Config
from cache_api.gateways.counters import Counters
from cache_api.gateways.embedder import EmbedderThread
from cache_api.gateways.follower import Follower
from cache_api.gateways.home import Home
from cache_api.gateways.peers import Lags
from cache_api.gateways.rooms import Rooms, place_of
from cache_api.gateways.spool import Spool
from cache_api.gateways.sweeper import Sweeper
from cache_api.gateways.tier_store import BadTier, TierStore
from cache_api.gateways.upkeep import SHIP_DEADLINE_S, Server, Upkeep, load_snapshot
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot import regions, sieve
from cache_api.hot.marks import Stamp
from cache_api.hot.site import Site
from cache_api.hot.snapshot import Snapshot
from cache_api.hot.steps import CACHE, EMBEDDER, EVENTS, HOME, TIER

AnyLane = TypeVar("AnyLane", bound=Server)
ROOMS_DEADLINE_S, FOLLOWER_DEADLINE_S = 0.25, 1.0


@dataclass
class Door:
    """One answering process: its facts, its row of events, its spool, its housekeeping."""

    config: Config
    snapshot: Snapshot
    stamp: Stamp
    spool: Spool
    counters: Counters
    upkeep: Upkeep
    tier: TierStore | None
    lags: Lags
    embedder: EmbedderThread
    follower: Follower | None = None  # where there are regions


@dataclass(frozen=True)
class Kinds(Generic[AnyLane]):
    """What lanes are in one door: callbacks of an event loop, or calls that wait in a thread."""

    store: Callable[[str, str, float], AnyLane]  # to a Valkey: name, URL, deadline in seconds
    peer: Callable[[str, str, float, Lags, Counters], AnyLane]
    tier: Callable[[TierStore, Any, float, Counters], AnyLane]  # the store, memory's lane, …
    embedder: Callable[[EmbedderThread], AnyLane]


def lanes(door: Door, kinds: Kinds[AnyLane]) -> dict[str, AnyLane]:
    """The ways to whatever the pipeline may ask, by the names it has for them."""
    config, wait_s = door.config, door.config.region_deadline_s
    cache = kinds.store("cache", config.cache_url, config.deadline_s)
    events = kinds.store("events", config.events_url, config.deadline_s)
    found: dict[str, AnyLane] = {
        CACHE: cache, EVENTS: events, HOME: events, EMBEDDER: kinds.embedder(door.embedder),
    }  # fmt: skip
    if door.tier is not None:
        found[TIER] = kinds.tier(door.tier, cache, config.tier_deadline_s, door.counters)
    for one in config.others:
        found[regions.lane(one.name)] = kinds.peer(
            one.name, one.cache_url, wait_s, door.lags, door.counters
        )
        found[_home(one.name)] = kinds.store(_home(one.name), one.events_url, wait_s)
    if door.follower is not None:
        found[_home(config.region)] = events
        door.follower.on_home = partial(_go_by_home, door.snapshot.site, found)
        _go_by_home(door.snapshot.site, found, door.snapshot.site.home)
    door.upkeep.lanes = found
    return found


def _home(region: str) -> str:
    """The lane to a region's durable store, were it the home."""
    return f"{HOME}@{region}"


def _go_by_home(site: Site, lanes: dict[str, Any], name: str) -> None:
    site.home, lanes[HOME] = name, lanes[_home(name)]


def build(config: Config, name: str) -> Door:
    """A door's parts. Nothing runs yet: call `door.upkeep.start()` in the process that answers.

    Raises BadConfig.
    """
    tier = _tier(config)
    boot_id = uuid.uuid4()
    stamp = Stamp(boot_id, config.region)
    site = Site(
        has_tier=tier is not None,
        deadline_us=int(config.deadline_s * 1_000_000),
        region=config.region,
        others=tuple(one.name for one in config.others),
        home=_founding(config) if config.others else "",
    )
    lags: Lags = {}
    snapshot, counters = Snapshot(config.kek, site), Counters()
    spool = Spool(config.spool_dir, boot_id)
    load_snapshot(config.snapshot_file, snapshot)
    cache = cluster_sync.lane(f"{name} rooms", config.cache_url, ROOMS_DEADLINE_S)
    place = place_of(config.tier_url)
    if tier is not None and tier.folder is None:
        site.sieves = tier.sieves = sieve.names(place)
    follower = _follower(config, name, tier) if config.others else None
    sweeper = Sweeper(tier, cache, place) if tier else None
    upkeep = Upkeep(
        lane=SyncLane(f"{name} upkeep", config.events_url, deadline_s=SHIP_DEADLINE_S),
        spool=spool,
        snapshot=snapshot,
        stamp=stamp,
        counters=counters,
        door=name,
        snapshot_file=config.snapshot_file,
        rooms=Rooms(cache, snapshot, place),
        helpers=[helper for helper in (sweeper, follower) if helper is not None],
        lags=lags,
        shards=config.shards,
    )
    embedder = EmbedderThread(config.embedder, config.embedder_deadline_s)
    return Door(config, snapshot, stamp, spool, counters, upkeep, tier, lags, embedder, follower)


def _founding(config: Config) -> str:
    """The home before any promotion."""
    return config.home.name if config.home else config.region


def _follower(config: Config, name: str, tier: TierStore | None) -> Follower:
    urls = {config.region: config.events_url} | {one.name: one.events_url for one in config.others}
    cache = cluster_sync.lane(f"{name} purges: cache", config.cache_url, FOLLOWER_DEADLINE_S)
    home = Home(
        region=config.region,
        founding=_founding(config),
        events={
            region: SyncLane(f"{name} purges: {region}", url, FOLLOWER_DEADLINE_S)
            for region, url in urls.items()
        },
        cache=cache,
        store=tier,
    )
    return Follower(home, cache, tier)


def _tier(config: Config) -> TierStore | None:
    try:
        return TierStore(config.tier_url) if config.tier_url else None
    except BadTier as error:
        raise BadConfig(str(error)) from error
