"""From rated lines and shares to document drafts, per billing direction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from billing.rules.currencies import converted_rows, exchange
from billing.rules.draft_rows import (
    FEES,
    SHARE,
    carried_rows,
    charge_row,
    collected_rows,
    shadow_rows,
    share_rows,
    shared_lines,
)
from billing.rules.drafts import (
    CREDIT_NOTE,
    CUSTOMER_INVOICE,
    PARTNER_INVOICE,
    PAYOUT_STATEMENT,
    Draft,
    DraftLine,
    Keep,
    StatementTotals,
    TaxLine,
    statement_totals,
)
from billing.rules.errors import ForeignCurrency
from billing.rules.groups import Group
from billing.rules.inputs import COLLECTED_KEY, RunInput
from billing.rules.lines import CUSTOMER, PARTNER, POC_DISCOUNT, RatedLine
from billing.rules.sharing import CustomerShare
from billing.rules.splits import PLATFORM
from billing.rules.taxes import statement_taxes, with_party_tax
from billing.rules.terms import PORTAL, REPORTED, Terms
from tenants.rules.sayings import Said

_POC_NOTE = "Proof of concept: metered and rated at list price, charged at a 100 % discount."
_SHARE_NOTE = "Shares are split once per customer invoice; each line shows its part of that amount."
_REPORTED_NOTE = "The share is taken of the sales that the partner reported for the month."
_ESTIMATE_NOTE = (
    "No sales report came: the share is estimated from usage at list price. The difference follows "
    "when the report does."
)
_SELF_BILLING_NOTE = "Self-billing: this statement is the partner's invoice, made by its customer."


def _draft(
    run: RunInput,
    terms: Terms,
    kind: str,
    issuer: str,
    rows: Iterable[DraftLine],
    *,
    keep: Keep = tuple,
    customer_id: str | None = None,
    shadow_minor: int = 0,
    share_minor: int = 0,
    statement: StatementTotals | None = None,
    taxes: tuple[TaxLine, ...] = (),
    currency: str = "",
    notes: Sequence[str] = (),
) -> Draft:
    lines = keep(replace(row, position=number) for number, row in enumerate(rows, 1))
    net = sum(row.amount_minor for row in lines)
    if net < 0 and kind != PAYOUT_STATEMENT:
        kind = CREDIT_NOTE
    notes = [*notes, *((_POC_NOTE,) if shadow_minor else ())]
    if any(row.kind == SHARE for row in lines):
        notes.append(_SHARE_NOTE)
    if kind == PAYOUT_STATEMENT and terms.self_billing:
        notes.append(_SELF_BILLING_NOTE)
    return Draft(
        kind=kind,
        issuer=issuer,
        customer_id=customer_id,
        currency=currency or terms.currency,
        period=run.period,
        lines=lines,
        net_minor=net,
        taxes=taxes,
        gross_minor=net + sum(tax.amount_minor for tax in taxes),
        shadow_minor=shadow_minor,
        statement=statement,
        terms_kind=terms.kind,
        collects=terms.collects,
        principal=terms.principal,
        payment_days=terms.payment_days,
        partner_share_minor=share_minor,
        notes=tuple(notes),
    ).check()


def _shadow(lines: Sequence[RatedLine] | Sequence[DraftLine]) -> int:
    return -sum(line.amount_minor for line in lines if line.kind == POC_DISCOUNT)


def _customer_invoices(
    run: RunInput,
    terms_of: dict[str, Terms],
    lines: Sequence[RatedLine],
    shares: Sequence[CustomerShare],
) -> list[Draft]:
    found: dict[tuple[str, str], list[RatedLine]] = {}
    for line in lines:
        terms = terms_of[line.version_id]
        if terms.sales != PORTAL:
            continue
        if line.payer == CUSTOMER and line.customer_id and line.shown:
            found.setdefault((line.customer_id, terms.collects), []).append(line)
    ours: dict[str, int] = {}
    for share in shares:
        if share.collects == PLATFORM and not share.key.startswith(COLLECTED_KEY):
            ours[share.customer_id] = ours.get(share.customer_id, 0) + share.delta_partner_minor
    currencies = {row.customer_id: row.currency for row in run.rows if row.currency}
    return [
        _customer_invoice(
            run,
            terms_of[own[-1].version_id],
            issuer,
            own,
            ours.get(customer_id, 0) if issuer == PLATFORM else 0,
            currencies.get(customer_id, ""),
        )
        for (customer_id, issuer), own in found.items()
    ]


def _customer_invoice(
    run: RunInput,
    terms: Terms,
    issuer: str,
    own: Sequence[RatedLine],
    share_minor: int,
    currency: str,
) -> Draft:
    rate = exchange(run, terms.currency, currency or terms.currency)
    if rate and issuer == PLATFORM and not terms.principal:
        raise ForeignCurrency(
            Said(
                "As an agent we owe the partner its part of the invoice itself: customer "
                "%(customer)s is to be billed in %(currency)s, not %(other)s.",
                customer=f"{own[0].external_id!r}",
                currency=terms.currency,
                other=currency,
            )
        )
    rows = converted_rows(own, rate) if rate else [charge_row(line) for line in own]
    draft = _draft(
        run,
        terms,
        CUSTOMER_INVOICE,
        issuer,
        rows,
        customer_id=own[0].customer_id,
        shadow_minor=_shadow(rows),
        share_minor=share_minor,
        currency=currency,
        notes=(rate.note,) if rate else (),
    )
    return with_party_tax(run, draft, terms, own)


def _shares_of(
    side: str,
    terms_of: dict[str, Terms],
    lines: Sequence[RatedLine],
    shares: Sequence[CustomerShare],
) -> list[DraftLine]:
    order = {line.customer_id: number for number, line in reversed(list(enumerate(lines)))}
    shown = shared_lines(lines)
    rows: list[DraftLine] = []
    for share in sorted(shares, key=lambda s: (order.get(s.customer_id, 0), s.version_id)):
        ours = (share.collects == PLATFORM) == (side == PARTNER)
        if ours and not share.key.startswith(COLLECTED_KEY):
            own = shown.get((share.customer_id, share.version_id), ())
            rows += share_rows(own, share, side, terms_of[share.version_id].share_reason)
    return rows


class PartnerRows:
    """The rows of the partner's documents that name customers, collected part by part.

    `share`: a side's share by customer and line; `shadow`: what a proof of concept would have cost,
    by who collects, with its sum in `shadow_minor`.
    """

    def __init__(self, keep: Keep = tuple) -> None:
        self.keep = keep
        self.share: dict[str, list[Sequence[DraftLine]]] = {PLATFORM: [], PARTNER: []}
        self.shadow: dict[str, list[Sequence[DraftLine]]] = {PLATFORM: [], PARTNER: []}
        self.shadow_minor = {PLATFORM: 0, PARTNER: 0}

    def add(
        self,
        groups: Sequence[Group],
        lines: Sequence[RatedLine],
        shares: Sequence[CustomerShare],
    ) -> None:
        """Keep the rows of some customers; `lines` in their order."""
        terms_of = _terms_of(groups)
        for side, kept in self.share.items():
            if rows := _shares_of(side, terms_of, lines, shares):
                kept.append(self.keep(rows))
        resold = [line for line in lines if terms_of[line.version_id].collects == PARTNER]
        paying = [line for line in lines if terms_of[line.version_id].pays_partner]
        for side, own in ((PARTNER, resold), (PLATFORM, paying)):
            self.shadow_minor[side] += _shadow(own)
            if rows := shadow_rows(own):
                self.shadow[side].append(self.keep(rows))


def _terms_of(groups: Sequence[Group]) -> dict[str, Terms]:
    return {group.version_id: group.terms for group in groups}


def _partner_invoice(
    run: RunInput, terms: Terms, lines: Sequence[RatedLine], kept: PartnerRows
) -> list[Draft]:
    own = [line for line in lines if line.shown]
    share, resold = kept.share[PLATFORM], kept.shadow[PARTNER]
    if not (own or share or resold):
        return []
    notes: tuple[str, ...] = ()
    if terms.sales == REPORTED and share:
        notes = (_REPORTED_NOTE if run.sales_report else _ESTIMATE_NOTE,)
    rows = chain(map(charge_row, own), *share, *resold)
    shadow = _shadow(own) + kept.shadow_minor[PARTNER]
    draft = _draft(
        run,
        terms,
        PARTNER_INVOICE,
        PLATFORM,
        rows,
        keep=kept.keep,
        shadow_minor=shadow,
        notes=notes,
    )
    return [with_party_tax(run, draft, terms, own)]


def _payout_statement(
    run: RunInput,
    terms: Terms,
    shares: Sequence[CustomerShare],
    kept: PartnerRows,
    owed_minor: int,
    is_first: bool,
) -> list[Draft]:
    collected = collected_rows(run, shares, terms.currency)
    carried_over = carried_rows(run, terms.currency)
    # A first run always states the balances, so that closing and opening meet month by month.
    share, shadow = kept.share[PARTNER], kept.shadow[PLATFORM]
    if not (share or shadow or collected or carried_over or is_first):
        return []
    earned = sum(row.amount_minor for row in chain(*share, collected))
    fees = -sum(row.amount_minor for row in collected if row.kind == FEES)
    on_time, late = (earned + fees, 0) if is_first else (0, earned + fees)
    carried = sum(item.amount_minor for item in run.carried)
    taxes, notes = statement_taxes(run, terms, earned, carried)
    totals = statement_totals(
        run.opening_minor,
        run.paid_minor,
        on_time,
        terms.min_payout_minor,
        late + carried,
        sum(tax.amount_minor for tax in taxes),
        owed_minor if terms.netting else 0,
        fees,
    )
    return [
        _draft(
            run,
            terms,
            PAYOUT_STATEMENT,
            PLATFORM,
            chain(*share, collected, *shadow, carried_over),
            keep=kept.keep,
            statement=totals,
            shadow_minor=kept.shadow_minor[PLATFORM],
            share_minor=earned,
            taxes=taxes,
            notes=notes,
        )
    ]


def customer_drafts(
    run: RunInput,
    groups: Sequence[Group],
    lines: Sequence[RatedLine],
    shares: Sequence[CustomerShare],
) -> tuple[Draft, ...]:
    """The invoices of some customers; `lines` in their order.

    An adjustment run shows only what changed. Raises InvariantBroken when a draft does not sum.
    """
    return tuple(_customer_invoices(run, _terms_of(groups), lines, shares))


def partner_drafts(
    run: RunInput,
    groups: Sequence[Group],
    lines: Sequence[RatedLine],
    shares: Sequence[CustomerShare],
    kept: PartnerRows,
    is_first: bool,
) -> tuple[Draft, ...]:
    """The partner invoice, then the payout statement: its own `lines`, `shares` of money received,
    and what was `kept` of its customers. `is_first`: the period has no earlier run. Raises
    InvariantBroken when a draft does not sum.
    """
    terms = list(_terms_of(groups).values())
    owed = _partner_invoice(run, terms[-1], lines, kept)
    paying = [one for one in terms if one.pays_partner]
    if not (paying or _is_open(run, shares)):
        return tuple(owed)
    owed_minor = sum(draft.gross_minor for draft in owed)
    agreed = paying[-1] if paying else replace(terms[-1], min_payout_minor=0, netting=False)
    return (*owed, *_payout_statement(run, agreed, shares, kept, owed_minor, is_first))


def _is_open(run: RunInput, shares: Sequence[CustomerShare]) -> bool:
    """Earlier terms paid the partner, and something of that is left: it is stated until it is 0.

    Nothing is added to it any more, so no minimum payout holds it back.
    """
    return bool(run.opening_minor - run.paid_minor or run.carried or shares)
