"""Postings of an issued document: balanced lines per entry, by agreement and direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing.rules import accounts as chart
from billing.rules.draft_rows import CARRIED, SHARE
from billing.rules.drafts import PAYOUT_STATEMENT, Draft, DraftLine
from billing.rules.errors import InvariantBroken
from billing.rules.lines import BASE_FEE, PLAN_FEE, REST_OF_TERM
from billing.rules.splits import PARTNER
from billing.rules.terms import DIRECT, OEM, WHOLESALE

_FEES = (BASE_FEE, PLAN_FEE, REST_OF_TERM)
_USAGE_REVENUE = {
    OEM: chart.REVENUE_USAGE,
    WHOLESALE: chart.REVENUE_WHOLESALE,
    DIRECT: chart.REVENUE_DIRECT,
}


@dataclass(frozen=True, slots=True)
class Posting:
    """One journal line: debit xor credit, minor units, more than zero."""

    account: str
    debit_minor: int
    credit_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A balanced journal entry; `kind` is document, recognition or share."""

    kind: str
    memo: str
    lines: tuple[Posting, ...]


def entry(
    kind: str, memo: str, currency: str, moves: Sequence[tuple[str, int]]
) -> tuple[Entry, ...]:
    """An entry from (account, signed minor units: debit positive). Zero moves vanish.

    Empty when nothing moves. Raises InvariantBroken when the moves do not sum to zero.
    """
    sums: dict[str, int] = {}
    for account, amount in moves:
        sums[account] = sums.get(account, 0) + amount
    if sum(sums.values()):
        raise InvariantBroken(f"The entry {memo!r} is out of balance by {sum(sums.values())}.")
    lines = tuple(
        Posting(account, max(amount, 0), max(-amount, 0), currency)
        for account, amount in sorted(sums.items())
        if amount
    )
    return (Entry(kind, memo, lines),) if lines else ()


def _fee_share(lines: Sequence[DraftLine]) -> tuple[int, int]:
    """Billed and earned fees. Fees of a proof of concept are taken off by its discount line."""
    fees = [line for line in lines if line.kind in _FEES and "/poc/" not in line.rated_line_key]
    return sum(line.amount_minor for line in fees), sum(line.earned_minor for line in fees)


def _document(draft: Draft, receivable: str, memo: str) -> tuple[Entry, ...]:
    billed, earned = _fee_share(draft.lines)
    usage = draft.net_minor - billed
    revenue = _USAGE_REVENUE.get(draft.terms_kind, chart.REVENUE_SHARED)
    moves = [(receivable, draft.gross_minor)]
    moves += [(chart.TAX_PAYABLE, -tax.amount_minor) for tax in draft.taxes]
    moves += [(chart.DEFERRED_REVENUE, -billed)]
    if draft.customer_id is not None and not draft.principal:
        # As an agent our revenue is only our part; the partner's is owed at once.
        moves += [(chart.AP_PARTNERS, -draft.partner_share_minor)]
        usage -= draft.partner_share_minor
    # Our part of what a partner sold is shared revenue, whatever else its invoice charges.
    shared = sum(line.amount_minor for line in draft.lines if line.kind == SHARE)
    moves += [(chart.REVENUE_SHARED, -shared), (revenue, -(usage - shared))]
    recognised = [(chart.DEFERRED_REVENUE, earned), (chart.REVENUE_LICENCE, -earned)]
    return entry("document", memo, draft.currency, moves) + entry(
        "recognition", f"{memo}: fees earned", draft.currency, recognised
    )


def _statement(draft: Draft, memo: str) -> tuple[Entry, ...]:
    # What is carried was booked when it arose; as an agent the invoice split. Only shown here.
    carried = sum(line.amount_minor for line in draft.lines if line.kind == CARRIED)
    share = draft.net_minor - carried if draft.principal else 0
    tax = sum(line.amount_minor for line in draft.taxes)
    moves = [(chart.PARTNER_SHARE, share), (chart.TAX_PAYABLE, tax)]
    netting = draft.statement.netting_minor if draft.statement else 0
    set_off = [(chart.AP_PARTNERS, netting), (chart.AR_PARTNERS, -netting)]
    return entry(
        "share", memo, draft.currency, [*moves, (chart.AP_PARTNERS, -share - tax)]
    ) + entry("netting", f"{memo}: set off", draft.currency, set_off)


def postings(draft: Draft, memo: str = "") -> tuple[Entry, ...]:
    """Journal entries of a document, empty when nothing is owed (PoC) or it is not ours.

    Principal: gross revenue, the share as cost with the payout statement. Agent: the invoice
    itself splits. Invoices in the partner's name touch no account of ours. Raises
    InvariantBroken when an entry does not balance.
    """
    memo = memo or f"{draft.kind} {draft.period.label}"
    if draft.kind == PAYOUT_STATEMENT:
        return _statement(draft, memo)
    if draft.customer_id is not None:
        return () if draft.issuer == PARTNER else _document(draft, chart.AR_CUSTOMERS, memo)
    return _document(draft, chart.AR_PARTNERS, memo)


def share_correction(
    share_minor: int, currency: str, memo: str, cost: str = chart.PARTNER_SHARE
) -> tuple[Entry, ...]:
    """A change of the partner's part outside its month (negative: clawback), against `cost`.

    After a payout it leaves the payable in debit: the next statement takes it back.
    """
    moves = [(cost, share_minor), (chart.AP_PARTNERS, -share_minor)]
    return entry("share", memo, currency, moves)


def write_off(open_minor: int, currency: str, receivable: str, memo: str) -> tuple[Entry, ...]:
    """What will not be paid leaves the receivables as bad debt."""
    moves = [(chart.BAD_DEBT, open_minor), (receivable, -open_minor)]
    return entry("bad_debt", memo, currency, moves)


def refund(amount_minor: int, currency: str, receivable: str, memo: str) -> tuple[Entry, ...]:
    """Money back to who paid too much: after a credit note the receivable stands in credit."""
    moves = [(receivable, amount_minor), (chart.CASH, -amount_minor)]
    return entry("refund", memo, currency, moves)
