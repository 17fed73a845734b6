"""A partner's share after its month: how it moves, and that the next statement shows it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from billing.models import CarriedItem, Document
from billing.queries.credits import (
    booked_share,
    deductions_of,
    document_taxes,
    line_percents,
    share_bases,
)
from billing.queries.parties import PLATFORM_ISSUER
from billing.rules.credits import ShareMove, share_move
from billing.rules.cycles import round_fraction
from billing.rules.terms import TAX


def share_changes(
    original: Document, taken: Mapping[int, int], tax_minor: int, *, unless: str = ""
) -> dict[str, tuple[uuid.UUID, int]]:
    """share key → (agreement version, shared base) of `taken` (by line position, as charged).

    `tax_minor` (as charged) goes with it where terms share the tax too, by the lines' rates.
    Versions that do not take `unless` off before the share keep theirs. Bases are in the
    agreement's currency, at the rate at which the invoice was converted.
    """
    found = {}
    percents = line_percents(document_taxes(original), taken)
    taxed = sum((amount * percents[at] for at, amount in taken.items()), Fraction(0))
    for key, part in sorted(share_bases(original, taken).items()):
        taken_off, base = deductions_of(part.version_id), part.base_minor
        if unless and unless not in taken_off:
            continue
        if TAX not in taken_off and taxed:
            base += round_fraction(part.taxed * tax_minor / taxed)
        found[key] = part.version_id, base
    return found


def move_shares(
    original: Document, taken: Mapping[int, int], tax_minor: int, *, unless: str = ""
) -> list[ShareMove]:
    """How the shares behind an invoice's lines change when `taken` is not earned."""
    moves = []
    for key, (version_id, base) in share_changes(original, taken, tax_minor, unless=unless).items():
        booked = booked_share(original, key, version_id)
        if booked is not None and base:
            moves.append(share_move(booked, -base))
    return moves


def carry_shares(
    original: Document, cause: Document, moves: Sequence[ShareMove], *, kind: str, source: str,
    description: str, actor: str, now: datetime,
) -> int:  # fmt: skip
    """Keep the moved shares for the next statement; the sum the partner gains (negative: loses)."""
    shown = original.issuer == PLATFORM_ISSUER
    run = original.run
    assert run is not None  # invoices belong to a run; see locked_invoice
    CarriedItem.objects.bulk_create(
        CarriedItem(
            partner_id=original.partner_id, agreement_id=run.agreement_id, document=cause,
            kind=kind, source=f"{source}/{position}", description=description,
            customer_external_id=original.customer_external_id,
            customer_name=original.buyer_name, share_key=move.key,
            period_start=original.period_start, currency=run.currency,
            base_minor=move.base_minor, share_minor=move.partner_minor,
            amount_minor=move.partner_minor if shown else 0, actor=actor, created_at=now,
        )
        for position, move in enumerate(moves, 1)
    )  # fmt: skip
    return sum(move.partner_minor for move in moves) if shown else 0
