"""What a partner says about its company, entry by entry."""

from django.db import models

from tenants.models.partners import Partner
from tenants.rules.ids import uuid7


class CompanyFacts(models.Model):
    """One state of them (`tenants.rules.company.Company`); the highest `number` holds.

    Rows are only ever added, so that a paper's facts can be traced to whoever entered them. The
    legal name is part of the look (`BrandRevision.legal_name`) and stands there alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="company_facts")
    number = models.PositiveIntegerField()
    address = models.TextField(blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    tax_id = models.CharField(max_length=40, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    language = models.CharField(max_length=5, default="en")
    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "number"], name="company_facts_in_order")
        ]
