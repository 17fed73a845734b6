"""Push what the hot path must know (partners, hosts, keys, customers) into the events Valkey."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cache_api.gateways.snapshots import MARKER, SnapshotStore
from cache_api.metering import store as tables
from cache_api.rules.retention import HOUR_S, bounded
from cache_api.rules.snapshot_values import (
    KeyFacts,
    PartnerFacts,
    key_values,
    partner_values,
    switch_values,
)
from tenants import queries, switches
from tenants.models import ApiKey, DataKey, Domain, Entitlement, Partner

EVERY = timedelta(seconds=1)
WHOLE_EVERY = timedelta(seconds=30)
_NEVER = datetime.min.replace(tzinfo=UTC)


def publish_snapshot(*, store: SnapshotStore, partner_ids: Collection[UUID] | None = None) -> int:
    """Write the snapshot of these partners (None: all) now; the number of keys written.

    Runs in the public schema as recorder or owner. Safe to repeat: it writes what the rows say.
    Raises EventsUnavailable; the recorder then publishes within a second of the server's return.
    """
    values = snapshot(partner_ids)
    store.write(values)
    return len(values)


class SnapshotPublisher:
    """Publishes what changed about every second; everything when the server has lost it."""

    def __init__(self, store: SnapshotStore) -> None:
        self._store = store
        self._written: dict[str, str] = {}
        self._due_at = self._whole_at = _NEVER

    def publish_if_due(self, *, now: datetime) -> int:
        """The number of keys written. Raises EventsUnavailable or a database error."""
        if now < self._due_at:
            return 0
        self._due_at = now + EVERY
        if now >= self._whole_at or not self._store.is_complete():
            self._written = {}
            self._whole_at = now + WHOLE_EVERY
        return self._publish_changes(now)

    def _publish_changes(self, now: datetime) -> int:
        told = switch_values(switches.hot_switches(now))
        wanted = snapshot(None) | told | {MARKER: "1"}
        changed = {key: value for key, value in wanted.items() if self._written.get(key) != value}
        gone = [key for key in self._written if key not in wanted]
        self._store.write(changed)
        self._store.remove(gone)
        self._written = wanted
        return len(changed)


def snapshot(partner_ids: Collection[UUID] | None) -> dict[str, str]:
    """Every snapshot key and value of these partners (None: all), in eight queries."""
    partners = Partner.objects.all()
    if partner_ids is not None:
        partners = partners.filter(pk__in=partner_ids)
    rows = {partner.pk: partner for partner in partners}
    values: dict[str, str] = {}
    for facts in _partner_facts(rows):
        values |= partner_values(facts)
    for key in ApiKey.objects.filter(partner_id__in=rows).iterator():
        values |= key_values(_key_facts(key))
    return values


def _partner_facts(rows: dict[UUID, Partner]) -> Iterable[PartnerFacts]:
    entitlements = _grouped(
        Entitlement.objects.filter(partner_id__in=rows).values_list("partner_id", "name", "value")
    )
    data_keys = _grouped(
        DataKey.objects.filter(partner_id__in=rows, destroyed_at=None, wrapped__isnull=False)
        .values_list("partner_id", "key_number", "wrapped")
    )  # fmt: skip
    chosen_h = queries.retention_hours(list(rows))  # by customer, '' for all
    hosts = _grouped(Domain.objects.filter(tenant_id__in=rows).values_list("tenant_id", "domain"))
    strict = {pk for pk, row in rows.items() if row.unknown_customer_policy == "strict"}
    customers = _grouped(tables.customer_states(tables.schemas(rows), strict))
    for partner_id, row in rows.items():
        known, hours = customers[partner_id], chosen_h.get(partner_id, {})
        yield PartnerFacts(
            partner_id=partner_id,
            slug=row.slug,
            state=row.state,
            unknown_customer_policy=row.unknown_customer_policy,
            generation=row.generation,
            entitlements=_entitled(dict(entitlements[partner_id]), hours.get("")),
            data_keys=[(number, bytes(wrapped)) for number, wrapped in data_keys[partner_id]],
            hosts=[host for (host,) in hosts[partner_id]],
            suspended=[name for name, state, _ in known if state == "suspended"],
            customers=[name for name, state, _ in known if state != "unconfirmed"],
            quotas={name: quota for name, _, quota in known if quota is not None},
            kept_s={name: one * HOUR_S for name, one in hours.items() if name},
        )


def _entitled(granted: dict[str, Any], hours: int | None) -> dict[str, Any]:
    """What was granted, with answers kept no longer than the partner chose."""
    ttl = bounded(granted.get("ttl"), hours)
    return granted if ttl is None else {**granted, "ttl": ttl}


def _key_facts(key: ApiKey) -> KeyFacts:
    return KeyFacts(
        key_id=key.pk,
        partner_id=key.partner_id,
        customer=key.customer_external_id,
        livemode=key.livemode,
        secret_sha256=bytes(key.secret_sha256),
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )


def _grouped(rows: Iterable[tuple[Any, ...]]) -> defaultdict[UUID, list[Any]]:
    grouped: defaultdict[UUID, list[Any]] = defaultdict(list)
    for first, *rest in rows:
        grouped[first].append(tuple(rest))
    return grouped
