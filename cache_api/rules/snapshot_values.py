"""The control-plane snapshot's keys and JSON values, as both doors read them. Pure."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cache_api.rules import upstreams
from cache_api.rules.semantic import policy
from tenants.rules.switches import hot_value

# Entitlements that the hot path reads as they are (`cache_api/hot/facts.py` has their meaning).
_AS_ENTITLED = (
    "ttl", "allow_truncated", "memory_bytes", "tier_bytes", "resident", "strict_purge", "limits",
    "brand_api",
)  # fmt: skip


@dataclass(frozen=True)
class PartnerFacts:
    """What the hot path must know of a partner. `data_keys`: (number, wrapped bytes)."""

    partner_id: UUID
    slug: str
    state: str
    unknown_customer_policy: str
    generation: int
    entitlements: Mapping[str, Any] = field(default_factory=dict)
    data_keys: Sequence[tuple[int, bytes]] = ()
    hosts: Sequence[str] = ()
    suspended: Sequence[str] = ()
    customers: Sequence[str] = ()
    quotas: Mapping[str, Any] = field(default_factory=dict)  # by customer
    kept_s: Mapping[str, int] = field(default_factory=dict)  # by customer: longest life of answers


@dataclass(frozen=True)
class KeyFacts:
    """What the hot path must know of an API key."""

    key_id: str
    partner_id: UUID
    customer: str | None
    livemode: bool
    secret_sha256: bytes
    expires_at: datetime | None
    revoked_at: datetime | None


def partner_values(facts: PartnerFacts) -> dict[str, str]:
    """`snap:partner:<uuid>` and one `snap:host:<host>` for each host."""
    body: dict[str, Any] = {
        "partner_id": str(facts.partner_id),
        "slug": facts.slug,
        "state": facts.state,
        "unknown_customer_policy": facts.unknown_customer_policy,
        "generation": facts.generation,
        "partner_share_bps": int(facts.entitlements.get("partner_share_bps", 0)),
        "data_keys": [
            {"n": number, "wrapped": base64.b64encode(wrapped).decode()}
            for number, wrapped in sorted(facts.data_keys)
        ],
        "hosts": sorted(facts.hosts),
        "customers_suspended": sorted(facts.suspended),
    }
    for name in _AS_ENTITLED:
        if name in facts.entitlements:
            body[name] = facts.entitlements[name]
    if "upstreams" in facts.entitlements:
        body["upstreams"] = upstreams.granted(facts.entitlements["upstreams"])
    if facts.quotas:
        body["quotas"] = dict(facts.quotas)
    if facts.kept_s:
        body["kept_s"] = dict(facts.kept_s)
    granted = policy.granted(facts.entitlements.get("semantic"))
    if granted is not None:
        body["semantic"] = granted
    if facts.unknown_customer_policy == "strict":
        body["customers"] = sorted(facts.customers)
    values = {f"snap:partner:{facts.partner_id}": _json(body)}
    # A refusal bears the host's brand before anybody knows whose key it is.
    host_body = {name: body[name] for name in ("partner_id", "brand_api") if name in body}
    for host in facts.hosts:
        values[f"snap:host:{host}"] = _json(host_body)
    return values


def key_values(facts: KeyFacts) -> dict[str, str]:
    """`snap:key:<id>`, and for a revoked key the tombstone that outranks every cached copy."""
    revoked = facts.revoked_at is not None
    body = {
        "key_id": facts.key_id,
        "partner_id": str(facts.partner_id),
        "customer": facts.customer or None,
        "livemode": facts.livemode,
        "secret_sha256": facts.secret_sha256.hex(),
        "expires_at": facts.expires_at.isoformat() if facts.expires_at else None,
        "revoked": revoked,
    }
    values = {f"snap:key:{facts.key_id}": _json(body)}
    if facts.revoked_at is not None:
        values |= tombstone_values(facts.key_id, facts.revoked_at)
    return values


def switch_values(on: list[tuple[str, UUID | None, str]]) -> dict[str, str]:
    """`snap:switches`, while anything that edges obey is turned off: (kind, partner, region)."""
    value = hot_value(on)
    return {} if value is None else {"snap:switches": _json(value)}


def tombstone_values(key_id: str, revoked_at: datetime) -> dict[str, str]:
    """`snap:tombstone:<id>`: the key is refused, whatever else is known of it."""
    return {f"snap:tombstone:{key_id}": revoked_at.isoformat()}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
