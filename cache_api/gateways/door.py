"""What both doors are made of, put together once per process."""

import uuid
from dataclasses import dataclass

from cache_api.gateways.config import BadConfig, Config
from cache_api.gateways.counters import Counters
from cache_api.gateways.rooms import Rooms, place_of
from cache_api.gateways.spool import Spool
from cache_api.gateways.sweeper import Sweeper
from cache_api.gateways.tier_store import BadTier, TierStore
from cache_api.gateways.upkeep import SHIP_DEADLINE_S, Upkeep, load_snapshot
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot.marks import Stamp
from cache_api.hot.site import Site
from cache_api.hot.snapshot import Snapshot

ROOMS_DEADLINE_S = 0.25


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


def build(config: Config, name: str) -> Door:
    """A door's parts. Nothing runs yet: call `door.upkeep.start()` in the process that answers.

    Raises BadConfig.
    """
    tier = _tier(config)
    boot_id = uuid.uuid4()
    stamp = Stamp(boot_id, config.region)
    site = Site(has_tier=tier is not None, deadline_us=int(config.deadline_s * 1_000_000))
    snapshot, counters = Snapshot(config.kek, site), Counters()
    spool = Spool(config.spool_dir, boot_id)
    load_snapshot(config.snapshot_file, snapshot)
    cache = SyncLane(f"{name} rooms", config.cache_url, deadline_s=ROOMS_DEADLINE_S)
    place = place_of(config.tier_url)
    upkeep = Upkeep(
        lane=SyncLane(f"{name} upkeep", config.events_url, deadline_s=SHIP_DEADLINE_S),
        spool=spool,
        snapshot=snapshot,
        stamp=stamp,
        counters=counters,
        door=name,
        snapshot_file=config.snapshot_file,
        rooms=Rooms(cache, snapshot, place),
        sweeper=None if tier is None else Sweeper(tier, cache, place),
    )
    return Door(config, snapshot, stamp, spool, counters, upkeep, tier)


def _tier(config: Config) -> TierStore | None:
    try:
        return TierStore(config.tier_url) if config.tier_url else None
    except BadTier as error:
        raise BadConfig(str(error)) from error
