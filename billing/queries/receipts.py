"""What was paid on the invoices of an agreement whose share falls due on money received."""

import uuid
from collections.abc import Mapping

from django.db.models import Sum

from billing.models import AgreementVersion, DocumentEvent, DocumentLine
from billing.queries.parties import PLATFORM_ISSUER
from billing.queries.terms import version_terms
from billing.rules.drafts import CUSTOMER_INVOICE
from billing.rules.facts import Receipt
from billing.rules.inputs import COLLECTED_KEY
from billing.rules.lines import CUSTOMER, LIVE
from billing.rules.periods import Period
from billing.rules.status import PAID, REFUNDED
from billing.rules.terms import Terms

_SIGN = {PAID: 1, REFUNDED: -1}


def receipts(agreement_id: uuid.UUID, period: Period) -> tuple[Receipt, ...]:
    """By invoice and agreement version, what was paid before the period's end, less refunds.

    Only versions that share what is collected: without one, two queries; else four at any size.
    """
    terms = _collecting(agreement_id)
    if not terms:
        return ()
    paid = _paid(agreement_id, period)
    sums = (
        DocumentLine.objects.filter(
            document_id__in=paid, rated_line__version_id__in=terms, rated_line__phase=LIVE,
            rated_line__payer=CUSTOMER,
        )
        .values(
            "document_id", "document__number", "document__total_minor", "document__customer_id",
            "document__customer_external_id", "document__buyer_name", "rated_line__version_id",
        )
        .annotate(base=Sum("rated_line__amount_minor"))
        .order_by("document_id", "rated_line__version_id")
    )  # fmt: skip
    return tuple(_receipt(row, terms, paid) for row in sums)


def _collecting(agreement_id: uuid.UUID) -> dict[uuid.UUID, Terms]:
    versions = AgreementVersion.objects.filter(
        agreement_id=agreement_id, approved_at__isnull=False, terms__share_base="collected"
    )
    return {row.id: version_terms(row) for row in versions.prefetch_related("components")}


def _paid(agreement_id: uuid.UUID, period: Period) -> dict[uuid.UUID, int]:
    events = (
        DocumentEvent.objects.filter(
            document__run__agreement_id=agreement_id, document__kind=CUSTOMER_INVOICE,
            document__issuer=PLATFORM_ISSUER, kind__in=_SIGN, at__lt=period.end,
        )
        .values_list("document_id", "kind")
        .annotate(sum=Sum("amount_minor"))
        .order_by()
    )  # fmt: skip
    found: dict[uuid.UUID, int] = {}
    for document_id, kind, amount in events:
        found[document_id] = found.get(document_id, 0) + _SIGN[kind] * int(amount or 0)
    return found


def _receipt(
    row: Mapping[str, object], terms: Mapping[uuid.UUID, Terms], paid: Mapping[uuid.UUID, int]
) -> Receipt:
    document_id, version_id = row["document_id"], row["rated_line__version_id"]
    assert isinstance(document_id, uuid.UUID) and isinstance(version_id, uuid.UUID)
    agreed = terms[version_id]
    return Receipt(
        key=f"{COLLECTED_KEY}{document_id}/{version_id}", number=str(row["document__number"]),
        customer_id=str(row["document__customer_id"]),
        external_id=str(row["document__customer_external_id"]),
        name=str(row["document__buyer_name"]), version_id=str(version_id),
        partner_bps=agreed.partner_share_bps, tie=agreed.tie,
        base_minor=int(str(row["base"])), gross_minor=int(str(row["document__total_minor"])),
        paid_minor=paid[document_id],
    )  # fmt: skip
