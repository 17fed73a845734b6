"""What we asked of Stripe, what it told us, and where its books and ours differ."""

from django.db import models

from billing.models.base import PartnerRow


class RemoteIntent(PartnerRow):
    """One remote object we want, written down before the first call. `key` names it for ever.

    `facts` are the call's figures, frozen; `steps` the remote ids of the calls already answered.
    Each call's idempotency key is `<id>:<step>`, the same at every try.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        INVOICE = "invoice"
        CREDIT_NOTE = "credit_note"
        REFUND = "refund"
        TRANSFER = "transfer"
        ACCOUNT = "account"
        ACCOUNT_LINK = "account_link"

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        NEEDS_REVIEW = "needs_review"

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    subject_id = models.UUIDField(db_index=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    facts = models.JSONField()
    steps = models.JSONField(default=dict)
    remote_id = models.CharField(max_length=80, blank=True, default="", db_index=True)
    url = models.TextField(blank=True, default="")
    tries = models.PositiveIntegerField(default=0)
    first_tried_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField()
    problem = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["state", "next_try_at"], name="intent_by_next_try")]

    @property
    def label(self) -> str:
        """What a person knows it by: an invoice's number, a payout's reference, a name."""
        facts = self.facts
        return str(facts.get("number") or facts.get("reference") or facts.get("name") or "")


class StripeEvent(models.Model):
    """A signed notice. Its id is the primary key: sent twice, it is one row, processed once."""

    id = models.CharField(max_length=80, primary_key=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=80, blank=True, default="")
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, db_index=True)
    outcome = models.TextField(blank=True, default="")
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["received_at", "id"]


class ConnectedAccount(PartnerRow):
    """A partner's own account at Stripe, as Stripe last told it; `missing` is what it asks for."""

    remote_id = models.CharField(max_length=80, unique=True)
    country = models.CharField(max_length=2, blank=True, default="")
    details_submitted = models.BooleanField(default=False)
    payouts_enabled = models.BooleanField(default=False)
    missing = models.JSONField(default=list)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]


class RemoteDifference(PartnerRow):
    """Something that only one side's books hold, or that both hold differently."""

    partner_id = models.UUIDField(null=True, db_index=True)  # type: ignore[assignment]
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20)
    remote_id = models.CharField(max_length=80, blank=True, default="")
    message = models.TextField()
    currency = models.CharField(max_length=3)
    local_minor = models.BigIntegerField()
    remote_minor = models.BigIntegerField()
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-found_at", "-id"]
