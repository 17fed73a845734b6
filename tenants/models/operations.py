"""What the console's operations pages write down: switches, failed jobs, looks at portals."""

from django.db import models

from tenants.models.partners import Partner
from tenants.rules.ids import uuid7
from tenants.rules.switches import KINDS, REASON_LENGTH


class Switch(models.Model):
    """Something that is turned off for a while, why, by whom. `partner` null means everybody.

    In force while `ended_at` is null and `until` is not over. Rows end, nothing else changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, blank=True)
    region = models.CharField(max_length=31, blank=True, default="")
    reason = models.CharField(max_length=REASON_LENGTH)
    set_by = models.CharField(max_length=254)
    set_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=sorted(KINDS)),
                                   name="switch_kind_known"),
            models.UniqueConstraint(
                fields=["kind", "partner", "region"], nulls_distinct=False,
                condition=models.Q(ended_at__isnull=True), name="one_switch_in_force",
            ),
        ]  # fmt: skip


class FailedJob(models.Model):
    """A background job that failed and has not succeeded since: one row a task and its arguments.

    `queued_again_at`: when a person sent it once more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.CharField(max_length=80)
    kwargs = models.JSONField(default=dict)
    partner_id = models.UUIDField(null=True, blank=True)
    error = models.CharField(max_length=500)
    failures = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    queued_again_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "kwargs"], name="one_failed_job")]


class SupportLook(models.Model):
    """A look of AgentCache's staff at a partner's portal: read-only, with a reason, for a while.

    `ticket_sha256` opens it once, on the partner's host, within a minute.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT)
    viewer = models.CharField(max_length=254)
    reason = models.CharField(max_length=REASON_LENGTH)
    ticket_sha256 = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    pages = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_how = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["viewer"], name="one_look_a_person",
                                    condition=models.Q(ended_at__isnull=True))
        ]  # fmt: skip
