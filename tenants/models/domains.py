"""Hosts, the claims that lead to them, and what was seen of their DNS and TLS."""

from collections.abc import Iterable

from django.db import models
from django_tenants.models import DomainMixin

from tenants.models.partners import Partner
from tenants.rules.domain_states import OPEN, SERVED, Cert, Routing
from tenants.rules.ids import uuid7


def _values(states: Iterable[str]) -> list[str]:
    """For constraints, whose migrations name no class."""
    return sorted(map(str, states))


class Domain(DomainMixin):
    """A normalised hostname that is served, as exactly one partner's.

    Until `redirect_until` its pages lead to the partner's primary host.
    """

    redirect_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "tenants_domain"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(is_primary=True), name="one_primary_host"
            )
        ]


class DomainClaim(models.Model):
    """A partner's wish to be served under a host of its own, and how far that is.

    Any number of partners may ask for a name; one of them can prove it, and be served under it.
    `target` is the partner's own CNAME target, `token` what the TXT record must hold: each claim
    has a fresh one. `told` is the last notice mailed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="claims")
    host = models.CharField(max_length=253)
    target = models.CharField(max_length=253)
    token = models.CharField(max_length=80)
    routing = models.CharField(max_length=10, default=Routing.DRAFT.value)
    cert = models.CharField(max_length=10, default=Cert.NONE.value)
    failures = models.IntegerField(default=0)
    tries = models.IntegerField(default=0)
    cert_tries = models.IntegerField(default=0)
    contested = models.BooleanField(default=False)
    cert_issuer = models.CharField(max_length=200, blank=True, default="")
    cert_detail = models.CharField(max_length=300, blank=True, default="")
    cert_not_after = models.DateTimeField(null=True, blank=True)
    told = models.CharField(max_length=20, blank=True, default="")
    share_number = models.IntegerField(default=0)
    shared_until = models.DateTimeField(null=True, blank=True)
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
                condition=models.Q(routing__in=_values(Routing)), name="claim_routing_known"
            ),
            models.CheckConstraint(
                condition=models.Q(cert__in=_values(Cert)), name="claim_cert_known"
            ),
            models.CheckConstraint(
                condition=models.Q(cert=Cert.NONE.value) | models.Q(routing__in=_values(SERVED)),
                name="claim_cert_needs_routing",
            ),
            models.UniqueConstraint(
                fields=["host"], condition=models.Q(routing__in=_values(SERVED)),
                name="one_owner_per_host",
            ),
            models.UniqueConstraint(
                fields=["partner", "host"], condition=models.Q(routing__in=_values(OPEN)),
                name="one_open_claim_per_host",
            ),
        ]  # fmt: skip


class DomainProbe(models.Model):
    """What one look at a claimed host showed. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey(DomainClaim, on_delete=models.CASCADE, related_name="probes")
    partner_id = models.UUIDField()
    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=4)
    seen = models.JSONField()
    verdict = models.CharField(max_length=12)
    routing = models.CharField(max_length=10)
    cert = models.CharField(max_length=10)
