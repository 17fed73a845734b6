"""The finance people and the price list that the billing tests share."""

from datetime import UTC, datetime

from billing.actions.rate_cards import create_rate_card

PREPARER, APPROVER = "prepare@agentcache.example", "approve@agentcache.example"
THIRD = "third@agentcache.example"
RETAIL = [
    {"key": "cached", "meter": "cached_requests", "mode": "per_unit", "unit_price": "0.002"},
    {"key": "served", "meter": "gb_served", "mode": "per_unit", "unit_price": "0.02"},
    {"key": "lookups", "meter": "lookups", "mode": "per_unit", "unit_price": "0"},
    {"key": "stores", "meter": "stores", "mode": "per_unit", "unit_price": "0"},
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def retail_card(valid_from: str = "2025-01-01", rates: list[dict[str, str]] | None = None):
    return create_rate_card(
        code="retail",
        name="Retail",
        currency="USD",
        rates=rates or RETAIL,
        valid_from=utc(valid_from),
        actor=PREPARER,
        approved_by=APPROVER,
        now=utc("2025-01-01"),
    )
