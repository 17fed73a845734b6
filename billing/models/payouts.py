"""Money that goes to partners: where to, how much for which statements, and every step of it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from billing.models.agreements import Agreement
from billing.models.base import FrozenRow, PartnerRow
from billing.models.documents import Document


class PayoutDetails(FrozenRow):
    """Where a partner wants its money: a new row for each change. The account itself is sealed.

    `masked` is what pages show. `hold_until` is counted from the second owner's approval.
    """

    class Kind(models.TextChoices):
        BANK = "bank"
        STRIPE = "stripe"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    holder = models.CharField(max_length=140)
    masked = models.CharField(max_length=60)
    sealed = models.BinaryField()
    bic = models.CharField(max_length=11, blank=True, default="")
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["-asked_at", "-id"]


class PayoutDetailsDecision(FrozenRow):
    """A second owner's word on a change of details; `usable_from` is the end of the hold."""

    details = models.OneToOneField(PayoutDetails, models.PROTECT, related_name="decision")
    approved = models.BooleanField()
    decided_by = models.CharField(max_length=254)
    decided_at = models.DateTimeField()
    usable_from = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved=True, usable_from__gte=F("decided_at"))
                | Q(approved=False, usable_from=None),
                name="approved_details_have_a_hold",
            ),
        ]


class Payout(PartnerRow):
    """One transfer to a partner; `billing.rules.payouts` says what may follow."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="payouts")
    details = models.ForeignKey(PayoutDetails, models.PROTECT, null=True, related_name="payouts")
    reference = models.CharField(max_length=35, unique=True)
    method = models.CharField(max_length=10)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, default="pending", db_index=True)
    reason = models.TextField(blank=True, default="")
    prepared_by = models.CharField(max_length=254)
    prepared_at = models.DateTimeField()
    approved_by = models.CharField(max_length=254, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    remote_id = models.CharField(max_length=80, blank=True, default="")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-prepared_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_is_positive"),
            models.CheckConstraint(
                condition=Q(approved_by="") | ~Q(approved_by=F("prepared_by")),
                name="payout_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=Lower("approved_by"), prepared_by=Lower("prepared_by")),
                name="payout_people_in_lower_case",
            ),
        ]


class PayoutClaim(PartnerRow):
    """A statement a payout pays: at most one payout at a time holds it, and frees it once."""

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="claims")
    document = models.ForeignKey(Document, models.PROTECT, related_name="payout_claims")
    amount_minor = models.BigIntegerField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=Q(released_at=None), name="statement_claimed_once"
            ),
            models.UniqueConstraint(fields=["payout", "document"], name="payout_claims_once"),
        ]


class PayoutEvent(FrozenRow):
    """What happened to a payout, by whom and why: append-only."""

    payout = models.ForeignKey(Payout, models.PROTECT, related_name="events")
    step = models.PositiveIntegerField()
    state = models.CharField(max_length=10)
    actor = models.CharField(max_length=254)
    reason = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["step"]
        constraints = [models.UniqueConstraint(fields=["payout", "step"], name="payout_event_step")]
