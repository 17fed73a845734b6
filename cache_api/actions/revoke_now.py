"""Stop a key everywhere at once, whether or not PostgreSQL is there: tombstones first."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cache_api.gateways.servers import Region
from cache_api.gateways.snapshots import SnapshotStore
from cache_api.gateways.stream import EventsUnavailable
from cache_api.rules.snapshot_values import tombstone_values

PATIENCE_S = 2.0


class UnknownKey(LookupError):
    """No region that answers knows the key as this partner's."""


def entomb_key(
    *, slug: str, key_id: str, regions: Sequence[Region], now: datetime
) -> Mapping[str, str]:
    """Write the key's tombstone in every region; what hindered it, by region ("": written).

    A door that answers has forgotten what it knew of the key within five seconds. The tombstone
    stays, whatever the publisher writes. Safe to repeat; repeat it while a region does not answer.
    Raises UnknownKey (nothing was written) unless a region says that the key is the partner's.
    """
    stores = {one.name: SnapshotStore(one.events_url, PATIENCE_S) for one in regions}
    found, silent = {}, {}
    for name, store in stores.items():
        try:
            found[name] = store.owner_of(key_id)
        except EventsUnavailable as error:
            silent[name] = str(error)
    if slug not in found.values():
        raise UnknownKey(
            f"No region that answers knows {key_id!r} as a key of {slug!r}; nothing was written."
            + "".join(f" {name}: {why}." for name, why in silent.items())
        )
    return silent | {name: _write(stores[name], key_id, now) for name in found}


def _write(store: SnapshotStore, key_id: str, now: datetime) -> str:
    try:
        store.write(tombstone_values(key_id, now))
    except EventsUnavailable as error:
        return str(error)
    return ""
