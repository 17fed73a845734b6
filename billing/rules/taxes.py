"""Tax lines of documents: once per rate per document, rounded half up once.

Over the whole net where all lines are taxed alike; else over the lines that each rate names. The
rates are those of the last day of the month: a service billed by the month is supplied when the
month ends (Directive 2006/112/EC, article 64), so a rate that changes inside it splits no document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from billing.rules.drafts import Draft, TaxLine, tax_over
from billing.rules.errors import MissingTax
from billing.rules.facts import (
    ALL_CHARGES,
    EXEMPT,
    FIXED,
    NO_TAX,
    PAID_OUT,
    REDUCED,
    REVERSE_CHARGE,
    STANDARD,
    USED,
    WITHHOLDING,
    PartyTax,
)
from billing.rules.inputs import BEFORE_STATEMENT_TAX, RunInput
from billing.rules.lines import (
    BASE_FEE,
    CAP,
    LIVE,
    MINIMUM,
    PLAN_FEE,
    REST_OF_TERM,
    SAVINGS_SHARE,
    USAGE,
    VOLUME_DISCOUNT,
    WHOLESALE_FACTOR,
    WHOLESALE_RETAIL,
    RatedLine,
)
from billing.rules.splits import PARTNER
from billing.rules.terms import Terms
from tenants.rules.sayings import Said

_NOTES = {
    REVERSE_CHARGE: "Reverse charge: the recipient accounts for the tax.",
    EXEMPT: "Exempt from tax.",
}
_LABELS = {REVERSE_CHARGE: "Reverse charge", EXEMPT: "Exempt", WITHHOLDING: "Withholding tax"}
_ADDED = (STANDARD, REDUCED)
_CHARGES = {
    **dict.fromkeys((PLAN_FEE, BASE_FEE, REST_OF_TERM, MINIMUM), FIXED),
    **dict.fromkeys(
        (USAGE, SAVINGS_SHARE, WHOLESALE_RETAIL, WHOLESALE_FACTOR, VOLUME_DISCOUNT, CAP), USED
    ),
}


def charges_of(kind: str, phase: str) -> str:
    """Which of a party's charges a line belongs to, of CHARGES.

    A proof of concept's lines and their discount stay together, so that their tax is nothing;
    shares and reported sales are neither fees nor usage.
    """
    return _CHARGES.get(kind, ALL_CHARGES) if phase == LIVE else ALL_CHARGES


def _found(run: RunInput, party: str, charges: str) -> PartyTax | None:
    own = {status.charges: status for status in run.taxes if status.party == party}
    return own.get(charges) or own.get(ALL_CHARGES)


def _status(run: RunInput, party: str, shown: str, charges: str = ALL_CHARGES) -> PartyTax:
    status = _found(run, party, charges)
    if status is not None:
        return status
    lacks = Said("%(shown)s has no tax status", shown=shown)
    if charges == PAID_OUT:
        lacks = Said("%(shown)s has no tax status of what it is paid", shown=shown)
    raise MissingTax(
        Said(
            "%(lacks)s, and this agreement's documents carry tax. Enter its country and treatment "
            "(standard, reduced, reverse charge, exempt, none), then settle again.",
            lacks=lacks,
        )
    )


def _line(status: PartyTax, percent: Decimal, net_minor: int, currency: str) -> TaxLine:
    label = status.label or _LABELS.get(status.treatment, "Tax")
    named = f"{label} ({status.country})" if status.country else label
    return tax_over(net_minor, currency, named, percent)


def with_party_tax(run: RunInput, draft: Draft, terms: Terms, lines: Sequence[RatedLine]) -> Draft:
    """An invoice or credit note with the taxes of its buyer; unchanged where no tax is charged.

    `lines`: those the draft's rows were made of. Reverse charge and exemption print a line of 0
    and the reason. Raises MissingTax (parks).
    """
    if not terms.charges_tax or not draft.lines:
        return draft
    who = draft.lines[0].customer_external_id
    shown = (
        Said("Customer %(customer)s", customer=f"{who!r}")
        if draft.customer_id
        else Said("The partner")
    )
    phases = {line.key: line.phase for line in lines}
    only_memos = all(row.memo for row in draft.lines)
    # Sums and places only: a partner's document names any number of customers.
    taxed: dict[PartyTax, tuple[int, list[int]]] = {}
    for row in draft.lines:
        if only_memos or not row.memo:
            charges = charges_of(row.kind, phases.get(row.rated_line_key, LIVE))
            status = _status(run, draft.customer_id or PARTNER, shown, charges)
            status = replace(status, charges=ALL_CHARGES)
            net_minor, places = taxed.get(status, (0, []))
            taxed[status] = net_minor + row.amount_minor, places
            places.append(row.position)
    return _taxed(draft, taxed)


def _taxed(draft: Draft, taxed: dict[PartyTax, tuple[int, list[int]]]) -> Draft:
    """`taxed`: status → the sum and the places of the rows that it counts for."""
    taxes, notes = [], []
    for status, (net_minor, places) in taxed.items():
        if status.treatment in (NO_TAX, WITHHOLDING):
            continue
        percent = Decimal(status.percent) if status.treatment in _ADDED else Decimal(0)
        tax = _line(status, percent, net_minor, draft.currency)
        taxes.append(replace(tax, lines=tuple(places) if len(taxed) > 1 else ()))
        notes.append(status.reason or _NOTES.get(status.treatment, ""))
    return replace(
        draft,
        taxes=tuple(taxes),
        gross_minor=draft.net_minor + sum(tax.amount_minor for tax in taxes),
        notes=(*draft.notes, *dict.fromkeys(note for note in notes if note)),
    ).check()


def line_percents(run: RunInput) -> Callable[[RatedLine], Decimal]:
    """The percentage that a customer's line carries on its document; 0 where it carries none."""
    charged = any(part.terms.charges_tax for part in run.segments)

    def percent(line: RatedLine) -> Decimal:
        charges = charges_of(line.kind, line.phase)
        found = _found(run, line.customer_id or PARTNER, charges) if charged else None
        return Decimal(found.percent) if found and found.treatment in _ADDED else Decimal(0)

    return percent


def statement_taxes(
    run: RunInput, terms: Terms, earned_minor: int, carried_minor: int
) -> tuple[tuple[TaxLine, ...], tuple[str, ...]]:
    """Taxes and notes of a payout statement: added on a self-billed one, held back by withholding.

    The partner is the seller here, so its status of what it is paid counts before its general one.
    `earned_minor`: what the partner earned by it; `carried_minor`: clawbacks and credits, whose
    tax moves along. Without self-billing the partner's own invoice carries the tax. Raises
    MissingTax (parks).
    """
    before = run.engine in BEFORE_STATEMENT_TAX
    net_minor = earned_minor if before else earned_minor + carried_minor
    if not terms.charges_tax or not net_minor:
        return (), ()
    status = _status(run, PARTNER, "The partner", ALL_CHARGES if before else PAID_OUT)
    percent, treatment = Decimal(status.percent), status.treatment
    if treatment == WITHHOLDING:
        return (_line(status, -percent, net_minor, terms.currency),), ()
    stated = (STANDARD, REVERSE_CHARGE) if before else (*_ADDED, *_NOTES)
    if not terms.self_billing or treatment not in stated:
        return (), ()
    note = "" if before else status.reason or _NOTES.get(treatment, "")
    added = percent if treatment in _ADDED else Decimal(0)
    return (_line(status, added, net_minor, terms.currency),), (note,) if note else ()
