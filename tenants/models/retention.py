"""How long a partner wants cached answers kept, its own and of single customers, entry by entry."""

from django.db import models

from tenants.models.partners import Partner
from tenants.rules.ids import uuid7


class Retention(models.Model):
    """At most `hours` for an answer that is stored from now on; the highest `number` holds.

    `customer`: the partner's id of the customer it is about, '' for all of them; `hours` None: that
    one as all of them. Rows are only ever added, so that it can be told what held when an answer
    was stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="retentions")
    customer = models.TextField(blank=True, default="")
    number = models.PositiveIntegerField()
    hours = models.PositiveIntegerField(null=True)
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "customer", "number"], name="retentions_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(hours__gte=1, hours__lte=720), name="retention_within_bounds"
            ),
            models.CheckConstraint(
                condition=~models.Q(customer="") | models.Q(hours__isnull=False),
                name="retention_of_all_is_said",
            ),
        ]
