"""Partners, and the work of opening one."""

import uuid

from django.db import models
from django_tenants.models import TenantMixin

from tenants.rules.ids import uuid7


class Partner(TenantMixin):
    """A company that sells our overflow cache under its own brand (or the house itself)."""

    class Kind(models.TextChoices):
        """The partner types whose default shares differ."""

        GENERAL_CACHE = "general_cache"
        VECTOR_DB = "vector_db"
        LLM_PROVIDER = "llm_provider"
        CLOUD = "cloud"
        DIRECT = "direct"

    class State(models.TextChoices):
        """From request to closure; only `active` serves pages and lookups."""

        REQUESTED = "requested"
        PROVISIONING = "provisioning"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"
        FAILED = "failed"
        GONE = "gone"  # closed for so long that its schema and database role are dropped

    class UnknownCustomers(models.TextChoices):
        """What an event of a customer nobody announced does."""

        AUTO = "auto"
        STRICT = "strict"

    auto_create_schema = False

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    state = models.CharField(max_length=20, choices=State.choices, default=State.REQUESTED)
    unknown_customer_policy = models.CharField(
        max_length=10, choices=UnknownCustomers.choices, default=UnknownCustomers.AUTO
    )
    generation = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "tenants_partner"

    @staticmethod
    def schema_name_for(partner_id: uuid.UUID) -> str:
        """Schema and database role share one name."""
        return f"p_{partner_id.hex}"


class ProvisioningJob(models.Model):
    """The request to open a partner, and how far the provisioner has got with it."""

    class State(models.TextChoices):
        """A job is claimed once; a failed one can be queued again."""

        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.OneToOneField(Partner, on_delete=models.PROTECT, related_name="job")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    step = models.CharField(max_length=40, default="queued")
    detail = models.TextField(blank=True, default="")
    request = models.JSONField(default=dict)
    requested_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
