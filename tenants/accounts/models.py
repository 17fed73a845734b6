"""The person who logs in: a partner's staff, a customer, or (public schema) platform staff."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from tenants.rules import roles
from tenants.rules.ids import uuid7


class UserManager(BaseUserManager["User"]):
    """Creates people; the e-mail is stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new person. Raises IntegrityError when the e-mail is taken in this schema."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """One person of one schema. Permissions come from the roles file, not from tables."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True, default="")
    role = models.CharField(max_length=30)
    customer_id = models.UUIDField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

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
