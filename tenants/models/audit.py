"""Who did what."""

from django.db import models

from tenants.rules.ids import uuid7


class AuditEntry(models.Model):
    """Who did what to what, when. Append-only: no role may change or delete a row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField(null=True, db_index=True)
    actor = models.CharField(max_length=254)
    verb = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_index=True)
