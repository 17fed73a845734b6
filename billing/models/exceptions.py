"""The exceptions queue keeps only what no other row says: who looks after one, and what broke."""

from django.db import models

from tenants.rules.ids import uuid7


class ExceptionOwner(models.Model):
    """Who looks after one exception; `key` is the exception's, e.g. "run <id>"."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=160, unique=True)
    owner = models.CharField(max_length=254)
    note = models.TextField(blank=True, default="")
    taken_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.owner} has {self.key}"


class FoundBreach(models.Model):
    """An equation that did not hold when it was last looked at; one row per check and subject."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    check_name = models.CharField(max_length=160)
    partner_slug = models.CharField(max_length=80, blank=True, default="")
    detail = models.TextField()
    digest = models.CharField(max_length=64, unique=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.check_name}: {self.detail}"
