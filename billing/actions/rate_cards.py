"""Price lists: make one, publish a new version of it. Prices are data, never constants here."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from billing.actions.errors import TermsInTheWay
from billing.models import FinanceRequest, Rate, RateCard, RateCardVersion, SettlementRun
from billing.rules.fields import instant_text
from billing.rules.finance_requests import CALLED, PRICES
from billing.rules.payouts import require_second_person
from billing.rules.periods import whole_hour
from billing.rules.price_lines import written
from billing.rules.rates import dump_rate, parse_rate_card
from tenants import audit
from tenants.rules.ids import uuid7
from tenants.rules.sayings import Said


def create_rate_card(
    *, code: str, name: str, currency: str, rates: Sequence[dict[str, Any]], valid_from: datetime,
    actor: str, now: datetime, audience: str = "everyone", partner_id: uuid.UUID | None = None,
    approved_by: str = "", request: FinanceRequest | None = None,
) -> RateCard:  # fmt: skip
    """A price list with its first version, valid from a full UTC hour until further notice.

    `rates`: objects as `billing.rules.rates.parse_rate` reads them, prices in major units.
    Without `partner_id` it is the platform's own, whose prices take two people: `request`, or
    `approved_by` where both have agreed. Raises BadTerms, BadPeriod, SamePerson.
    Safe to repeat: the code is unique, an existing card is returned unchanged.
    """
    with transaction.atomic():
        card, created = RateCard.objects.get_or_create(
            code=code,
            defaults={"name": name, "currency": currency, "audience": audience,
                      "partner_id": partner_id, "created_at": now},
        )  # fmt: skip
        if created:
            request = request or _agreed(card, rates, valid_from, actor, approved_by, now)
            _add_version(card, rates, valid_from, actor, now, request)
    return card


def publish_rate_version(
    *, card_id: uuid.UUID, rates: Sequence[dict[str, Any]], valid_from: datetime, actor: str,
    now: datetime, approved_by: str = "", request: FinanceRequest | None = None,
) -> RateCardVersion:  # fmt: skip
    """New prices from a full UTC hour on; the version in force ends there.

    The platform's own take two people, as with `create_rate_card`. Raises SamePerson, and
    TermsInTheWay when the start does not lie after the last version's, or a month after it
    is settled already. Safe to repeat: the same prices from the same hour return that version.
    """
    with transaction.atomic():
        card = RateCard.objects.get(pk=card_id)
        last = card.versions.select_for_update(of=("self",)).order_by("-number").first()
        if last is None:
            request = request or _agreed(card, rates, valid_from, actor, approved_by, now)
            return _add_version(card, rates, valid_from, actor, now, request)
        if last.valid_from == valid_from and _definitions(last) == _dumped(card, rates):
            return last
        if valid_from <= last.valid_from:
            raise TermsInTheWay(
                Said(
                    "%(name)s already has prices from %(valid_from)s UTC. Choose a later start.",
                    name=card.name,
                    valid_from=f"{last.valid_from:%Y-%m-%d %H:%M}",
                )
            )
        refuse_settled(valid_from)
        last.valid_to = whole_hour(valid_from, "start of the prices")
        last.save(update_fields=["valid_to"])
        request = request or _agreed(card, rates, valid_from, actor, approved_by, now)
        return _add_version(card, rates, valid_from, actor, now, request)


def refuse_settled(valid_from: datetime) -> None:
    """Raises TermsInTheWay when a month after this instant is issued already."""
    run = SettlementRun.objects.filter(issued_at__isnull=False, period_end__gt=valid_from).first()
    if run is not None:
        raise TermsInTheWay(
            Said(
                "%(period_start)s is issued already; new prices can start from %(period_end)s UTC.",
                period_start=f"{run.period_start:%Y-%m}",
                period_end=f"{run.period_end:%Y-%m-%d %H:%M}",
            )
        )


def _dumped(card: RateCard, rates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    parsed = parse_rate_card(
        {"version_id": "new", "name": card.name, "currency": card.currency, "rates": list(rates)}
    )
    return [dump_rate(rate) for rate in parsed.rates]


def _definitions(version: RateCardVersion) -> list[dict[str, Any]]:
    return [rate.definition for rate in version.rates.all()]


def _agreed(
    card: RateCard, rates: Sequence[dict[str, Any]], valid_from: datetime, actor: str,
    approved_by: str, now: datetime,
) -> FinanceRequest | None:  # fmt: skip
    """The request and its approval in one, where both people have agreed; a partner needs none."""
    if card.partner_id is not None:
        return None
    person, second = actor.strip().lower(), approved_by.strip().lower()
    require_second_person(person, second, CALLED[PRICES])
    facts = price_facts(card, _dumped(card, rates), valid_from)
    return FinanceRequest.objects.create(
        kind=PRICES, facts=facts, asked_by=person, asked_at=now, approved_by=second, decided_at=now,
    )  # fmt: skip


def price_facts(
    card: RateCard, rates: Sequence[dict[str, Any]], valid_from: datetime
) -> dict[str, Any]:
    """What a request for prices says: the list, from when on, and the prices in full."""
    return {
        "code": card.code, "name": card.name, "currency": card.currency,
        "audience": str(card.audience), "valid_from": instant_text(valid_from),
        "prices": written(rates), "rates": list(rates),
    }  # fmt: skip


def _add_version(
    card: RateCard, rates: Sequence[dict[str, Any]], valid_from: datetime, actor: str,
    now: datetime, request: FinanceRequest | None,
) -> RateCardVersion:  # fmt: skip
    definitions = _dumped(card, rates)
    number = (card.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    # Its request's id, by which the database compares them.
    version = RateCardVersion.objects.create(
        id=request.id if request else uuid7(), card=card, partner_id=card.partner_id,
        number=number, published_by=actor, valid_from=whole_hour(valid_from, "start of the prices"),
        published_at=now,
    )  # fmt: skip
    Rate.objects.bulk_create(
        Rate(version=version, partner_id=card.partner_id, position=position, key=item["key"],
             meter=item["meter"], mode=item["mode"], price=item["unit_price"], definition=item)
        for position, item in enumerate(definitions, 1)
    )  # fmt: skip
    audit.record(
        actor=actor, verb="rate_card.published", target=f"{card.code} v{number}", at=now,
        partner_id=card.partner_id, data={"valid_from": valid_from.isoformat()},
    )  # fmt: skip
    return version
