"""Public tables about partners: who they are, their hosts, brand, keys, entitlements, audit."""

import uuid
from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django_tenants.models import DomainMixin, TenantMixin

from tenants.rules.domain_states import OPEN, SERVED, Cert, Routing
from tenants.rules.ids import uuid7
from tenants.rules.pipeline import SAID


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


def _values(states: Iterable[str]) -> list[str]:
    """For constraints, whose migrations name no class."""
    return sorted(map(str, states))


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


class BrandFile(models.Model):
    """A logo or an icon, written anew from what was uploaded; `name` is of its bytes.

    `png` is the same picture for mails and papers, `luminance` the mean of what is seen of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="brand_files")
    name = models.CharField(max_length=40)
    media_type = models.CharField(max_length=20)
    content = models.BinaryField()
    png = models.BinaryField()
    width = models.IntegerField()
    height = models.IntegerField()
    luminance = models.FloatField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "name"], name="one_brand_file_per_name")
        ]


class BrandRevision(models.Model):
    """One immutable look of a partner: tokens from a seed colour, served as a stylesheet.

    Only `state` and `published_at` ever change (the database refuses the rest). A retired revision
    without `published_at` is a draft that another one followed.
    """

    class State(models.TextChoices):
        """At most one revision of a partner is published, and at most one a draft."""

        DRAFT = "draft"
        PUBLISHED = "published"
        RETIRED = "retired"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="brands")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    seed_hex = models.CharField(max_length=7)
    product_name = models.CharField(max_length=80)
    tagline = models.CharField(max_length=160, blank=True, default="")
    support_email = models.EmailField(blank=True, default="")
    legal_name = models.CharField(max_length=160)
    short_name = models.CharField(max_length=24, blank=True, default="")
    accent_hex = models.CharField(max_length=7, blank=True, default="")
    font = models.CharField(max_length=12, default="inter")
    support_url = models.CharField(max_length=300, blank=True, default="")
    terms_url = models.CharField(max_length=300, blank=True, default="")
    privacy_url = models.CharField(max_length=300, blank=True, default="")
    mail_sender = models.CharField(max_length=80, blank=True, default="")
    powered_by = models.BooleanField(default=True)
    logo_light = models.CharField(max_length=40, blank=True, default="")
    logo_dark = models.CharField(max_length=40, blank=True, default="")
    icon = models.CharField(max_length=40, blank=True, default="")
    plate_light = models.BooleanField(default=False)
    plate_dark = models.BooleanField(default=False)
    created_by = models.CharField(max_length=254, blank=True, default="")
    tokens = models.JSONField()
    css = models.TextField()
    css_hash = models.CharField(max_length=16, db_index=True)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner"],
                condition=models.Q(state="published"),
                name="one_published_brand",
            ),
            models.UniqueConstraint(
                fields=["partner"], condition=models.Q(state="draft"), name="one_brand_draft"
            ),
        ]


class ApiKey(models.Model):
    """A key for the overflow API. Only the secret's SHA-256 is kept."""

    id = models.CharField(max_length=12, primary_key=True)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="api_keys")
    customer_external_id = models.CharField(max_length=200, null=True, blank=True)
    livemode = models.BooleanField()
    label = models.CharField(max_length=80, blank=True, default="")
    secret_sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class DataKey(models.Model):
    """A partner's data key, wrapped by the platform key; destroying it erases the partner."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="data_keys")
    key_number = models.IntegerField()
    wrapped = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "key_number"], name="one_key_number")
        ]


class Entitlement(models.Model):
    """A fact an upper storey pushes down: a limit, a share, a switch."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="entitlements")
    name = models.CharField(max_length=60)
    value = models.JSONField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "name"], name="one_entitlement_per_name")
        ]


class Incident(models.Model):
    """Something that partners should know of us: what is affected, since when, whom it concerns.

    An empty `partner_ids` concerns everybody; others see nothing of it (row security).
    """

    class Impact(models.TextChoices):
        """How bad it is for who uses the component."""

        MAINTENANCE = "maintenance"
        DEGRADED = "degraded"
        OUTAGE = "outage"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(max_length=120)
    component = models.CharField(max_length=20)
    impact = models.CharField(max_length=12, choices=Impact.choices)
    partner_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    started_at = models.DateTimeField(db_index=True)
    resolved_at = models.DateTimeField(null=True, blank=True)


class IncidentUpdate(models.Model):
    """What we said about an incident, and when. Rows are added, never changed."""

    class State(models.TextChoices):
        """From the first word to the last."""

        INVESTIGATING = "investigating"
        IDENTIFIED = "identified"
        MONITORING = "monitoring"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="updates")
    state = models.CharField(max_length=14, choices=State.choices)
    text = models.CharField(max_length=1000)
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()


class Prospect(models.Model):
    """A company that could become a partner, or has: who looks after it, and what it is offered.

    `stage` is what somebody said (`tenants.rules.pipeline.SAID`); further ones are read from the
    partner's facts. `offer` holds the figures of the proposal (`billing.rules.planning.offer`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=Partner.Kind.choices)
    owner = models.CharField(max_length=254)
    contact_name = models.CharField(max_length=120, blank=True, default="")
    contact_email = models.CharField(max_length=254, blank=True, default="")
    product = models.CharField(max_length=80, blank=True, default="")
    offer = models.JSONField(default=dict)
    partner = models.OneToOneField(
        Partner, on_delete=models.PROTECT, null=True, related_name="prospect"
    )
    stage = models.CharField(max_length=10, default=SAID[0].value)
    stage_at = models.DateTimeField()
    next_step = models.CharField(max_length=200, blank=True, default="")
    next_step_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage__in=_values(SAID)), name="prospect_stage_is_said"
            ),
        ]


class ProspectEntry(models.Model):
    """What was said to or of a prospect. Append-only; a letter is told apart by its `sha256`."""

    class Kind(models.TextChoices):
        """A change of the stage, a note, or a letter that we mailed."""

        STAGE = "stage"
        NOTE = "note"
        LETTER = "letter"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prospect = models.ForeignKey(Prospect, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    stage = models.CharField(max_length=10, blank=True, default="")
    text = models.CharField(max_length=8000, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["prospect", "sha256"], condition=~models.Q(sha256=""),
                name="prospect_letter_once",
            ),
        ]  # fmt: skip


class AuditEntry(models.Model):
    """Who did what to what, when. Append-only: no role may change or delete a row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    partner_id = models.UUIDField(null=True, db_index=True)
    actor = models.CharField(max_length=254)
    verb = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_index=True)
