"""Any past period again under other terms, and why a month differs: reads only, books nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from billing.models import Agreement, RateCardVersion, RunSnapshot, SettlementRun
from billing.queries.frozen import frozen_input
from billing.queries.gathering import gather
from billing.queries.terms import parsed_card
from billing.rules.bridge import Bridge, bridge
from billing.rules.inputs import RunInput, check_run_input
from billing.rules.periods import Period, previous_month
from billing.rules.planning.what_if import Changes, WhatIf, what_if
from billing.rules.rates import RateCard
from tenants.models import Partner
from tenants.schema import in_partner


@dataclass(frozen=True)
class PeriodInput:
    """What a period was (or would be) rated from; `frozen` when a run has settled on it."""

    agreement: Agreement
    partner: Partner
    run_input: RunInput
    frozen: bool


def period_input(agreement_id: uuid.UUID, period: Period) -> PeriodInput:
    """The frozen input of the period's run, else its usage and terms as they are now (console).

    Raises BadRunInput when no terms are in force in the period.
    """
    agreement = Agreement.objects.get(pk=agreement_id)
    partner = Partner.objects.get(pk=agreement.partner_id)
    run = _run(agreement_id, period)
    if run is not None:
        return PeriodInput(agreement, partner, frozen_input(run), True)
    with in_partner(partner):
        found = gather(agreement, period)
    check_run_input(found.run_input)
    return PeriodInput(agreement, partner, found.run_input, False)


def re_rate(found: PeriodInput, changes: Changes) -> WhatIf:
    """The period under other terms or prices. Raises BillingError naming what does not fit."""
    card = _public_card(found.run_input)
    return what_if(found.run_input, changes, partner_kind=found.partner.kind, card=card)


def difference_to_last_month(run: SettlementRun) -> Bridge | None:
    """Why the run's month differs from the month before of the same agreement.

    None for the first month, and while one of both is not frozen yet.
    """
    before = _run(run.agreement_id, previous_month(Period(run.period_start, run.period_end)))
    if before is None or not _is_frozen(run):
        return None
    return bridge(frozen_input(before), frozen_input(run))


def difference_of_preview(agreement_id: uuid.UUID, period: Period) -> Bridge | None:
    """The same for a month that may still be running, as a preview would rate it (console)."""
    before = _run(agreement_id, previous_month(period))
    if before is None:
        return None
    return bridge(frozen_input(before), period_input(agreement_id, period).run_input)


def _run(agreement_id: uuid.UUID, period: Period) -> SettlementRun | None:
    run = SettlementRun.objects.filter(
        agreement_id=agreement_id, period_start=period.start, period_end=period.end,
        kind=SettlementRun.Kind.REGULAR, sequence=1,
    ).first()  # fmt: skip
    return run if run is not None and _is_frozen(run) else None


def _is_frozen(run: SettlementRun) -> bool:
    return RunSnapshot.objects.filter(run=run, attempt=run.attempt).exists()


def _public_card(run: RunInput) -> RateCard | None:
    """Our retail prices at the period's start in its currency: for kinds that had none so far."""
    version = (
        RateCardVersion.objects.filter(
            card__partner_id=None, card__audience="everyone", valid_from__lte=run.period.start,
            card__currency=run.segments[-1].terms.currency,
        )
        .select_related("card")
        .prefetch_related("rates")
        .order_by("-valid_from")
        .first()
    )  # fmt: skip
    return parsed_card(version) if version else None
