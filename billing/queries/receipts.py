"""What was paid, and paid back, on the invoices of an agreement whose share moves with money."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from django.db.models import Q, Sum

from billing.models import (
    AgreementVersion,
    Document,
    DocumentEvent,
    DocumentLine,
    PaymentApplication,
)
from billing.queries.credits import document_taxes, line_percents
from billing.queries.parties import PLATFORM_ISSUER
from billing.queries.terms import version_terms
from billing.rules.cycles import round_fraction
from billing.rules.drafts import CUSTOMER_INVOICE
from billing.rules.facts import Receipt
from billing.rules.inputs import COLLECTED_KEY
from billing.rules.lines import CUSTOMER, LIVE
from billing.rules.periods import Period
from billing.rules.status import (
    AMOUNT_KINDS,
    CHARGED_BACK,
    CLOSING_SIGNS,
    CREDITED,
    PAID,
    REFUNDED,
    REINSTATED,
    signed_minor,
)
from billing.rules.terms import CREDITS, FEES, REFUNDS, TAX, Terms


def receipts(agreement_id: uuid.UUID, period: Period) -> tuple[Receipt, ...]:
    """By invoice and agreement version, what happened to its money before the period's end.

    Only versions whose share moves with payments, refunds or their fees: without one, two
    queries; else five at any size, and two more where the tax is shared.
    """
    terms = _awaiting(agreement_id)
    if not terms:
        return ()
    moved = _moved(agreement_id, period)
    taxes = _taxes(moved, terms)
    fees = _fees(agreement_id, period) if any(FEES in t.deductions for t in terms.values()) else {}
    sums = (
        DocumentLine.objects.filter(
            document_id__in=moved, rated_line__version_id__in=terms, rated_line__phase=LIVE,
            rated_line__payer=CUSTOMER,
        )
        .values(
            "document_id", "document__number", "document__total_minor", "document__customer_id",
            "document__customer_external_id", "document__buyer_name", "rated_line__version_id",
            "document__net_minor",
        )
        .annotate(base=Sum("rated_line__amount_minor"))
        .order_by("document_id", "rated_line__version_id")
    )  # fmt: skip
    return tuple(
        _receipt(row, terms[row["rated_line__version_id"]], moved[row["document_id"]],
                 fees.get(row["document_id"], Fraction(0)),
                 taxes.get((row["document_id"], row["rated_line__version_id"]), Fraction(0)))
        for row in sums
    )  # fmt: skip


def _awaiting(agreement_id: uuid.UUID) -> dict[uuid.UUID, Terms]:
    later = Q(terms__share_base="collected")
    later |= Q(terms__share_after__contains=[FEES]) | Q(terms__share_after__contains=[REFUNDS])
    versions = AgreementVersion.objects.filter(
        later, agreement_id=agreement_id, approved_at__isnull=False
    )
    return {row.id: version_terms(row) for row in versions.prefetch_related("components")}


def _moved(agreement_id: uuid.UUID, period: Period) -> dict[uuid.UUID, dict[str, int]]:
    """Invoice → kind of event → minor units; only invoices on which money came in."""
    events = (
        DocumentEvent.objects.filter(
            document__run__agreement_id=agreement_id, document__kind=CUSTOMER_INVOICE,
            document__issuer=PLATFORM_ISSUER, kind__in=AMOUNT_KINDS, at__lt=period.end,
        )
        .values_list("document_id", "kind")
        .annotate(sum=Sum("amount_minor"))
        .order_by()
    )  # fmt: skip
    found: dict[uuid.UUID, dict[str, int]] = defaultdict(lambda: dict.fromkeys(AMOUNT_KINDS, 0))
    for document_id, kind, amount in events:
        found[document_id][kind] = int(amount or 0)
    return {document_id: sums for document_id, sums in found.items() if sums[PAID]}


def _fees(agreement_id: uuid.UUID, period: Period) -> dict[uuid.UUID, Fraction]:
    """Invoice → the fees of its payments, each by the part of the payment that it got."""
    rows = PaymentApplication.objects.filter(
        document__run__agreement_id=agreement_id, document__kind=CUSTOMER_INVOICE,
        payment__fee_minor__gt=0, applied_at__lt=period.end,
    )  # fmt: skip
    found: dict[uuid.UUID, Fraction] = defaultdict(Fraction)
    # Column by column: a partner's role, for its preview, may read no other of a payment.
    facts = rows.values_list(
        "document_id", "amount_minor", "payment__fee_minor", "payment__amount_minor"
    )
    for document_id, part, fee, whole in facts:
        found[document_id] += Fraction(fee * part, whole)
    return found


def _taxes(
    moved: Iterable[uuid.UUID], terms: Mapping[uuid.UUID, Terms]
) -> dict[tuple[uuid.UUID, uuid.UUID], Fraction]:
    """(invoice, version) → its part of the invoice's tax, by the rates of its lines."""
    sharing = {version_id for version_id, agreed in terms.items() if TAX not in agreed.deductions}
    papers = Document.objects.in_bulk(list(moved)) if sharing else {}
    parts: dict[tuple[uuid.UUID, uuid.UUID], Fraction] = defaultdict(Fraction)
    whole: dict[uuid.UUID, Fraction] = defaultdict(Fraction)
    rows = DocumentLine.objects.filter(document_id__in=papers, memo=False).values_list(
        "document_id", "position", "amount_minor", "rated_line__version_id",
        "rated_line__amount_minor", "rated_line__phase",
    )  # fmt: skip
    taxes = {one.id: document_taxes(one) for one in papers.values()}
    for document_id, position, amount, version_id, rated, phase in rows if papers else ():
        percent = line_percents(taxes[document_id], [position])[position]
        whole[document_id] += amount * percent
        if phase == LIVE and version_id in sharing:
            parts[document_id, version_id] += rated * percent
    return {
        (document_id, version_id): part * papers[document_id].tax_minor / whole[document_id]
        for (document_id, version_id), part in parts.items()
        if whole[document_id]
    }


def _receipt(
    row: Mapping[str, Any], agreed: Terms, moved: Mapping[str, int], fees: Fraction, tax: Fraction
) -> Receipt:
    base, version_id = int(row["base"]), row["rated_line__version_id"]
    part = Fraction(base, row["document__net_minor"]) if row["document__net_minor"] else Fraction(0)
    return Receipt(
        key=f"{COLLECTED_KEY}{row['document_id']}/{version_id}",
        number=str(row["document__number"]), customer_id=str(row["document__customer_id"]),
        external_id=str(row["document__customer_external_id"]),
        name=str(row["document__buyer_name"]), version_id=str(version_id),
        partner_bps=agreed.partner_share_bps, tie=agreed.tie, base_minor=base,
        gross_minor=int(row["document__total_minor"]), tax_minor=round_fraction(tax),
        fee_minor=round_fraction(part * fees) if FEES in agreed.deductions else 0,
        **_money(agreed, moved, int(row["document__total_minor"])),
    )  # fmt: skip


def _money(agreed: Terms, moved: Mapping[str, int], gross_minor: int) -> dict[str, int]:
    """What was paid of a collected base; of an invoiced one, what was paid back and is open."""
    back = moved[REFUNDED] if REFUNDS in agreed.deductions else 0
    credited = moved[CREDITED] if CREDITS in agreed.deductions else 0
    if agreed.shares_receipts:
        kept = moved[PAID] + moved[REINSTATED] - moved[CHARGED_BACK]
        return {"paid_minor": kept - back, "credited_minor": credited}
    is_open = gross_minor - signed_minor({**moved, CREDITED: credited}, CLOSING_SIGNS)
    return {"paid_minor": 0, "reopened_minor": max(0, min(back, is_open))}
