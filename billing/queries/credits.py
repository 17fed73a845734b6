"""What of an invoice can still be credited, and what is booked of the shares behind it."""

import json
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import F, Sum

from billing.models import (
    AgreementVersion,
    CarriedItem,
    CustomerShare,
    Document,
    DocumentLine,
    RatedLine,
)
from billing.queries.terms import version_terms
from billing.rules.credits import CreditableLine, ShareBooked, rated_part
from billing.rules.drafts import TaxLine
from billing.rules.lines import CUSTOMER, LIVE
from billing.rules.sharing import share_key


def body_of(document: Document) -> dict[str, Any]:
    """The canonical JSON, read."""
    return dict(json.loads(bytes(document.canonical)))


def creditable_lines(document: Document) -> list[CreditableLine]:
    """The lines with an amount and what credit notes of a person took back; two queries.

    Such a credit note keeps the positions of the invoice's lines; amounts are as charged.
    """
    taken = dict(
        DocumentLine.objects.filter(document__corrects=document, document__run=None)
        .order_by("position")
        .values_list("position")
        .annotate(sum=Sum("amount_minor"))
    )
    rows = document.lines.filter(memo=False).exclude(amount_minor=0)
    return [
        CreditableLine(row.position, row.amount_minor, -int(taken.get(row.position, 0)))
        for row in rows.order_by("position")
    ]


def document_taxes(document: Document) -> tuple[TaxLine, ...]:
    """The taxes as printed."""
    taxes = body_of(document)["totals"]["taxes"]
    return tuple(TaxLine(**{**tax, "lines": tuple(tax.get("lines", ()))}) for tax in taxes)


def line_percents(taxes: Iterable[TaxLine], positions: Iterable[int]) -> dict[int, Fraction]:
    """Line position → the percent of the taxes that name it, or of the one over the whole net."""
    listed = list(taxes)
    return {
        at: sum((Fraction(Decimal(tax.percent)) for tax in listed
                 if not tax.lines or at in tax.lines), Fraction(0))
        for at in positions
    }  # fmt: skip


class ShareBase(NamedTuple):
    """The part of an invoice that one version shares, and its weight in the invoice's tax."""

    version_id: uuid.UUID
    base_minor: int = 0
    taxed: Fraction = Fraction(0)


def share_bases(document: Document, taken: Mapping[int, int]) -> dict[str, ShareBase]:
    """share key → the part of `taken` that was shared, as charged.

    `taken` is by line position, in the document's minor units; what comes out is in the
    agreement's, at the rate at which each line was converted. Lines of a proof of concept or
    without a split share nothing.
    """
    rows = DocumentLine.objects.filter(document=document, position__in=taken)
    before = {line.position: line.credited_minor for line in creditable_lines(document)}
    percents = line_percents(document_taxes(document), taken)
    found: dict[str, ShareBase] = {}
    for row in rows.exclude(rated_line=None).select_related("rated_line"):
        rated: RatedLine = row.rated_line  # type: ignore[assignment]
        if rated.payer == CUSTOMER and rated.phase == LIVE:
            key = share_key(str(rated.customer_id), str(rated.version_id))
            earlier = found.get(key, ShareBase(rated.version_id))
            part = rated_part(rated.amount_minor, row.amount_minor,
                              before.get(row.position, 0), taken[row.position])  # fmt: skip
            found[key] = ShareBase(rated.version_id, earlier.base_minor + part,
                                   earlier.taxed + part * percents[row.position])  # fmt: skip
    return found


def deductions_of(version_id: uuid.UUID) -> tuple[str, ...]:
    """What a version takes off the customers' money before it shares it."""
    version = AgreementVersion.objects.prefetch_related("components").get(pk=version_id)
    return version_terms(version).deductions


def booked_share(document: Document, key: str, version_id: uuid.UUID) -> ShareBooked | None:
    """What runs and corrections booked under a share key; None when the version shares nothing."""
    runs = CustomerShare.objects.filter(
        key=key, run__period_start=document.period_start, run__issued_at__isnull=False,
        attempt=F("run__attempt"),
    )  # fmt: skip
    last = runs.order_by("-run__issued_at").first()
    if last is None:
        return None
    run_sums = runs.aggregate(base=Sum("delta_base_minor"), partner=Sum("delta_partner_minor"))
    later = CarriedItem.objects.filter(share_key=key, period_start=document.period_start)
    sums = later.aggregate(base=Sum("base_minor"), partner=Sum("share_minor"))
    terms = AgreementVersion.objects.get(pk=version_id).terms
    return ShareBooked(
        key, last.partner_bps, terms["tie"], _sum(run_sums["base"], sums["base"]),
        _sum(run_sums["partner"], sums["partner"]),
    )  # fmt: skip


def _sum(*parts: Any) -> int:
    return sum(int(part or 0) for part in parts)


def credit_notes_of(document_ids: Iterable[uuid.UUID]) -> list[Document]:
    """The credit notes of these documents, oldest first."""
    return list(Document.objects.filter(corrects_id__in=document_ids).order_by("issued_at"))
