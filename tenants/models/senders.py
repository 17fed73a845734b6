"""Partners' own addresses for mails, with the keys that sign them."""

from django.db import models

from tenants.models.partners import Partner
from tenants.rules.ids import uuid7
from tenants.rules.senders import Sending


class SenderAddress(models.Model):
    """An address that a partner wants its mails to come from; one of a partner's at a time.

    `private_key` is sealed; `public_key` is what DNS must publish under `selector`, which no other
    row has, so that the record proves this partner's wish. `seen` is the last look at DNS.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="senders")
    address = models.CharField(max_length=254)
    domain = models.CharField(max_length=253)
    selector = models.CharField(max_length=40, unique=True)
    public_key = models.TextField()
    private_key = models.BinaryField()
    state = models.CharField(max_length=10, default=Sending.PENDING.value)
    failures = models.IntegerField(default=0)
    tries = models.IntegerField(default=0)
    seen = models.JSONField(null=True, blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True, db_index=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=sorted(map(str, Sending))), name="sender_state_known"
            ),
            models.UniqueConstraint(
                fields=["partner"], condition=~models.Q(state=Sending.ENDED.value),
                name="one_sender_per_partner",
            ),
        ]  # fmt: skip
