"""What both doors are made of, put together once per process."""

import uuid
from dataclasses import dataclass

from cache_api.gateways.config import Config
from cache_api.gateways.counters import Counters
from cache_api.gateways.spool import Spool
from cache_api.gateways.upkeep import SHIP_DEADLINE_S, Upkeep, load_snapshot
from cache_api.gateways.valkey_sync import SyncLane
from cache_api.hot.marks import Stamp
from cache_api.hot.snapshot import Snapshot


@dataclass
class Door:
    """One answering process: its facts, its row of events, its spool, its housekeeping."""

    config: Config
    snapshot: Snapshot
    stamp: Stamp
    spool: Spool
    counters: Counters
    upkeep: Upkeep


def build(config: Config, name: str) -> Door:
    """A door's parts. Nothing runs yet: call `door.upkeep.start()` in the process that answers."""
    boot_id = uuid.uuid4()
    stamp = Stamp(boot_id, config.region)
    snapshot, counters = Snapshot(config.kek), Counters()
    spool = Spool(config.spool_dir, boot_id)
    load_snapshot(config.snapshot_file, snapshot)
    upkeep = Upkeep(
        lane=SyncLane(f"{name} upkeep", config.events_url, deadline_s=SHIP_DEADLINE_S),
        spool=spool,
        snapshot=snapshot,
        stamp=stamp,
        counters=counters,
        door=name,
        snapshot_file=config.snapshot_file,
    )
    return Door(config, snapshot, stamp, spool, counters, upkeep)
