"""What a process knows of a partner's purges, and whether an entry outlives them."""

import msgspec

from cache_api.hot.envelope import Entry
from cache_api.hot.keyring import Scope
from cache_api.rules import purging


class Purges(msgspec.Struct, dict=True):
    """`snap:purges:<partner uuid>`: the number of the last purge, when it was, and all floors."""

    seq: int
    at_ms: int
    floors: dict[str, tuple[int, int, int]]

    def __post_init__(self) -> None:
        """Raises ValueError for a floor whose name is not one."""
        self.__dict__["_tables"] = purging.tables(self.floors)

    def table(self, livemode: bool) -> purging.Table:
        """The floors of live or of test mode."""
        tables: dict[bool, purging.Table] = self.__dict__["_tables"]
        return tables[livemode]


def surviving(known: Purges | None, scope: Scope, key: bytes, entry: Entry) -> Entry | None:
    """The entry, the entry as one that expired when it was softly purged, or None.

    An entry whose writer knew more purges than we do is left alone: we cannot judge it yet.
    """
    meta = entry.meta
    last = 0 if known is None else known.seq
    if meta.seq == last:
        return entry
    if known is None or meta.seq > last:
        return None
    facts = purging.Facts(
        scope.customer, scope.namespace, meta.model, meta.provider, meta.tags, key
    )
    table = known.table(scope.livemode)
    since_ms = purging.purged_at_ms(table, meta.seq, meta.created_at_ms, facts)
    if since_ms == purging.KEPT:
        return entry
    if since_ms == purging.GONE:
        return None
    expires_at_ms = min(meta.expires_at_ms, since_ms)
    return Entry(msgspec.structs.replace(meta, expires_at_ms=expires_at_ms), entry.response)
