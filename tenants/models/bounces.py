"""Addresses that take no mail."""

from django.db import models

from tenants.models.partners import Partner
from tenants.rules.bounces import LONGEST_ADDRESS, LONGEST_REASON
from tenants.rules.ids import uuid7


class BouncedAddress(models.Model):
    """An address that a partner's mail came back from for good; `status` as RFC 3463 has them.

    The row goes when somebody wants mails to be sent there again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="bounces")
    address = models.CharField(max_length=LONGEST_ADDRESS)
    status = models.CharField(max_length=11)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True, default="")
    bounced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "address"], name="one_bounce_each")
        ]
