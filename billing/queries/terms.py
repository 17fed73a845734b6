"""Which terms and prices are in force when: the segments of a period."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.db.models import Prefetch, Q

from billing.models import AgreementVersion, RateCardVersion
from billing.rules.inputs import SegmentTerms
from billing.rules.periods import Period, segments
from billing.rules.rates import RateCard, parse_rate_card
from billing.rules.terms import Terms
from billing.rules.terms_json import parse_terms

Dated = TypeVar("Dated", AgreementVersion, RateCardVersion)


def version_terms(version: AgreementVersion) -> Terms:
    """The stored terms of a version with its components, parsed. Raises BadTerms."""
    components = [{"type": part.kind, **part.terms} for part in version.components.all()]
    return parse_terms({**version.terms, "components": components})


def segment_terms(agreement_id: uuid.UUID, period: Period) -> tuple[SegmentTerms, ...]:
    """The period cut wherever terms, prices or the proof of concept change: four queries.

    Time before the first or after the last version has no segment. Raises BadTerms.
    """
    versions = list(
        AgreementVersion.objects.filter(agreement_id=agreement_id, approved_at__isnull=False)
        .filter(_overlaps(period))
        .prefetch_related("components")
        .order_by("valid_from")
    )
    prices = _prices(versions, period)
    cuts = [
        at
        for version in versions
        for at in (version.valid_from, version.valid_to, version.poc_ends_at)
    ]
    cuts += [
        at
        for card in prices.values()
        for price in card
        for at in (price.valid_from, price.valid_to)
    ]
    parsed = {version.id: version_terms(version) for version in versions}
    cards = {one.id: parsed_card(one) for card in prices.values() for one in card}
    found = []
    for part in segments(period, [at for at in cuts if at is not None]):
        version = _in_force(versions, part.start)
        if version is None:
            continue
        price = _in_force(prices.get(version.retail_card_id, ()), part.start)
        retail = cards[price.id] if price else None
        found.append(SegmentTerms(part, str(version.id), parsed[version.id], retail))
    return tuple(found)


def price_list(card_id: uuid.UUID | None, at: datetime) -> RateCard | None:
    """The prices of a card in force at an instant; None without a card or a version then."""
    versions = RateCardVersion.objects.filter(card_id=card_id, valid_from__lte=at)
    found = _in_force(versions.select_related("card").prefetch_related("rates"), at)
    return parsed_card(found) if found else None


def _overlaps(period: Period) -> Q:
    return Q(valid_from__lt=period.end) & (Q(valid_to=None) | Q(valid_to__gt=period.start))


def _prices(
    versions: list[AgreementVersion], period: Period
) -> dict[uuid.UUID | None, list[RateCardVersion]]:
    cards = {version.retail_card_id for version in versions if version.retail_card_id}
    found: dict[uuid.UUID | None, list[RateCardVersion]] = {}
    rows = (
        RateCardVersion.objects.filter(_overlaps(period), card_id__in=cards)
        .select_related("card")
        .prefetch_related(Prefetch("rates"))
    )
    for row in rows:
        found.setdefault(row.card_id, []).append(row)
    return found


def parsed_card(version: RateCardVersion) -> RateCard:
    """A stored price list as rating reads it; its rates and card should be fetched already."""
    return parse_rate_card({
        "version_id": str(version.id),
        "name": f"{version.card.name} v{version.number}",
        "currency": version.card.currency,
        "rates": [rate.definition for rate in version.rates.all()],
    })  # fmt: skip


def _in_force(rows: Iterable[Dated], at: datetime) -> Dated | None:
    for row in rows:
        if row.valid_from <= at and (row.valid_to is None or at < row.valid_to):
            return row
    return None
