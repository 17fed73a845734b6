"""Tax lines of documents: once per rate per document, over its net, rounded half up once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from billing.rules.drafts import Draft, TaxLine, tax_over
from billing.rules.errors import MissingTax
from billing.rules.facts import (
    EXEMPT,
    NO_TAX,
    REVERSE_CHARGE,
    STANDARD,
    WITHHOLDING,
    PartyTax,
)
from billing.rules.inputs import RunInput
from billing.rules.splits import PARTNER
from billing.rules.terms import Terms

_NOTES = {
    REVERSE_CHARGE: "Reverse charge: the recipient accounts for the tax.",
    EXEMPT: "Exempt from tax.",
}
_LABELS = {REVERSE_CHARGE: "Reverse charge", EXEMPT: "Exempt", WITHHOLDING: "Withholding tax"}


def _status(run: RunInput, party: str, shown: str) -> PartyTax:
    for status in run.taxes:
        if status.party == party:
            return status
    raise MissingTax(
        f"{shown} has no tax status, and this agreement's documents carry tax. Enter its country "
        "and treatment (standard, reverse charge, exempt, none), then settle again."
    )


def _line(status: PartyTax, percent: Decimal, net_minor: int, currency: str) -> TaxLine:
    label = status.label or _LABELS.get(status.treatment, "Tax")
    named = f"{label} ({status.country})" if status.country else label
    return tax_over(net_minor, currency, named, percent)


def with_party_tax(run: RunInput, draft: Draft, terms: Terms) -> Draft:
    """An invoice or credit note with the tax of its buyer; unchanged where no tax is charged.

    Reverse charge and exemption print a line of 0 and the reason. Raises MissingTax (parks).
    """
    if not terms.charges_tax or not draft.lines:
        return draft
    who = draft.lines[0].customer_external_id
    shown = f"Customer {who!r}" if draft.customer_id else "The partner"
    status = _status(run, draft.customer_id or PARTNER, shown)
    if status.treatment in (NO_TAX, WITHHOLDING):
        return draft
    percent = Decimal(status.percent) if status.treatment == STANDARD else Decimal(0)
    tax = _line(status, percent, draft.net_minor, draft.currency)
    note = status.reason or _NOTES.get(status.treatment, "")
    return replace(
        draft,
        taxes=(tax,),
        gross_minor=draft.net_minor + tax.amount_minor,
        notes=(*draft.notes, *((note,) if note else ())),
    ).check()


def tax_percents(run: RunInput) -> dict[str, Decimal]:
    """Customer → the percentage that its documents carry, where they carry tax at all."""
    if not any(part.terms.charges_tax for part in run.segments):
        return {}
    return {one.party: Decimal(one.percent) for one in run.taxes if one.treatment == STANDARD}


def statement_taxes(run: RunInput, terms: Terms, earned_minor: int) -> tuple[TaxLine, ...]:
    """Tax of a payout statement: added on a self-billed one, held back under withholding.

    `earned_minor`: what the partner earned by it. Without self-billing the partner's own invoice
    carries the tax. Raises MissingTax (parks).
    """
    if not terms.charges_tax or not earned_minor:
        return ()
    status = _status(run, PARTNER, "The partner")
    percent = Decimal(status.percent)
    if status.treatment == WITHHOLDING:
        return (_line(status, -percent, earned_minor, terms.currency),)
    if status.treatment == STANDARD and terms.self_billing:
        return (_line(status, percent, earned_minor, terms.currency),)
    if status.treatment == REVERSE_CHARGE and terms.self_billing:
        return (_line(status, Decimal(0), earned_minor, terms.currency),)
    return ()
