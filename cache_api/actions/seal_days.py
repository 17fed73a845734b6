"""Seal complete days: store the Merkle root over each day's events, again when late ones came."""

from datetime import UTC, date, datetime
from uuid import UUID

from cache_api.metering.models import DayRoot
from cache_api.queries import batch_bound
from cache_api.queries.roots import recorded_days, root_at, sealed_days
from tenants.models import Partner
from tenants.schema import in_public

FIRST_DAY = date(2020, 1, 1)
DAYS_AT_ONCE = 60


def seal_days(*, now: datetime) -> int:
    """Seal what changed at every partner, newest days first; how many days that were.

    Days before today (UTC) only, at most DAYS_AT_ONCE a partner and call; the next call goes on.
    Safe to repeat and to run twice at once: a day and batch are sealed once.
    """
    with in_public():
        return sum(
            _seal(partner_id, now)
            for partner_id in Partner.objects.order_by("slug").values_list("pk", flat=True)
        )


def _seal(partner_id: UUID, now: datetime) -> int:
    bound, today = batch_bound(partner_id), now.astimezone(UTC).date()
    if not bound:
        return 0
    days = recorded_days(partner_id, FIRST_DAY, today)
    sealed = sealed_days(partner_id, FIRST_DAY, today)
    changed = [day for day in reversed(days) if _size(sealed.get(day)) != days[day]]
    made = 0
    for day in changed[:DAYS_AT_ONCE]:
        root = root_at(partner_id, day, bound)
        # Events of a dropped day are gone; their last root stays.
        if root is None or root.size <= _size(sealed.get(day)):
            continue
        _, created = DayRoot.objects.get_or_create(
            partner_id=partner_id, day=day, batch_bound=bound,
            defaults={"size": root.size, "root": root.root, "created_at": now},
        )  # fmt: skip
        made += created
    return made


def _size(root: object) -> int:
    return getattr(root, "size", 0)
