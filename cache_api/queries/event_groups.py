"""Usage by what rollups do not hold: key, tag, reason of the overflow, reason of the miss.

Reads single events of one partner, whose role sees no other's. A page asks first how many there
are (`explore.events`): MOST_EVENTS are added up within its time, a file may read them all.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, Func, QuerySet, Sum, TextField, Value, When
from django.db.models.functions import Coalesce, NullIf, TruncMonth

from cache_api.metering.models import UsageEvent
from cache_api.queries import (
    BACK,
    HIT,
    LOOKUP,
    SEMANTIC,
    SEMANTIC_BACK,
    STORE,
    total,
    values_of,
)
from cache_api.queries.explore import SORTS, Scope
from cache_api.rules.reports import Group
from tenants.models import ApiKey

DIMENSIONS = ("key", "tag", "overflow", "reason")
MOST_EVENTS = 150_000
MOST_TAGS = 50
_COLUMNS = {"key": "key_id", "overflow": "overflow_reason", "reason": "reason"}


def _times(*names: str) -> Any:
    """What the events of a row come to: a member times the quantity."""
    summed: Any = F(names[0])
    for name in names[1:]:
        summed = summed + F(name)
    return F("quantity") * summed


def _kept(what: Any) -> Any:
    return total(what, HIT) - total(what, BACK)


_EVENT_MEASURES: dict[str, Any] = {
    "lookups": total("quantity", LOOKUP),
    "hits": _kept("quantity"),
    "stores": total("quantity", STORE),
    "bytes_served": _kept(_times("bytes")),
    "tokens_saved": _kept(_times("tokens_in", "tokens_out")),
    "cost_saved": _kept(_times("cost_saved_micros")),
    "semantic_hits": total("quantity", SEMANTIC) - total("quantity", SEMANTIC_BACK),
}


def event_groups(
    partner_id: UUID, scope: Scope, start: datetime, end: datetime, by: str,
    *, tag: str = "", sort: str = "lookups",
) -> list[Group]:  # fmt: skip
    """Every group of the period, the largest first; of `reason` misses only. Up to two queries."""
    rows = _events(partner_id, scope, start, end)
    if by == "reason":
        rows = rows.filter(kind="lookup", outcome="miss")
    summed: list[Any] = list(
        rows.annotate(label=_label(by, tag)).values("label").annotate(**_EVENT_MEASURES)
        .order_by(f"-{SORTS[sort]}", "label")
    )  # fmt: skip
    names = _key_names(row["label"] for row in summed) if by == "key" else {}
    return [
        Group(row["label"], names.get(row["label"], row["label"]), *values_of(row))
        for row in summed
    ]


def tag_names(partner_id: UUID, scope: Scope, start: datetime, end: datetime) -> list[str]:
    """The names of tags of the period's events, the most used first. One query."""
    rows = (
        _events(partner_id, scope, start, end).filter(tags__isnull=False)
        .annotate(name=Func(F("tags"), function="jsonb_object_keys", output_field=TextField()))
        .values("name").annotate(n=Count("*")).order_by("-n", "name")
    )  # fmt: skip
    return [row["name"] for row in rows[:MOST_TAGS]]


def outgrown(
    partner_id: UUID, start: datetime, end: datetime, limit: int = 10
) -> list[tuple[str, dict[str, int]]]:
    """(customer, lookups by overflow reason): who came most often because its primary had no room,
    was slow or failed. One query."""
    rows = (
        _events(partner_id, Scope(), start, end).filter(kind="lookup")
        .values("customer", "overflow_reason").annotate(n=Sum("quantity")).order_by()
    )  # fmt: skip
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["customer"], {})[row["overflow_reason"]] = int(row["n"])
    pressed = {
        name: sum(n for reason, n in counts.items() if reason in PRESSED)
        for name, counts in found.items()
    }
    ranked = sorted(found, key=lambda name: (-pressed[name], name))
    return [(name, found[name]) for name in ranked[:limit] if pressed[name]]


# A miss of the primary is what it is for; these say that it is too small or too weak.
PRESSED = ("capacity", "slow", "error")


def allocation(
    partner_id: UUID, scope: Scope, start: datetime, end: datetime, tag: str
) -> list[tuple[datetime, str, str, Group]]:
    """(month, customer, the tag's value, its usage) in that order: one query."""
    rows: QuerySet[Any, Any] = (
        _events(partner_id, scope, start, end)
        .annotate(month=TruncMonth("occurred_at"), label=_label("tag", tag))
        .values("month", "customer", "label").annotate(**_EVENT_MEASURES)
        .order_by("month", "customer", "label")
    )  # fmt: skip
    return [
        (row["month"], row["customer"], row["label"],
         Group(row["label"], row["label"], *values_of(row)))
        for row in rows.iterator(chunk_size=2_000)
    ]  # fmt: skip


def _events(partner_id: UUID, scope: Scope, start: datetime, end: datetime) -> QuerySet[UsageEvent]:
    rows = UsageEvent.objects.filter(
        partner_id=partner_id, livemode=True, event_id__gte=_first_id(start),
        event_id__lt=_first_id(end), **scope.only,
    )  # fmt: skip
    return rows.filter(customer=scope.external_id) if scope.customer_id else rows


def _first_id(at: datetime) -> UUID:
    """The smallest event id of an instant: 48 bits of milliseconds, then zeros."""
    return UUID(int=round(at.timestamp() * 1000) << 80)


def _label(by: str, tag: str) -> Any:
    """A tag's value; of a tag that was given without one its own name, '' where it is not given."""
    if by != "tag":
        return F(_COLUMNS[by])
    # Not `tags ->> …`, which Django reads as a place in a list when the name is a number.
    value = Func(
        F("tags"), Value(tag), function="jsonb_extract_path_text", output_field=TextField()
    )
    bare = Case(When(tags__has_key=tag, then=Value(tag)), default=Value(""))
    return Coalesce(NullIf(value, Value("")), bare, output_field=TextField())


def _key_names(labels: Any) -> dict[str, str]:
    rows = ApiKey.objects.filter(pk__in=[label for label in labels if label])
    return {key.pk: f"{key.label} ({key.pk})" if key.label else key.pk for key in rows}
