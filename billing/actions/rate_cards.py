"""Price lists: make one, publish a new version of it. Prices are data, never constants here."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from billing.actions.errors import TermsInTheWay
from billing.models import Rate, RateCard, RateCardVersion, SettlementRun
from billing.rules.periods import whole_hour
from billing.rules.rates import dump_rate, parse_rate_card
from tenants import audit
from tenants.rules.sayings import Said


def create_rate_card(
    *, code: str, name: str, currency: str, rates: Sequence[dict[str, Any]], valid_from: datetime,
    actor: str, now: datetime, audience: str = "everyone", partner_id: uuid.UUID | None = None,
) -> RateCard:  # fmt: skip
    """A price list with its first version, valid from a full UTC hour until further notice.

    `rates`: objects as `billing.rules.rates.parse_rate` reads them, prices in major units.
    Without `partner_id` it is the platform's own. Raises BadTerms, BadPeriod.
    Safe to repeat: the code is unique, an existing card is returned unchanged.
    """
    with transaction.atomic():
        card, created = RateCard.objects.get_or_create(
            code=code,
            defaults={"name": name, "currency": currency, "audience": audience,
                      "partner_id": partner_id, "created_at": now},
        )  # fmt: skip
        if created:
            _add_version(card, rates, valid_from, actor, now)
    return card


def publish_rate_version(
    *, card_id: uuid.UUID, rates: Sequence[dict[str, Any]], valid_from: datetime, actor: str,
    now: datetime,
) -> RateCardVersion:  # fmt: skip
    """New prices from a full UTC hour on; the version in force ends there.

    Raises TermsInTheWay when the start does not lie after the last version's, or a month after it
    is settled already. Safe to repeat: the same prices from the same hour return that version.
    """
    with transaction.atomic():
        card = RateCard.objects.get(pk=card_id)
        last = card.versions.select_for_update(of=("self",)).order_by("-number").first()
        if last is None:
            return _add_version(card, rates, valid_from, actor, now)
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
        return _add_version(card, rates, valid_from, actor, now)


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


def _add_version(
    card: RateCard, rates: Sequence[dict[str, Any]], valid_from: datetime, actor: str, now: datetime
) -> RateCardVersion:
    definitions = _dumped(card, rates)
    number = (card.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = RateCardVersion.objects.create(
        card=card, partner_id=card.partner_id, number=number, published_by=actor,
        valid_from=whole_hour(valid_from, "start of the prices"), published_at=now,
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
