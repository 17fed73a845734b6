"""Rows of document drafts: charges, a partner's or our share by line, shadow values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from billing.rules.drafts import DraftLine
from billing.rules.explain import explain_collected, explain_line, explain_share, told_receipt
from billing.rules.facts import Receipt
from billing.rules.fields import decimal_text
from billing.rules.inputs import FEES_KEY, RunInput
from billing.rules.lines import CUSTOMER, LIVE, POC_DISCOUNT, SALE, RatedLine
from billing.rules.money import to_major
from billing.rules.sharing import CustomerShare, fees_key, spread
from billing.rules.splits import PARTNER, WHOLE_BPS

SHARE, SHADOW, CARRIED, FEES = "share", "shadow", "carried", "fees"
CARRIED_KEY = "carried:"


def charge_row(line: RatedLine, told: tuple[str, ...] | None = None) -> DraftLine:
    """A rated line as a document prints it; `told` stands in for its own arithmetic."""
    price = None if line.unit_price is None else decimal_text(line.unit_price)
    return DraftLine(
        position=0,
        kind=line.kind,
        description=line.description,
        customer_external_id=line.external_id,
        customer_name=line.name,
        meter=line.meter,
        quantity=decimal_text(line.quantity) if line.unit else "",
        unit=line.unit,
        unit_price=price,
        amount_minor=line.amount_minor,
        exact=decimal_text(line.exact),
        explanation=explain_line(line) if told is None else told,
        start=line.start,
        end=line.end,
        rated_line_key=line.key,
        earned_minor=line.earned_minor,
    )


def shared_lines(lines: Sequence[RatedLine]) -> dict[tuple[str | None, str], list[RatedLine]]:
    """The shown live lines of customers by (customer, version), each in their order."""
    found: dict[tuple[str | None, str], list[RatedLine]] = {}
    for line in lines:
        if line.payer == CUSTOMER and line.phase == LIVE and line.shown:
            found.setdefault((line.customer_id, line.version_id), []).append(line)
    return found


def share_rows(
    own: Sequence[RatedLine], share: CustomerShare, side: str, reason: str
) -> list[DraftLine]:
    """`side`'s part of one customer's document, shown by its lines `own`; they sum to the split."""
    amount = share.delta_of(side)
    parts = spread(amount, own)
    bps = share.partner_bps if side == PARTNER else WHOLE_BPS - share.partner_bps
    noun = "the reported" if any(line.kind == SALE for line in own) else "the invoice's"
    told = explain_share(share, bps, amount, own[0].currency, reason, noun) if own else ()
    return [
        replace(
            charge_row(line, told),
            kind=SHARE,
            unit_price=None,
            amount_minor=parts[line.key],
            exact=decimal_text(to_major(parts[line.key], line.currency)),
            value_minor=line.amount_minor,
            earned_minor=parts[line.key],
        )
        for line in own
    ]


def shadow_rows(lines: Sequence[RatedLine]) -> list[DraftLine]:
    """One memo row a customer: what the proof of concept would have cost at list price."""
    return [
        replace(
            charge_row(line),
            kind=SHADOW,
            description="Shadow value in the proof of concept",
            amount_minor=0,
            exact="0",
            explanation=("metered and rated at list price; nothing is owed",),
            memo=True,
            value_minor=-line.amount_minor,
            earned_minor=0,
        )
        for line in lines
        if line.payer == CUSTOMER and line.kind == POC_DISCOUNT and line.shown
    ]


def collected_rows(
    run: RunInput, shares: Sequence[CustomerShare], currency: str
) -> list[DraftLine]:
    """One row per invoice on which something was paid, and one on its fees, since the last one."""
    known = {receipt.key: receipt for receipt in run.receipts}
    known |= {fees_key(receipt): receipt for receipt in run.receipts}
    rows = []
    for share in shares:
        receipt = known.get(share.key)
        if receipt is not None:
            amount = share.delta_partner_minor
            fees = share.key.startswith(FEES_KEY)
            rows.append(
                DraftLine(
                    position=0,
                    kind=FEES if fees else SHARE,
                    description=f"{_told_kind(receipt, fees)} {receipt.number}",
                    customer_external_id=receipt.external_id,
                    customer_name=receipt.name,
                    meter="",
                    quantity="",
                    unit="",
                    unit_price=None,
                    amount_minor=amount,
                    exact=decimal_text(to_major(amount, currency)),
                    explanation=explain_collected(
                        share, told_receipt(share, receipt, currency, fees), currency
                    ),
                    start=run.period.start,
                    end=run.period.end,
                    rated_line_key=share.key,
                    value_minor=share.delta_base_minor,
                    earned_minor=amount,
                )
            )
    return rows


def _told_kind(receipt: Receipt, fees: bool) -> str:
    if fees:
        return "Part of the payment fees on"
    return (
        "Share of what was paid back on" if receipt.reopened_minor else "Share of what was paid on"
    )


def carried_rows(run: RunInput, currency: str) -> list[DraftLine]:
    """One row per carried item: credits and clawbacks that were booked when they arose."""
    return [
        DraftLine(
            position=0,
            kind=CARRIED,
            description=item.description,
            customer_external_id=item.external_id,
            customer_name=item.name,
            meter="",
            quantity="",
            unit="",
            unit_price=None,
            amount_minor=item.amount_minor,
            exact=decimal_text(to_major(item.amount_minor, currency)),
            explanation=(),
            start=run.period.start,
            end=run.period.end,
            rated_line_key=f"{CARRIED_KEY}{item.key}",
        )
        for item in sorted(run.carried, key=lambda item: item.key)
    ]
