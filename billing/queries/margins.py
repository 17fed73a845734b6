"""Margin per agreement and month: our net of its runs, less its usage at the internal cost card."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Agreement, RateCard, RateCardVersion, SettlementRun
from billing.queries.frozen import attempt_input, attempt_of_result
from billing.queries.hours import run_parts
from billing.queries.terms import parsed_card
from billing.rules.errors import BillingError
from billing.rules.margins import CostPrices, cost_cuts, cost_minor, margin_bps
from billing.rules.periods import Period
from billing.rules.runs import PARKED
from tenants.models import Partner
from tenants.schema import in_partner


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


def margins(period: Period, partner_id: uuid.UUID | None = None) -> list[Margin]:
    """A row per agreement with rated runs in the month, by code; of one partner or all (console).

    Cost is by the internal prices in force in each hour. Five queries, and two per agreement; some
    more where these prices change inside the month.
    """
    card = RateCard.objects.filter(audience=RateCard.Audience.INTERNAL).order_by("code").first()
    rows = RateCardVersion.objects.filter(card=card).select_related("card")
    versions = list(rows.prefetch_related("rates")) if card else []
    prices = [CostPrices(parsed_card(one), one.valid_from, one.valid_to) for one in versions]
    runs: dict[uuid.UUID, list[SettlementRun]] = {}
    found = (
        SettlementRun.objects.filter(period_start=period.start, period_end=period.end,
                                     **({"partner_id": partner_id} if partner_id else {}))
        .exclude(currency="").exclude(state=PARKED).order_by("opened_at", "id")
    )  # fmt: skip
    for run in found:
        runs.setdefault(run.agreement_id, []).append(run)
    agreements = Agreement.objects.filter(pk__in=runs).order_by("code")
    return [_margin(agreement, runs[agreement.id], prices) for agreement in agreements]


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


def margins_by_partner(period: Period, partner_id: uuid.UUID | None = None) -> list[PartnerMargin]:
    """The month's margins, a group per partner and currency; see `margins`."""
    groups: dict[tuple[uuid.UUID, str], list[Margin]] = {}
    for row in margins(period, partner_id):
        groups.setdefault((row.partner_id, row.currency), []).append(row)
    return [PartnerMargin(partner, currency, tuple(rows))
            for (partner, currency), rows in groups.items()]  # fmt: skip


def _margin(
    agreement: Agreement, runs: Sequence[SettlementRun], prices: Sequence[CostPrices]
) -> Margin:
    currency, cost, why = runs[-1].currency, None, ""
    charged = sum(run.gross_minor - run.tax_minor for run in runs)
    share, net = sum(run.share_minor for run in runs), sum(run.net_minor for run in runs)
    try:
        cost = _cost(runs[-1], currency, prices)
    except BillingError as error:
        why = str(error)
    return Margin(
        agreement_id=agreement.id, code=agreement.code, name=agreement.name,
        partner_id=agreement.partner_id, currency=currency, charged_minor=charged,
        share_minor=share, net_minor=net, cost_minor=cost,
        margin_minor=None if cost is None else net - cost,
        margin_bps=None if cost is None else margin_bps(net, cost), why=why,
    )  # fmt: skip


def _cost(run: SettlementRun, currency: str, prices: Sequence[CostPrices]) -> int:
    """The last run of a month froze the whole month's usage."""
    attempt = attempt_of_result(run)
    frozen = attempt_input(run, attempt)
    spans = [part.segment for part in frozen.segments]
    begins = {span.index: span.start for span in spans}
    used = [(begins[row.segment], row) for row in frozen.rows]
    if cuts := cost_cuts(prices, spans):
        with in_partner(Partner.objects.get(pk=run.partner_id)):
            used = run_parts(run, attempt, frozen, cuts)
    return cost_minor(prices, spans, used, frozen.period, currency)
