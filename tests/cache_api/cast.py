"""Events to play with, and all that recording leaves behind, to compare before and after."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cache_api.rules.events import UsageEvent
from tenants.rules.ids import uuid7, uuid7_at

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHARED_TABLES = ("usage_event", "channel_day", "partner_position", "recorder_batch",
                 "duplicate_event", "dead_letter", "tenants_auditentry")  # fmt: skip
PARTNER_TABLES = ("cache_api_customer", "cache_api_rolluphour", "cache_api_rollupday",
                  "cache_api_latencyhour", "cache_api_latencyday", "cache_api_totalhour",
                  "cache_api_totalday", "cache_api_customerhour", "cache_api_customerday",
                  "cache_api_customermonth")  # fmt: skip


def event_id(at: datetime = NOW) -> UUID:
    """A fresh id of that instant."""
    return uuid7_at(int(at.timestamp() * 1000), uuid7().bytes[6:])


def event(partner: Any, at: datetime = NOW, **members: Any) -> UsageEvent:
    """A lookup that hit; any member can be given."""
    plain = {
        "event_id": event_id(at), "partner_id": partner.pk, "customer": "acme", "kind": "lookup",
        "outcome": "hit", "livemode": True, "model": "gpt-4o", "provider": "openai",
        "tokens_in": 100, "tokens_out": 20, "bytes": 1300, "latency_us": 700,
        "cost_saved_micros": 450, "region": "eu-1",
    }  # fmt: skip
    return UsageEvent(**{**plain, **members})


def everything(database: Any, partners: Sequence[Any]) -> dict[str, list[Any]]:
    """Every row of every table that metering writes, by table."""
    rows: dict[str, list[Any]] = {}
    with database.psql() as boss:
        for table in SHARED_TABLES:
            rows[table] = boss.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall()
        for partner in partners:
            for table in PARTNER_TABLES:
                name = f"{partner.schema_name}.{table}"
                rows[f"{partner.slug}.{table}"] = boss.execute(
                    f"SELECT t::text FROM {name} t ORDER BY 1"
                ).fetchall()
    return rows


def hours(database: Any, partner: Any, columns: str = "quantity") -> list[Any]:
    """Columns of a partner's hourly rollups, in order of their key."""
    with database.psql() as boss:
        return boss.execute(
            f"SELECT {columns} FROM {partner.schema_name}.cache_api_rolluphour"
            " ORDER BY bucket_at, livemode, kind, outcome, provider, model, region, quantity"
        ).fetchall()


def sql(database: Any, text: str, *params: Any) -> list[Any]:
    """Rows of a query as superuser."""
    with database.psql() as boss:
        done = boss.execute(text, params)
        return done.fetchall() if done.description else []
