"""Charge one agreement for one period: frozen input → rated lines, shares, document drafts.

Pure: the same input gives the same result, whatever the order of its rows. `Charging` goes through
a month's customers some at a time, so that a run of any size takes the same memory; `charge` puts
its parts together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from billing.rules.bounds import cap_line, minimum_line
from billing.rules.currencies import exchange
from billing.rules.customer_lines import customer_lines
from billing.rules.drafting import PartnerRows, customer_drafts, partner_drafts
from billing.rules.drafts import Draft, Keep
from billing.rules.errors import BadRunInput, InvariantBroken
from billing.rules.groups import Group, customer_groups, pricing_groups
from billing.rules.inputs import RunInput, RunInputRow, check_run_input
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
from billing.rules.sharing import (
    CustomerShare,
    collected_shares,
    customer_shares,
    fees_minor,
    share_order,
)
from billing.rules.slices import (
    HeadOwned,
    Owned,
    RowSums,
    customer_of,
    customer_slices,
    partner_part,
)
from billing.rules.taxes import line_percents
from tenants.rules.sayings import Said

SLICE = 250  # customers in hand at once


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
                Said(
                    "Gross %(gross_minor)s is not net %(platform_minor)s + share "
                    "%(partner_minor)s + tax %(tax_minor)s + fees %(fees_minor)s.",
                    gross_minor=self.gross_minor,
                    platform_minor=self.platform_minor,
                    partner_minor=self.partner_minor,
                    tax_minor=self.tax_minor,
                    fees_minor=self.fees_minor,
                )
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
        return _moves_money(self.drafts)


@dataclass(frozen=True, slots=True)
class ChargePart:
    """Lines, shares and drafts of some customers, or of the partner: then with the run's totals."""

    lines: tuple[RatedLine, ...]
    shares: tuple[CustomerShare, ...]
    drafts: tuple[Draft, ...]
    totals: RunTotals | None = None

    @property
    def moves_money(self) -> bool:
        """As for the whole result, of these drafts."""
        return _moves_money(self.drafts)


def _moves_money(drafts: Sequence[Draft]) -> bool:
    rows = (row for draft in drafts for row in draft.lines)
    return any(row.amount_minor or row.value_minor for row in rows)


def _plans(run: RunInput) -> dict[str, str]:
    plans: dict[str, str] = {}
    for row in run.rows:
        if row.plan and plans.setdefault(row.customer_id, row.plan) != row.plan:
            raise BadRunInput(
                Said(
                    "Customer %(customer)s is frozen with two plans.",
                    customer=f"{row.external_id!r}",
                )
            )
    return plans


def _customers_due(run: RunInput, groups: Sequence[Group]) -> list[RatedLine]:
    plans = _plans(run)
    lines: list[RatedLine] = []
    for group in customer_groups(run, groups):
        # Without a report the share is estimated from usage, where there are prices for it.
        unknown = awaits_report(group) and group.retail is None
        if group.terms.bills_customers and not (is_reported(run, group) or unknown):
            lines += customer_lines(group, plans)
    return lines + sales_lines(run, groups)


def _true_ups(
    run: RunInput, groups: Sequence[Group], lines: Sequence[RatedLine], ours: Mapping[str, int]
) -> list[RatedLine]:
    due: list[RatedLine] = []
    live = [group for group in groups if group.phase == LIVE]
    for version_id in dict.fromkeys(group.version_id for group in live):
        own = [line for line in lines if line.phase == LIVE and line.version_id == version_id]
        mine = [group for group in live if group.version_id == version_id]
        capped = cap_line(mine, run.period, own)
        share = ours.get(version_id, 0)
        due += capped + minimum_line(mine, run.period, [*own, *capped], share)
    return due


def _booked(run: RunInput, lines: list[RatedLine], currency: str) -> tuple[RatedLine, ...]:
    booked = {line.key: line for line in run.booked_lines}
    keys = {line.key for line in lines}
    if len(keys) < len(lines):
        raise InvariantBroken(Said("Two rated lines carry the same key."))
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


def _checked_groups(run: RunInput) -> tuple[tuple[Group, ...], str]:
    check_run_input(run)
    groups = pricing_groups(run)
    currency = groups[-1].terms.currency
    if any(group.terms.currency != currency for group in groups):
        raise BadRunInput(Said("The agreement changes its currency inside the period."))
    return groups, currency


class Charging:
    """One run charged in parts: customers, some at a time and in their order, then the partner.

    What the partner's part needs of the customers is only summed up here; the rows of its two
    documents that name customers are kept by `keep` (see `PartnerRows`). `owned`: what of the head
    belongs to customers, where it comes without.
    """

    def __init__(self, head: RunInput, keep: Keep = tuple, owned: Owned | None = None) -> None:
        self.head, self._owned = head, owned or HeadOwned(head)
        self._groups, self._currency = _checked_groups(replace(head, rows=()))
        self._rows, self._usage = PartnerRows(keep), RowSums()
        self._ours: dict[str, int] = {}
        self._sums: dict[str, int] = {}

    def parts(self, rows: Iterable[RunInputRow], size: int = SLICE) -> Iterator[ChargePart]:
        """Every part, the partner's last; `rows` in the order of `slices.customer_of`."""
        for part in customer_slices(self.head, rows, size, self._owned):
            yield self._customers(part)
        yield self._partner()

    def _customers(self, run: RunInput) -> ChargePart:
        groups, currency = _checked_groups(run)
        self._usage.add(run.rows)
        due = _customers_due(run, groups)
        booked = {share.key: share for share in run.booked_shares}
        for share in customer_shares(due, groups, booked, uncollected=True):
            self._ours[share.version_id] = (
                self._ours.get(share.version_id, 0) + share.platform_minor
            )
        lines = _booked(run, due, currency)
        shares = customer_shares(lines, groups, booked, percent_of=line_percents(run))
        self._rows.add(groups, lines, shares)
        return self._part(run, lines, shares, customer_drafts(run, groups, lines, shares))

    def _partner(self) -> ChargePart:
        run = partner_part(self.head, self._usage.rows())
        groups, currency = _checked_groups(run)
        due = [line for group in groups for line in partner_lines(group)]
        due += _true_ups(run, groups, due, self._ours)
        due += rest_of_term_lines(run, groups)
        lines = _booked(run, due, currency)
        booked = {share.key: share for share in run.booked_shares}
        shares = collected_shares(run.receipts, booked)
        is_first = run.is_first and not self._owned.is_booked
        drafts = partner_drafts(run, groups, lines, shares, self._rows, is_first)
        part = self._part(run, lines, shares, drafts)
        return replace(part, totals=self._totals())

    def _part(
        self,
        run: RunInput,
        lines: tuple[RatedLine, ...],
        shares: tuple[CustomerShare, ...],
        drafts: tuple[Draft, ...],
    ) -> ChargePart:
        """The part, added to the run's figures."""
        for name, amount in (
            ("customers", sum(line.amount_minor for line in lines if line.payer == CUSTOMER)),
            ("partner", sum(line.amount_minor for line in lines if line.payer == PARTNER)),
            ("shared", sum(share.delta_base_minor for share in shares)),
            ("fees", fees_minor(shares)),
            ("ours", sum(share.delta_platform_minor for share in shares)),
            ("theirs", sum(share.delta_partner_minor for share in shares)),
            ("tax", _tax_minor(run, drafts, self._currency)),
            ("shadow", -sum(ln.amount_minor for ln in lines if ln.kind == POC_DISCOUNT)),
        ):
            self._sums[name] = self._sums.get(name, 0) + amount
        return ChargePart(lines, shares, drafts)

    def _totals(self) -> RunTotals:
        found = self._sums
        return RunTotals(
            currency=self._currency,
            gross_minor=found["customers"] + found["partner"] + found["tax"],
            # What is not shared with a partner (direct customers, licences) is ours whole.
            platform_minor=found["customers"] - found["shared"] - found["fees"]
            + found["partner"] + found["ours"],
            partner_minor=found["theirs"],
            tax_minor=found["tax"],
            fees_minor=found["fees"],
            shadow_minor=found["shadow"],
        ).check()  # fmt: skip


def charged(run: RunInput) -> Iterator[ChargePart]:
    """A whole frozen input, part by part; raises as `charge` does."""
    yield from Charging(run).parts(sorted(run.rows, key=customer_of))


def totals_of(parts: Iterable[ChargePart]) -> RunTotals:
    """The run's figures, from all of its parts, of which none is kept. Raises InvariantBroken
    without the last one."""
    totals = None
    for part in parts:
        totals = part.totals
    if totals is None:
        raise InvariantBroken("A run was charged without its totals.")
    return totals


def charge(run: RunInput) -> ChargeResult:
    """Rate a frozen input: cumulative for the period, less what earlier runs of it booked.

    Raises BadRunInput for input that cannot be rated, Parked (MissingRate, ForeignCurrency,
    InvariantBroken) when this agreement must stop while others go on.
    """
    parts = list(charged(run))
    totals = totals_of(parts)
    shares = sorted((share for part in parts[:-1] for share in part.shares), key=share_order)
    return ChargeResult(
        tuple(line for part in parts for line in part.lines),
        (*shares, *parts[-1].shares),
        tuple(draft for part in parts for draft in part.drafts),
        totals,
    )
