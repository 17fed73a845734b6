"""Card payments that are disputed at the bank, and what that moved at Stripe."""

from django.db import models
from django.db.models import Q

from billing.models.base import FrozenRow, PartnerRow
from billing.models.documents import Document
from billing.models.payments import Payment
from billing.rules.chargebacks import CLOSED


class Chargeback(PartnerRow):
    """One dispute of a card payment, as Stripe last told it. No document: it had paid nothing."""

    remote_id = models.CharField(max_length=80, unique=True)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="chargebacks")
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="chargebacks")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=80, blank=True, default="")
    status = models.CharField(max_length=30, db_index=True)
    answer_by = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="chargeback_is_positive"),
        ]

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to answer or decide."""
        return self.status not in CLOSED


class ChargebackMove(FrozenRow):
    """One movement of the money: negative to the bank, positive back; `fee_minor` went with it.

    `remote_id` is the movement's own at Stripe, so that it is booked once.
    """

    chargeback = models.ForeignKey(Chargeback, models.PROTECT, related_name="moves")
    remote_id = models.CharField(max_length=80, unique=True)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    moved_at = models.DateTimeField()

    class Meta:
        ordering = ["moved_at", "id"]
