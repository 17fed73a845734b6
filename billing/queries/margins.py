"""Margin per agreement and month: our net of its runs, less its usage at the internal cost card."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Agreement, RateCard, RateCardVersion, SettlementRun
from billing.queries.frozen import attempt_of_result, frozen_rows, snapshot_segments
from billing.queries.terms import parsed_card
from billing.rules.errors import BillingError
from billing.rules.margins import cost_minor, margin_bps
from billing.rules.periods import Period
from billing.rules.rates import RateCard as Card
from billing.rules.runs import PARKED


@dataclass(frozen=True)
class Margin:
    """One agreement in one month, minor units; `cost_minor` is None where `why` says so."""

    agreement_id: uuid.UUID
    code: str
    currency: str
    net_minor: int
    cost_minor: int | None
    margin_minor: int | None
    margin_bps: int | None
    why: str = ""


def margins(period: Period) -> list[Margin]:
    """A row per agreement with rated runs in the month, by code (console).

    Cost is by the internal card in force when each part of the month began. Five queries, and two
    per agreement.
    """
    card = RateCard.objects.filter(audience=RateCard.Audience.INTERNAL).order_by("code").first()
    rows = RateCardVersion.objects.filter(card=card).select_related("card")
    versions = list(rows.prefetch_related("rates")) if card else []
    cards = [(version, parsed_card(version)) for version in versions]
    runs: dict[uuid.UUID, list[SettlementRun]] = {}
    found = (
        SettlementRun.objects.filter(period_start=period.start, period_end=period.end)
        .exclude(currency="").exclude(state=PARKED).order_by("opened_at", "id")
    )  # fmt: skip
    for run in found:
        runs.setdefault(run.agreement_id, []).append(run)
    agreements = Agreement.objects.filter(pk__in=runs).order_by("code")
    return [_margin(agreement, runs[agreement.id], cards) for agreement in agreements]


def _margin(
    agreement: Agreement, runs: Sequence[SettlementRun],
    cards: Sequence[tuple[RateCardVersion, Card]],
) -> Margin:  # fmt: skip
    net, currency = sum(run.net_minor for run in runs), runs[-1].currency
    try:
        cost = _cost(runs[-1], currency, cards)
    except BillingError as error:
        return Margin(agreement.id, agreement.code, currency, net, None, None, None, str(error))
    return Margin(
        agreement.id, agreement.code, currency, net, cost, net - cost, margin_bps(net, cost)
    )


def _cost(run: SettlementRun, currency: str, cards: Sequence[tuple[RateCardVersion, Card]]) -> int:
    """The last run of a month froze the whole month's usage."""
    attempt = attempt_of_result(run)
    rows = frozen_rows(run, attempt)
    parts = []
    for segment in snapshot_segments(run, attempt):
        own = [row for row in rows if row.segment == segment.index]
        in_force = [
            card for version, card in cards
            if version.valid_from <= segment.start
            and (version.valid_to is None or segment.start < version.valid_to)
        ]  # fmt: skip
        if own and not in_force:
            raise BillingError("No internal cost card is in force. Publish one, then look again.")
        if own and in_force[0].currency != currency:
            raise BillingError(
                f"The internal cost card is in {in_force[0].currency}, not {currency}."
            )
        if own:
            parts.append((in_force[0].rates, own))
    return cost_minor(parts, currency)
