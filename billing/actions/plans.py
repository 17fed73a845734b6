"""Plans: draft one, publish a version from a month on, move customers, set their quotas.

A customer stays on the version it was put on until somebody moves it. Everything here runs in the
partner's own schema, whose customers have the quotas.
"""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from billing.actions.rate_cards import publish_rate_version, refuse_settled
from billing.models import Plan, PlanAssignment, PlanVersion, RateCard
from billing.queries.plans import in_force, moves_due, moves_of
from billing.rules.money import exponent
from billing.rules.periods import month_of
from billing.rules.plans import BadPlan, Offer, offer_json, parse_offer, rates_of
from cache_api.actions.entitle import set_quota
from cache_api.models import Customer
from cache_api.rules.bulk import Outcome
from tenants import audit
from tenants.gateways.turns import wait_in_line
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said

LONGEST_NAME = 80
MOST_PLANS = 50
GONE = Said("This customer does not exist.")


def create_plan(
    *, partner_id: uuid.UUID, name: str, currency: str, offer: Offer, actor: str, now: datetime
) -> Plan:
    """A plan with a draft; nobody pays by it yet. Raises BadPlan, BadMoney.

    Safe to repeat: a name that is taken is refused.
    """
    exponent(currency)
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadPlan(
            Said(
                "A plan's name has 1 to %(longest_name)s printable characters.",
                longest_name=LONGEST_NAME,
            )
        )
    with transaction.atomic():
        wait_in_line(f"plans {partner_id}")
        own = RateCard.objects.filter(partner_id=partner_id)
        if own.filter(name__iexact=name).exists():
            raise BadPlan(
                Said(
                    "There is a plan %(name)s already. Change that one, or choose a name.",
                    name=name,
                )
            )
        if own.count() >= MOST_PLANS:
            raise BadPlan(
                Said(
                    "At most %(most_plans)s plans. Publish a new version of one instead.",
                    most_plans=MOST_PLANS,
                )
            )
        card = RateCard(partner_id=partner_id, name=name, currency=currency,
                        audience=RateCard.Audience.PARTNER, created_at=now)  # fmt: skip
        card.code = f"plan-{card.pk.hex}"
        card.save()
        plan = Plan.objects.create(partner_id=partner_id, card=card, created_at=now,
                                   draft=_checked(offer))  # fmt: skip
        audit.record(actor=actor, verb="plan.created", target=name, at=now, partner_id=partner_id,
                     data=plan.draft)  # fmt: skip
    return plan


def change_draft(
    *, plan_id: uuid.UUID, offer: Offer | None, actor: str, now: datetime, seen: str | None = None
) -> bool:
    """What the next version shall offer (None: no draft); whether it changed. Safe to repeat.

    `seen` is the mark of the plan that the editor saw. Raises BadPlan, ChangedMeanwhile.
    """
    wanted = None if offer is None else _checked(offer)
    with transaction.atomic():
        plan = _locked(plan_id)
        if plan.draft == wanted:
            return False
        _refuse_changed(seen, plan)
        Plan.objects.filter(pk=plan.pk).update(draft=wanted)
        audit.record(actor=actor, verb="plan.drafted", target=plan.card.name, at=now,
                     partner_id=plan.partner_id, data=wanted or {})  # fmt: skip
    return True


def publish_plan(
    *, plan_id: uuid.UUID, starts_at: datetime, actor: str, now: datetime, seen: str | None = None
) -> PlanVersion:
    """The draft as a version that customers can be put on from the first of a month on.

    Customers of earlier versions stay on theirs; `seen` is the mark of the plan that the editor
    saw. Raises BadPlan, TermsInTheWay, ChangedMeanwhile. Safe to repeat: without a draft it is
    refused.
    """
    with transaction.atomic():
        plan = _locked(plan_id)
        if plan.draft is None:
            raise BadPlan(Said("There is no draft to publish. Change the plan first."))
        _refuse_changed(seen, plan)
        _check_start(starts_at, now)
        offer = parse_offer(plan.draft)
        prices = publish_rate_version(card_id=plan.card_id, rates=rates_of(offer),
                                      valid_from=starts_at, actor=actor, now=now)  # fmt: skip
        if hasattr(prices, "plan_version"):
            raise BadPlan(
                Said(
                    "A version begins %(starts_at)s already. Choose a later month.",
                    starts_at=f"{starts_at:%Y-%m-%d}",
                )
            )
        version = PlanVersion.objects.create(partner_id=plan.partner_id, plan=plan, prices=prices,
                                             quota=offer.quota)  # fmt: skip
        Plan.objects.filter(pk=plan.pk).update(draft=None)
        audit.record(actor=actor, verb="plan.published", partner_id=plan.partner_id, at=now,
                     target=f"{plan.card.name} v{prices.number}",
                     data={**offer_json(offer), "from": f"{starts_at:%Y-%m-%d}"})  # fmt: skip
    return version


def _refuse_changed(seen: str | None, plan: Plan) -> None:
    draft = None if plan.draft is None else parse_offer(plan.draft)
    refuse_changed(seen, draft, plan.versions.count())


def move_customer(
    *, partner_id: uuid.UUID, customer_id: uuid.UUID, version_id: uuid.UUID | None,
    starts_at: datetime, actor: str, now: datetime, seen: str | None = None,
) -> bool:  # fmt: skip
    """`move_customers` for one: whether it changed. `seen` is the mark of the moves that the editor
    saw. Raises BadPlan also for a customer that does not exist, ChangedMeanwhile."""
    done = move_customers(partner_id=partner_id, customer_ids=[customer_id], version_id=version_id,
                          starts_at=starts_at, actor=actor, now=now, seen=seen)  # fmt: skip
    if done.refused:
        raise BadPlan(done.refused[0][1])
    return bool(done.changed)


def move_customers(
    *, partner_id: uuid.UUID, customer_ids: Collection[uuid.UUID], version_id: uuid.UUID | None,
    starts_at: datetime, actor: str, now: datetime, only_try: bool = False,
    seen: str | None = None,
) -> Outcome:  # fmt: skip
    """Have customers pay by a version (None: the retail card) from a month on; who was moved.

    Their quotas follow when the month begins, at once where it has. `only_try` does it all and
    takes it back; `seen` is given for one customer alone. Raises BadPlan, TermsInTheWay,
    ChangedMeanwhile. Safe to repeat: what holds in that month already is not written again.
    """
    with transaction.atomic():
        wait_in_line(f"plans {partner_id}")
        names = dict(Customer.objects.filter(pk__in=customer_ids).values_list("pk", "external_id"))
        refused = [(str(one), GONE) for one in customer_ids if one not in names]
        if not names:
            return Outcome(refused=tuple(refused))
        _check_start(starts_at, now)
        version = None if version_id is None else _joinable(partner_id, version_id, starts_at)
        # A move to a later month that was planned before is taken back by this one.
        later = _later(partner_id, list(names), starts_at)
        before = in_force(partner_id, starts_at)
        moving = [one for one in sorted(names) if one in later
                  or (before[one].version_id if one in before else None) != version_id]  # fmt: skip
        if moving:
            refuse_settled(starts_at)
            refuse_changed(seen, moves_of(partner_id, moving[0]))
        PlanAssignment.objects.bulk_create(
            PlanAssignment(partner_id=partner_id, customer_id=one, version=version,
                           starts_at=at, assigned_by=actor, assigned_at=now)
            for one in moving for at in sorted({starts_at, *later.get(one, ())})
        )  # fmt: skip
        for one in moving:
            audit.record(
                actor=actor, verb="customer.plan", target=names[one], at=now, partner_id=partner_id,
                data={"from": f"{starts_at:%Y-%m-%d}", "plan": _name(version)},
            )  # fmt: skip
        set_due_quotas(partner_id=partner_id, now=now)
        transaction.set_rollback(only_try)
    same = tuple(names[one] for one in names if one not in set(moving))
    return Outcome(tuple(names[one] for one in moving), same, tuple(refused))


def set_due_quotas(*, partner_id: uuid.UUID, now: datetime) -> int:
    """Give customers whose plan has begun its quota, once; how many moves were done.

    A quota that somebody changes by hand afterwards stays. Safe to repeat.
    """
    if not moves_due(partner_id, now):
        return 0
    with transaction.atomic():
        wait_in_line(f"quotas {partner_id}")
        due = PlanAssignment.objects.filter(partner_id=partner_id, starts_at__lte=now,
                                            quota_set_at=None)  # fmt: skip
        waiting = set(due.values_list("customer_id", flat=True))
        names = dict(Customer.objects.filter(pk__in=waiting).values_list("pk", "external_id"))
        for customer_id, row in in_force(partner_id, now).items() if waiting else ():
            if customer_id in names:
                set_quota(partner_id=partner_id, external_id=names[customer_id], now=now,
                          quota=row.version.quota if row.version else None,
                          actor=row.assigned_by)  # fmt: skip
        return due.update(quota_set_at=now)


def _later(
    partner_id: uuid.UUID, customer_ids: list[uuid.UUID], at: datetime
) -> dict[uuid.UUID, list[datetime]]:
    """Who has moves planned beyond an instant, and to when."""
    found: dict[uuid.UUID, list[datetime]] = {}
    rows = PlanAssignment.objects.filter(partner_id=partner_id, customer_id__in=customer_ids,
                                         starts_at__gt=at)  # fmt: skip
    for customer_id, starts_at in rows.values_list("customer_id", "starts_at"):
        found.setdefault(customer_id, []).append(starts_at)
    return found


def _check_start(starts_at: datetime, now: datetime) -> None:
    if starts_at != month_of(starts_at).start:
        raise BadPlan(Said("A plan begins on the first of a month, 00:00 UTC."))
    if starts_at < month_of(now).start:
        raise BadPlan(
            Said(
                "%(starts_at)s is over. Choose this month or a later one.",
                starts_at=f"{starts_at:%Y-%m}",
            )
        )


def _joinable(partner_id: uuid.UUID, version_id: uuid.UUID, at: datetime) -> PlanVersion:
    found = PlanVersion.objects.select_related("prices__card").filter(
        pk=version_id, partner_id=partner_id
    )
    version = found.first()
    if version is None:
        raise BadPlan(Said("This plan does not exist."))
    prices = version.prices
    if at < prices.valid_from or (prices.valid_to is not None and at >= prices.valid_to):
        raise BadPlan(
            Said(
                "%(version)s cannot be joined on %(at)s: another version of the plan is in force "
                "then.",
                version=_name(version),
                at=f"{at:%Y-%m-%d}",
            )
        )
    return version


def _name(version: PlanVersion | None) -> str:
    return f"{version.prices.card.name} v{version.prices.number}" if version else ""


def _checked(offer: Offer) -> dict[str, object]:
    return offer_json(parse_offer(offer_json(offer)))


def _locked(plan_id: uuid.UUID) -> Plan:
    plan = Plan.objects.select_for_update(of=("self",)).filter(pk=plan_id).first()
    if plan is None:
        raise BadPlan(Said("This plan does not exist."))
    return plan
