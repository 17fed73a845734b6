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
from tenants.rules.sayings import Said


@dataclass(frozen=True)
class Margin:
    """One agreement in one month, minor units; `cost_minor` is None where `why` says so.

    net = charged − share, margin = net − cost. Charged is without tax.
    """

    agreement_id: uuid.UUID
    code: str
    name: str
    partner_id: uuid.UUID
    currency: str
    charged_minor: int
    share_minor: int
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


@dataclass(frozen=True)
class PartnerMargin:
    """A partner's agreements of a month in one currency, and what they add up to.

    Cost and margin are None as soon as one agreement's cost is unknown.
    """

    partner_id: uuid.UUID
    currency: str
    rows: tuple[Margin, ...]

    def _sum(self, name: str) -> int:
        return sum(getattr(row, name) or 0 for row in self.rows)

    @property
    def charged_minor(self) -> int:
        """Without tax."""
        return self._sum("charged_minor")

    @property
    def share_minor(self) -> int:
        """The partner's."""
        return self._sum("share_minor")

    @property
    def net_minor(self) -> int:
        """Ours: charged less the share."""
        return self._sum("net_minor")

    @property
    def cost_minor(self) -> int | None:
        """At the internal cost card."""
        known = all(row.cost_minor is not None for row in self.rows)
        return self._sum("cost_minor") if known else None

    @property
    def margin_minor(self) -> int | None:
        """Net less cost."""
        return None if self.cost_minor is None else self.net_minor - self.cost_minor

    @property
    def margin_bps(self) -> int | None:
        """Of the net, in basis points."""
        return None if self.cost_minor is None else margin_bps(self.net_minor, self.cost_minor)


def margins_by_partner(period: Period) -> list[PartnerMargin]:
    """The month's margins, a group per partner and currency; see `margins`."""
    groups: dict[tuple[uuid.UUID, str], list[Margin]] = {}
    for row in margins(period):
        groups.setdefault((row.partner_id, row.currency), []).append(row)
    return [PartnerMargin(partner, currency, tuple(rows))
            for (partner, currency), rows in groups.items()]  # fmt: skip


def _margin(
    agreement: Agreement, runs: Sequence[SettlementRun],
    cards: Sequence[tuple[RateCardVersion, Card]],
) -> Margin:  # fmt: skip
    currency, cost, why = runs[-1].currency, None, ""
    charged = sum(run.gross_minor - run.tax_minor for run in runs)
    share, net = sum(run.share_minor for run in runs), sum(run.net_minor for run in runs)
    try:
        cost = _cost(runs[-1], currency, cards)
    except BillingError as error:
        why = str(error)
    return Margin(
        agreement_id=agreement.id, code=agreement.code, name=agreement.name,
        partner_id=agreement.partner_id, currency=currency, charged_minor=charged,
        share_minor=share, net_minor=net, cost_minor=cost,
        margin_minor=None if cost is None else net - cost,
        margin_bps=None if cost is None else margin_bps(net, cost), why=why,
    )  # fmt: skip


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
            raise BillingError(
                Said("No internal cost card is in force. Publish one, then look again.")
            )
        if own and in_force[0].currency != currency:
            raise BillingError(
                Said(
                    "The internal cost card is in %(currency)s, not %(currency2)s.",
                    currency=in_force[0].currency,
                    currency2=currency,
                )
            )
        if own:
            parts.append((in_force[0].rates, own))
    return cost_minor(parts, currency)
