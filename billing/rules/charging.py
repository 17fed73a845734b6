"""Charge one agreement for one period: frozen input → rated lines, shares, document drafts.

Pure: the same input gives the same result, whatever the order of its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing.rules.bounds import cap_line, minimum_line
from billing.rules.currencies import exchange
from billing.rules.customer_lines import customer_lines
from billing.rules.drafting import draft_documents
from billing.rules.drafts import Draft
from billing.rules.errors import BadRunInput, InvariantBroken
from billing.rules.groups import Group, customer_groups, pricing_groups
from billing.rules.inputs import RunInput, check_run_input
from billing.rules.lines import (
    CUSTOMER,
    LIVE,
    PARTNER,
    POC_DISCOUNT,
    RatedLine,
    less_booked,
    line_order,
    vanished,
)
from billing.rules.partner_lines import partner_lines, rest_of_term_lines
from billing.rules.sales import awaits_report, is_reported, sales_lines
from billing.rules.sharing import CustomerShare, collected_shares, customer_shares, fees_minor
from billing.rules.taxes import line_percents


@dataclass(frozen=True, slots=True)
class RunTotals:
    """What a run adds, in minor units: gross = platform + partner + tax + fees."""

    currency: str
    gross_minor: int
    platform_minor: int
    partner_minor: int
    tax_minor: int
    fees_minor: int
    shadow_minor: int

    def check(self) -> RunTotals:
        """Raises InvariantBroken when the equality does not hold."""
        parts = self.platform_minor + self.partner_minor + self.tax_minor + self.fees_minor
        if self.gross_minor != parts:
            raise InvariantBroken(
                f"Gross {self.gross_minor} is not net {self.platform_minor} + share "
                f"{self.partner_minor} + tax {self.tax_minor} + fees {self.fees_minor}."
            )
        return self


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """Everything a run computes; documents are drafts without number or parties."""

    lines: tuple[RatedLine, ...]
    shares: tuple[CustomerShare, ...]
    drafts: tuple[Draft, ...]
    totals: RunTotals

    @property
    def moves_money(self) -> bool:
        """Some document would state an amount, or a shadow value, that no earlier one did."""
        rows = (row for draft in self.drafts for row in draft.lines)
        return any(row.amount_minor or row.value_minor for row in rows)


def _plans(run: RunInput) -> dict[str, str]:
    plans: dict[str, str] = {}
    for row in run.rows:
        if row.plan and plans.setdefault(row.customer_id, row.plan) != row.plan:
            raise BadRunInput(f"Customer {row.external_id!r} is frozen with two plans.")
    return plans


def _cumulative(run: RunInput, groups: Sequence[Group]) -> list[RatedLine]:
    plans = _plans(run)
    lines: list[RatedLine] = []
    for group in customer_groups(run, groups):
        # Without a report the share is estimated from usage, where there are prices for it.
        unknown = awaits_report(group) and group.retail is None
        if group.terms.bills_customers and not (is_reported(run, group) or unknown):
            lines += customer_lines(group, plans)
    for group in groups:
        lines += partner_lines(group)
    return lines + sales_lines(run, groups)


def _true_ups(
    run: RunInput,
    groups: Sequence[Group],
    lines: Sequence[RatedLine],
    shares: Sequence[CustomerShare],
) -> list[RatedLine]:
    due: list[RatedLine] = []
    live = [group for group in groups if group.phase == LIVE]
    for version_id in dict.fromkeys(group.version_id for group in live):
        own = [
            line
            for line in lines
            if line.payer == PARTNER and line.phase == LIVE and line.version_id == version_id
        ]
        ours = sum(share.platform_minor for share in shares if share.version_id == version_id)
        mine = [group for group in live if group.version_id == version_id]
        capped = cap_line(mine, run.period, own)
        due += capped + minimum_line(mine, run.period, [*own, *capped], ours)
    return due


def _booked(run: RunInput, lines: list[RatedLine], currency: str) -> tuple[RatedLine, ...]:
    booked = {line.key: line for line in run.booked_lines}
    keys = {line.key for line in lines}
    if len(keys) < len(lines):
        raise InvariantBroken("Two rated lines carry the same key.")
    after = [less_booked(line, booked.get(line.key)) for line in lines]
    after += [
        vanished(line, run.period, currency) for key, line in booked.items() if key not in keys
    ]
    return tuple(sorted(after, key=line_order))


def _tax_minor(run: RunInput, drafts: Sequence[Draft], currency: str) -> int:
    """Tax on invoices and credit notes, in the agreement's currency; a statement's is not sales."""
    total = 0
    for draft in drafts:
        if draft.statement is None:
            tax = sum(line.amount_minor for line in draft.taxes)
            rate = exchange(run, currency, draft.currency) if tax else None
            total += rate.back(tax) if rate else tax
    return total


def _totals(
    lines: Sequence[RatedLine], shares: Sequence[CustomerShare], currency: str, tax_minor: int
) -> RunTotals:
    customers = sum(line.amount_minor for line in lines if line.payer == CUSTOMER)
    partner = sum(line.amount_minor for line in lines if line.payer == PARTNER)
    shared = sum(share.delta_base_minor for share in shares)
    fees = fees_minor(shares)
    return RunTotals(
        currency=currency,
        gross_minor=customers + partner + tax_minor,
        # What is not shared with a partner (direct customers, licences) is ours whole.
        platform_minor=customers
        - shared
        - fees
        + partner
        + sum(share.delta_platform_minor for share in shares),
        partner_minor=sum(share.delta_partner_minor for share in shares),
        tax_minor=tax_minor,
        fees_minor=fees,
        shadow_minor=-sum(ln.amount_minor for ln in lines if ln.kind == POC_DISCOUNT),
    ).check()


def charge(run: RunInput) -> ChargeResult:
    """Rate a frozen input: cumulative for the period, less what earlier runs of it booked.

    Raises BadRunInput for input that cannot be rated, Parked (MissingRate, ForeignCurrency,
    InvariantBroken) when this agreement must stop while others go on.
    """
    check_run_input(run)
    groups = pricing_groups(run)
    currency = groups[-1].terms.currency
    if any(group.terms.currency != currency for group in groups):
        raise BadRunInput("The agreement changes its currency inside the period.")
    cumulative = _cumulative(run, groups)
    booked_shares = {share.key: share for share in run.booked_shares}
    rough = customer_shares(cumulative, groups, booked_shares, uncollected=True)
    cumulative += _true_ups(run, groups, cumulative, rough)
    cumulative += rest_of_term_lines(run, groups)
    lines = _booked(run, cumulative, currency)
    shares = customer_shares(lines, groups, booked_shares, percent_of=line_percents(run))
    shares += collected_shares(run.receipts, booked_shares)
    drafts = draft_documents(run, groups, lines, shares)
    tax_minor = _tax_minor(run, drafts, currency)
    return ChargeResult(lines, shares, drafts, _totals(lines, shares, currency, tax_minor))
