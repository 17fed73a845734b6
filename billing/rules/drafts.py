"""Document drafts: every fact of a document except its number, parties and brand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.rules.errors import BadTerms, InvariantBroken
from billing.rules.money import EXACT, round_minor, to_major
from billing.rules.periods import Period

CUSTOMER_INVOICE, PARTNER_INVOICE = "customer_invoice", "partner_invoice"
PAYOUT_STATEMENT, CREDIT_NOTE = "payout_statement", "credit_note"
# Puts items away, to be read again any number of times: `tuple`, or what a spool on disk returns.
Keep = Callable[[Iterable[Any]], Sequence[Any]]
DOCUMENT_KINDS = (CUSTOMER_INVOICE, PARTNER_INVOICE, PAYOUT_STATEMENT, CREDIT_NOTE)


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One row of a document. Memo lines carry `value_minor` and no amount."""

    position: int
    kind: str
    description: str
    customer_external_id: str
    customer_name: str
    meter: str
    quantity: str
    unit: str
    unit_price: str | None
    amount_minor: int
    exact: str
    explanation: tuple[str, ...]
    start: datetime
    end: datetime
    rated_line_key: str
    memo: bool = False
    value_minor: int = 0
    earned_minor: int = 0


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax rate over the document's net, rounded once; or over the lines it names."""

    label: str
    percent: str
    base_minor: int
    amount_minor: int
    # Not in the fingerprint of a result: those from before it existed stay as they are.
    lines: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class StatementTotals:
    """closing = opening − paid + shares + adjustments − fees + tax − netting; what of it is
    payable now and what is carried forward below the minimum payout."""

    opening_minor: int
    shares_minor: int
    adjustments_minor: int
    fees_minor: int
    tax_minor: int
    netting_minor: int
    paid_minor: int
    closing_minor: int
    payable_minor: int
    carried_minor: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A document before issue. `issuer` is whose name and number series it takes."""

    kind: str
    issuer: str
    customer_id: str | None
    currency: str
    period: Period
    lines: Sequence[DraftLine]
    net_minor: int
    taxes: tuple[TaxLine, ...]
    gross_minor: int
    shadow_minor: int
    statement: StatementTotals | None
    terms_kind: str
    collects: str
    principal: bool
    payment_days: int
    partner_share_minor: int = 0
    notes: tuple[str, ...] = ()

    def check(self) -> Draft:
        """Raises InvariantBroken unless the lines sum to the net and the taxes to the gross."""
        net = sum(line.amount_minor for line in self.lines)
        gross = net + sum(tax.amount_minor for tax in self.taxes)
        if (net, gross) != (self.net_minor, self.gross_minor):
            raise InvariantBroken(
                f"A {self.kind} totals {self.net_minor} net, {self.gross_minor} gross; its lines "
                f"give {net} and {gross}."
            )
        named = [position for tax in self.taxes for position in tax.lines]
        whole = any(not tax.lines for tax in self.taxes)
        if len(set(named)) < len(named) or (named and whole):
            raise InvariantBroken(f"A line of a {self.kind} is taxed twice.")
        return self


def with_tax(draft: Draft, label: str, percent: Decimal, positions: Collection[int] = ()) -> Draft:
    """The draft with a tax, rounded half up once. `percent` 20 is 20 %.

    Over its whole net, or over the lines at `positions`: several rates stand beside each other so.
    Raises BadTerms, InvariantBroken (a line is taxed twice).
    """
    if draft.statement is not None:
        raise BadTerms("Tax on a payout statement is the partner's; it is not added here.")
    if percent < 0:
        raise BadTerms(f"A tax rate is a percentage of zero or more, not {percent}.")
    own = {line.position: line.amount_minor for line in draft.lines}
    if unknown := set(positions) - set(own):
        raise BadTerms(f"There is no line {min(unknown)} to tax.")
    base = sum(own[position] for position in positions) if positions else draft.net_minor
    tax = replace(tax_over(base, draft.currency, label, percent), lines=tuple(sorted(positions)))
    taxes = (*draft.taxes, tax)
    return replace(draft, taxes=taxes, gross_minor=draft.gross_minor + tax.amount_minor).check()


def tax_over(net_minor: int, currency: str, label: str, percent: Decimal) -> TaxLine:
    """One tax line over a net, rounded half up once. A negative percentage is held back."""
    if not percent.is_finite() or abs(percent) > 100:
        raise BadTerms(f"A tax rate is a percentage up to 100, not {percent}.")
    exact = EXACT.multiply(to_major(net_minor, currency), percent.scaleb(-2))
    return TaxLine(label, format(percent.normalize(), "f"), net_minor, round_minor(exact, currency))


def statement_totals(
    opening_minor: int,
    paid_minor: int,
    shares_minor: int,
    min_payout_minor: int,
    adjustments_minor: int = 0,
    tax_minor: int = 0,
    netted_minor: int = 0,
    fees_minor: int = 0,
) -> StatementTotals:
    """Balances of a payout statement; below the minimum payout (or negative) it is carried.

    `adjustments_minor`: what changed in closed periods, credits and clawbacks, signed;
    `tax_minor`: added by self-billing, negative when held back; `netted_minor`: what the partner
    owes by the run's invoice to it, set off as far as the balance reaches; `fees_minor`: its part
    of the customers' payment fees.
    """
    due = opening_minor - paid_minor + shares_minor + adjustments_minor - fees_minor + tax_minor
    netting = max(0, min(due, netted_minor))
    closing = due - netting
    payable = closing if closing > 0 and closing >= min_payout_minor else 0
    return StatementTotals(
        opening_minor=opening_minor,
        shares_minor=shares_minor,
        adjustments_minor=adjustments_minor,
        fees_minor=fees_minor,
        tax_minor=tax_minor,
        netting_minor=netting,
        paid_minor=paid_minor,
        closing_minor=closing,
        payable_minor=payable,
        carried_minor=closing - payable,
    )
