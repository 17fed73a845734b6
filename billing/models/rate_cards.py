"""Rate cards: named price lists with immutable, dated versions."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from tenants.rules.ids import uuid7


class TsTzRange(Func):
    """`tstzrange(from, to, '[)')`: half-open, an empty end means "until further notice"."""

    function = "TSTZRANGE"


def half_open(start: str, end: str) -> TsTzRange:
    """The range expression used by the no-overlap constraints."""
    return TsTzRange(start, end, RangeBoundary())


class RateCard(models.Model):
    """A price list. Without a partner it is the platform's own; `everyone` may then read it."""

    class Audience(models.TextChoices):
        EVERYONE = "everyone"
        PARTNER = "partner"
        INTERNAL = "internal"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField(null=True, db_index=True)
    code = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    audience = models.CharField(max_length=10, choices=Audience.choices, default="everyone")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class RateCardVersion(models.Model):
    """The prices in force during [valid_from, valid_to). Only the end may move, and only closer.

    The platform's own have the id of the request that two people agreed on, and the database
    compares them with it; `unchecked`: published before it did.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField(null=True, db_index=True)
    card = models.ForeignKey(RateCard, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=254)
    published_at = models.DateTimeField()
    unchecked = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card", "number"], name="rate_version_number"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                name="rate_version_has_a_span",
            ),
            ExclusionConstraint(
                name="rate_versions_do_not_overlap",
                expressions=[
                    ("card", RangeOperators.EQUAL),
                    (half_open("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} v{self.number}"


class Rate(models.Model):
    """The price of one meter. `definition` is what rating reads (`billing.rules.rates`).

    `price` repeats its unit price, in major units of the card's currency.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField(null=True, db_index=True)
    version = models.ForeignKey(RateCardVersion, models.PROTECT, related_name="rates")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=60)
    meter = models.CharField(max_length=40)
    mode = models.CharField(max_length=20)
    price = models.DecimalField(max_digits=20, decimal_places=12)
    definition = models.JSONField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="rate_position"),
            models.UniqueConstraint(fields=["version", "key"], name="rate_key"),
            models.CheckConstraint(condition=Q(price__gte=0), name="rate_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.meter} {self.price}"
