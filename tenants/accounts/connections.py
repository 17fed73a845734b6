"""Single sign-on: identity providers, who is known by them, and logins on their way.

All of it lies in the partner's own schema. A connection is the partner's, for its staff, or one
customer's, for that customer's people (`customer_id`).
"""

from datetime import datetime

from django.db import models

from tenants.rules.ids import uuid7


class Connection(models.Model):
    """An identity provider by which the partner's staff, or one customer's people, sign in.

    `base` is the host its addresses were given to the provider under, scheme and port included.
    `idp` holds what the provider's own document says (`tenants.rules.sso`). A real login makes a
    draft `tested`; every change of who is trusted makes it a draft again. `seen` changes with
    every change, for forms that somebody left open.
    """

    OIDC, SAML = "oidc", "saml"
    KINDS = [(OIDC, "OpenID Connect"), (SAML, "SAML 2.0")]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=4, choices=KINDS)
    name = models.CharField(max_length=60)
    base = models.CharField(max_length=300)
    idp = models.JSONField()
    client_id = models.CharField(max_length=300, blank=True, default="")
    secret = models.BinaryField(null=True, blank=True)
    domains = models.JSONField(default=list)
    trusts_email = models.BooleanField(default=False)
    opens_accounts = models.BooleanField(default=False)
    default_role = models.CharField(max_length=30)
    role_claim = models.CharField(max_length=200, blank=True, default="")
    role_map = models.JSONField(default=list)  # [value, role] in their order
    second_factor = models.CharField(max_length=10, default="never")
    seen = models.UUIDField(default=uuid7)
    tested_at = models.DateTimeField(null=True, blank=True)
    tested_by = models.CharField(max_length=254, blank=True, default="")
    tested_claims = models.JSONField(default=dict)
    on_at = models.DateTimeField(null=True, blank=True)
    enforced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=254)

    class Meta:
        db_table = "accounts_connection"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(on_at=None) | models.Q(tested_at__isnull=False),
                name="on_after_a_test",
            ),
            models.CheckConstraint(
                condition=models.Q(enforced_at=None) | models.Q(on_at__isnull=False),
                name="enforced_while_on",
            ),
        ]

    @property
    def callback(self) -> str:
        """Where an OpenID provider sends people back to."""
        return f"{self.base}/sso/{self.id}/callback/"

    @property
    def acs(self) -> str:
        """Where a SAML provider posts its assertion to."""
        return f"{self.base}/sso/{self.id}/acs/"

    @property
    def way_in(self) -> str:
        """Where people begin to sign in by it."""
        return f"{self.base}/sso/{self.id}/"

    @property
    def entity_id(self) -> str:
        """Our name for a SAML provider, and where our metadata lies."""
        return f"{self.base}/sso/{self.id}/metadata/"

    @property
    def state(self) -> str:
        """`draft`, `tested`, `on` or `enforced`."""
        if self.enforced_at:
            return "enforced"
        return "on" if self.on_at else "tested" if self.tested_at else "draft"


class Identity(models.Model):
    """Somebody as a connection's provider knows them: its `subject` is bound to one person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="identities")
    subject = models.CharField(max_length=500)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="identities")
    bound_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_identity"
        constraints = [
            models.UniqueConstraint(fields=["connection", "subject"], name="one_person_a_subject"),
            models.UniqueConstraint(fields=["connection", "user"], name="one_subject_a_person"),
        ]


class SignInAttempt(models.Model):
    """A way to the provider and back: opened once, answered once, finished once by its browser.

    `request_id` is what the provider's answer names: OIDC's `state`, SAML's request id.
    `answer_id` is the id of the assertion or token that answered: no other attempt takes it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="attempts")
    purpose = models.CharField(max_length=10)
    person_id = models.UUIDField(null=True, blank=True)
    request_id = models.CharField(max_length=100, unique=True)
    nonce = models.CharField(max_length=100, blank=True, default="")
    verifier = models.CharField(max_length=100, blank=True, default="")
    next = models.CharField(max_length=2000, blank=True, default="")
    started_at = models.DateTimeField()
    answer_id = models.CharField(max_length=200, null=True, blank=True)
    claims = models.JSONField(default=dict)
    answered_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_signinattempt"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "answer_id"], name="an_answer_counts_once"
            ),
        ]


class BreakGlass(models.Model):
    """An hour in which a circle's owners sign in with their password although sign-on is enforced:
    the partner's, or those of the customer `customer_id`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer_id = models.UUIDField(null=True, blank=True)
    opened_by = models.CharField(max_length=254)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        db_table = "accounts_breakglass"

    def is_open(self, now: datetime) -> bool:
        """Whether its hour still runs."""
        return self.opened_at <= now < self.ends_at
