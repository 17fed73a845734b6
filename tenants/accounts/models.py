"""The person who logs in: a partner's staff, a customer, or (public schema) platform staff."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.accounts.connections import BreakGlass, Connection, Identity, SignInAttempt
from tenants.accounts.sign_ins import SignIn
from tenants.rules import roles
from tenants.rules.ids import uuid7
from tenants.rules.mails import RECIPIENTS

__all__ = [
    "BreakGlass", "Connection", "Identity", "Invitation", "Overlay", "SavedView", "SignIn",
    "SignInAttempt", "User", "UserManager",
]  # fmt: skip


class UserManager(BaseUserManager["User"]):
    """Creates people; the e-mail is stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new person. Raises IntegrityError when the e-mail is taken in this schema."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def who_get(self, kind: str, gone: set[str]) -> "models.QuerySet[User]":
        """Active people who did not say no to a kind of mail (`tenants.rules.mails`), of any role
        that it reaches; not those in `gone`, whose addresses take no mail."""
        reached = self.filter(is_active=True, role__in=RECIPIENTS[kind])
        return reached.exclude(muted__contains=[kind]).exclude(email__in=gone)


class User(AbstractBaseUser):
    """One person of one schema. Permissions come from the roles file, not from tables."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True, default="")
    role = models.CharField(max_length=30)
    customer_id = models.UUIDField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    language = models.CharField(max_length=5, blank=True, default="")  # "": what the browser asks
    theme = models.CharField(max_length=5, blank=True, default="")  # "": what the device has
    time_zone = models.CharField(max_length=40, blank=True, default="")  # "": UTC alone
    muted = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        db_table = "accounts_user"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(customer_id__isnull=True)
                ^ models.Q(role__startswith="customer_"),
                name="customers_have_a_customer",
            )
        ]

    @property
    def audience(self) -> roles.Audience | None:
        """Which pages this person's role belongs to."""
        return roles.AUDIENCE_OF.get(self.role)

    def may(self, permission: str) -> bool:
        """Whether this person's role holds the permission."""
        return self.is_active and roles.allows(self.role, permission)


class Invitation(models.Model):
    """A place kept for somebody until `expires_at`. Only the hash of the link's token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True, default="")
    role = models.CharField(max_length=30)
    customer_id = models.UUIDField(null=True, blank=True)
    token_sha256 = models.BinaryField(max_length=32)
    invited_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_invitation"
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="one_open_invitation",
            )
        ]

    def state(self, now: datetime) -> str:
        """`accepted`, `withdrawn`, `expired` or `open`."""
        if self.accepted_at or self.withdrawn_at:
            return "accepted" if self.accepted_at else "withdrawn"
        return "open" if now < self.expires_at else "expired"


class SavedView(models.Model):
    """An address of a page that somebody keeps under a name, for the people of the same circle.

    `customer_id` is the customer whose people see it, None for the partner's staff.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    page = models.CharField(max_length=30)
    customer_id = models.UUIDField(null=True, blank=True)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000, blank=True, default="")
    saved_by = models.CharField(max_length=254)
    saved_at = models.DateTimeField()

    class Meta:
        db_table = "accounts_savedview"
        constraints = [
            models.UniqueConstraint(
                fields=["page", "customer_id", "name"],
                nulls_distinct=False,
                name="saved_view_name",
            )
        ]


class Overlay(models.Model):
    """A look of the partner's staff at a customer's portal, as one of its roles would see it.

    Whoever looks stays who they are. `role`, `customer_id`, `audience` and `may` are those of the
    eyes that they look through (`tenants.accounts.permissions.eyes`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer_id = models.UUIDField()
    customer_name = models.TextField()
    external_id = models.TextField()
    role = models.CharField(max_length=30)
    viewer_id = models.UUIDField()
    viewer = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)
    ticket = models.CharField(max_length=80, blank=True, default="")
    pages = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_how = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        db_table = "accounts_overlay"
        indexes = [models.Index(fields=["customer_id", "-started_at"], name="overlay_of_customer")]
        constraints = [
            models.UniqueConstraint(
                fields=["viewer_id"],
                condition=models.Q(ended_at__isnull=True),
                name="one_overlay_a_person",
            )
        ]

    @property
    def audience(self) -> roles.Audience | None:
        """Whose pages are seen: a customer's."""
        return roles.AUDIENCE_OF.get(self.role)

    def may(self, permission: str) -> bool:
        """Whether the role that is looked through holds the permission."""
        return roles.allows(self.role, permission)
