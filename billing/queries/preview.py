"""What a run would come to, without any side effect: the same reading, the same arithmetic."""

import uuid
from dataclasses import dataclass
from typing import Any

from billing.models import Agreement
from billing.queries.gathering import gather
from billing.rules.charging import ChargeResult, charge
from billing.rules.periods import Period
from billing.rules.snapshot import run_input_sha256
from tenants.models import Partner
from tenants.schema import in_partner


@dataclass(frozen=True)
class Preview:
    """Totals, lines and drafts of one agreement and period; `parties` are the names on them."""

    agreement: Agreement
    period: Period
    result: ChargeResult
    parties: dict[str, Any]
    input_sha256: str


def preview_run(*, agreement_id: uuid.UUID, period: Period) -> Preview:
    """Compute a period that may still be running; nothing is written.

    Usage of issued runs of the period counts as booked. Reads as the partner, so a page may show
    it to that partner. Raises BillingError when the agreement can not be rated.
    """
    agreement = Agreement.objects.get(pk=agreement_id)
    with in_partner(Partner.objects.get(pk=agreement.partner_id)):
        found = gather(agreement, period, by_day=True)
    return Preview(
        agreement, period, charge(found.run_input), found.parties, run_input_sha256(found.run_input)
    )
