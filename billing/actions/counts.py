"""Keep a partner's own counts beside what we recorded. Nothing is billed from them."""

import hashlib
import uuid
from datetime import datetime

from django.db import transaction

from billing.models import CountFile
from billing.rules.errors import BadTerms
from billing.rules.trust.counts import BadCounts, parse_counts
from cache_api.rules.spans import hours_from
from tenants import audit
from tenants.rules.sayings import Said


def keep_counts(
    *, partner_id: uuid.UUID, name: str, data: bytes, measure: str, tolerance_bps: int,
    actor: str, now: datetime,
) -> CountFile:  # fmt: skip
    """Store the file as it came. Runs in the partner's scope.

    `measure`: lookups or cached_requests; `tolerance_bps` of the partner's own count (0 to 10000).
    Raises BadCounts (each bad line named), BadTerms. Safe to repeat: the same bytes, measure and
    tolerance are one file.
    """
    if measure not in CountFile.Measure.values or not 0 <= tolerance_bps <= 10_000:
        raise BadTerms(Said("Compare lookups or cached requests, with a tolerance of 0 to 100 %."))
    hours = [hour for hour, _ in parse_counts(data)]
    kept_from = hours_from(now)
    if min(hours) < kept_from:
        first = f"{kept_from:%Y-%m-%dT%H:00Z}"
        raise BadCounts([Said("Hours before %(first)s are no longer kept.", first=first)])
    with transaction.atomic():
        row, created = CountFile.objects.get_or_create(
            partner_id=partner_id, sha256=hashlib.sha256(data).hexdigest(), measure=measure,
            tolerance_bps=tolerance_bps,
            defaults={"name": name[:160] or "counts.csv", "content": data, "rows": len(hours),
                      "first_hour": min(hours), "last_hour": max(hours), "uploaded_by": actor,
                      "uploaded_at": now},
        )  # fmt: skip
        if created:
            facts = {"name": row.name, "rows": row.rows}
            audit.record(actor=actor, verb="counts.kept", target=str(row.id), at=now,
                         partner_id=partner_id, data=facts)  # fmt: skip
    return row
