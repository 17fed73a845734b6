"""The live scenario: our revenue from signed agreements and the last months' rated lines.

The one source of ARR, the partners' part of it and revenue per partner (console scope).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, Sum

from billing.models import AgreementVersion, CustomerShare, RatedLine, SettlementRun
from billing.queries.terms import version_terms
from billing.rules.lines import BASE_FEE, MINIMUM, PLAN_FEE
from billing.rules.planning.metrics import DIRECT, PARTNER, RevenueLine, annualised
from billing.rules.planning.scenario import Scenario
from billing.rules.planning.targets import CLOUD, LLM
from billing.rules.terms import BaseFee
from tenants.models import Partner
from tenants.rules.sayings import Said

MONTHS = 3
FEES, USAGE = "fees", "usage"
_MODEL_HOUSES = ("openai", "anthropic")
_FEE_KINDS = (BASE_FEE, PLAN_FEE, MINIMUM)


@dataclass(frozen=True)
class Live:
    """`months`: starts of the issued months the lines rest on, oldest first; `shadow_minor`: what
    usage in proofs of concept was worth at list price in a year (no part of ARR)."""

    scenario: Scenario
    months: tuple[datetime, ...]
    shadow_minor: int


def live_scenario(now: datetime, currency: str = "USD") -> Live:
    """The channel at `now` in one currency, annualised from its last issued months (at most 3).

    Six queries. What is ours: everything earned in those months less the partners' shares; fees
    count in the month they are earned. A signed partner without an issued month counts its yearly
    base fee.
    """
    months = _months(now, currency)
    partners = {row.id: row for row in Partner.objects.all()}
    sums = _earned(months, currency)
    signed = _signed(now, currency)
    lines = list(_lines(sums, signed, partners, len(months)))
    scenario = Scenario("live", Said("Live"), "", currency, tuple(lines))
    shadow = SettlementRun.objects.filter(**_issued(months, currency)).aggregate(
        sum=Sum("shadow_minor")
    )["sum"]
    return Live(scenario, months, annualised(int(shadow or 0), len(months)))


def partner_arr(partner_id: uuid.UUID, now: datetime, currency: str) -> int | None:
    """One partner's part of the ARR of `live_scenario`, in minor units; None without terms in force
    in this currency. Six queries (console)."""
    signed = _signed(now, currency)
    if partner_id not in signed:
        return None
    months = _months(now, currency)
    sums = _earned(months, currency, partner_id=partner_id)
    partners = {partner_id: Partner.objects.get(pk=partner_id)}
    lines = _lines(sums, {partner_id: signed[partner_id]}, partners, len(months))
    return sum(line.yearly_minor for line in lines)


def _issued(months: tuple[datetime, ...], currency: str) -> dict[str, Any]:
    return {"period_start__in": months, "currency": currency, "issued_at__isnull": False}


def _months(now: datetime, currency: str) -> tuple[datetime, ...]:
    """The last months of which every run is issued."""
    rows = (
        SettlementRun.objects.filter(period_end__lte=now, currency=currency)
        .values("period_start")
        .order_by("-period_start")
    )
    waiting = set(rows.filter(issued_at=None).values_list("period_start", flat=True))
    known = list(rows.distinct().values_list("period_start", flat=True)[: MONTHS + len(waiting)])
    return tuple(sorted([at for at in known if at not in waiting][:MONTHS]))


def _earned(
    months: tuple[datetime, ...], currency: str, **whose: uuid.UUID
) -> dict[tuple[uuid.UUID, str], int]:
    """(partner, fees or usage) → what is ours of these months."""
    of = whose | {f"run__{name}": value for name, value in _issued(months, currency).items()}
    sums: dict[tuple[uuid.UUID, str], int] = defaultdict(int)
    rows = RatedLine.objects.filter(attempt=F("run__attempt"), **of)
    for row in rows.values("partner_id", "kind").annotate(sum=Sum("earned_minor")).order_by():
        sums[row["partner_id"], FEES if row["kind"] in _FEE_KINDS else USAGE] += int(row["sum"])
    shares = CustomerShare.objects.filter(attempt=F("run__attempt"), **of)
    for own in shares.values("partner_id").annotate(sum=Sum("delta_partner_minor")).order_by():
        sums[own["partner_id"], USAGE] -= int(own["sum"])
    return sums


def _signed(now: datetime, currency: str) -> dict[uuid.UUID, int]:
    """Partner with an approved version in force → its yearly base fee."""
    rows = AgreementVersion.objects.filter(
        Q(valid_to=None) | Q(valid_to__gt=now), valid_from__lte=now, approved_at__isnull=False,
        currency=currency,
    ).prefetch_related("components")  # fmt: skip
    return {
        row.partner_id: sum(
            part.yearly_minor for part in version_terms(row).components if isinstance(part, BaseFee)
        )
        for row in rows
    }


def _lines(
    sums: Mapping[tuple[uuid.UUID, str], int], signed: Mapping[uuid.UUID, int],
    partners: Mapping[uuid.UUID, Partner], months: int,
) -> Iterable[RevenueLine]:  # fmt: skip
    """What ended is not recurring: only partners with terms in force have lines."""
    for partner_id in sorted(signed, key=lambda one: partners[one].name):
        partner = partners[partner_id]
        house = partner.kind == Partner.Kind.DIRECT
        amounts = [
            (what, annualised(sums[partner_id, what], months))
            for what in (FEES, USAGE)
            if sums.get((partner_id, what))
        ]
        if not amounts:
            amounts = [(FEES, signed[partner_id])]
        for number, (what, amount) in enumerate(amounts):
            yield RevenueLine(
                label=partner.name, channel=DIRECT if house else PARTNER, count=1,
                each_minor=amount, partners=int(not house and number == 0),
                brings=_brings(partner), source=what,
            )  # fmt: skip


def _brings(partner: Partner) -> tuple[str, ...]:
    if partner.kind == Partner.Kind.CLOUD:
        return (CLOUD,)
    return (LLM,) if any(name in partner.slug for name in _MODEL_HOUSES) else ()
