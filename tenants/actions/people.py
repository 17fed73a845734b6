"""Change what people may do, put them out, let them in again. In the schema of their host.

A circle is the partner's staff, one customer's people, or the platform's staff; its last owner
always stays.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from tenants import audit
from tenants.accounts.models import Invitation, User
from tenants.rules import roles
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said


class PersonRefused(ValueError):
    """Nothing was changed; `str()` says why and what to do."""


@dataclass(frozen=True)
class Circle:
    """Whose people: `partner_id` None is the platform, `customer_id` one of the partner's."""

    audience: roles.Audience
    partner_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None

    def people(self) -> QuerySet[User]:
        """Everybody of the circle, in the current schema."""
        return User.objects.filter(
            role__in=roles.PERMISSIONS[self.audience], customer_id=self.customer_id
        )

    def invitations(self) -> QuerySet[Invitation]:
        """Invitations that nobody accepted or withdrew."""
        return Invitation.objects.filter(
            role__in=roles.PERMISSIONS[self.audience], customer_id=self.customer_id,
            accepted_at=None, withdrawn_at=None,
        )  # fmt: skip


def change_role(
    *, circle: Circle, person_id: uuid.UUID, role: str, by: User, now: datetime,
    seen: str | None = None,
) -> bool:  # fmt: skip
    """Give somebody another role, in force with their next request; whether it changed.

    `seen` is the mark of the role that the editor saw. Raises PersonRefused: oneself, a role out of
    `by`'s hands, the last owner; ChangedMeanwhile.
    """
    with transaction.atomic():
        person = _other(circle, person_id, by)
        if person.role == role:
            return False
        refuse_changed(seen, person.role)
        may_give_role(circle, by, role)
        _stays_owned(circle, person)
        before = person.role
        User.objects.filter(pk=person.pk).update(role=role)
        log(circle, "person.role", person.email, by.email, now, before=before, after=role)
    return True


def deactivate(*, circle: Circle, person_id: uuid.UUID, by: User, now: datetime) -> bool:
    """Put somebody out: no sign-in any more, every session ends at once. Whether it changed.

    Raises PersonRefused: oneself, a role out of `by`'s hands, the last owner.
    """
    with transaction.atomic():
        person = _other(circle, person_id, by)
        if not person.is_active:
            return False
        _stays_owned(circle, person)
        User.objects.filter(pk=person.pk).update(is_active=False)
        end_sessions(person)
        log(circle, "person.deactivated", person.email, by.email, now)
    return True


def reactivate(*, circle: Circle, person_id: uuid.UUID, by: User, now: datetime) -> bool:
    """Let somebody in again, with the old role and password. Whether it changed."""
    with transaction.atomic():
        person = _other(circle, person_id, by)
        if person.is_active:
            return False
        User.objects.filter(pk=person.pk).update(is_active=True)
        log(circle, "person.reactivated", person.email, by.email, now)
    return True


def reset_factor(*, circle: Circle, person_id: uuid.UUID, by: User, now: datetime) -> bool:
    """Take a lost second factor away and end the sessions; whether there was one.

    The person signs in with the password and, where it is asked for, sets a new one up. Raises
    PersonRefused as `deactivate` does, but for the last owner.
    """
    with transaction.atomic():
        person = _other(circle, person_id, by)
        gone, _ = Authenticator.objects.filter(user=person).delete()
        if not gone:
            return False
        end_sessions(person)
        log(circle, "person.factor_reset", person.email, by.email, now)
    return True


def live_sessions(person: User) -> list[UserSession]:
    """Where a person is signed in, newest first; records of sessions that ended go."""
    found = UserSession.objects.purge_and_list(person)
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def end_sessions(person: User, *, keep: str = "", only: int | None = None) -> int:
    """End a person's sessions but for the one with the key `keep`; how many. Safe to repeat."""
    found = UserSession.objects.filter(user=person).exclude(session_key=keep)
    if only is not None:
        found = found.filter(pk=only)
    keys = list(found.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    found.delete()
    return len(keys)


def may_give_role(circle: Circle, by: User, role: str) -> None:
    """Raise PersonRefused unless `by` may give and take the role in this circle."""
    if role not in roles.PERMISSIONS[circle.audience] or not roles.may_give(by.role, role):
        raise PersonRefused(
            Said("You may not give or take the role %(role)s; ask an owner.", role=role)
        )


def _other(circle: Circle, person_id: uuid.UUID, by: User) -> User:
    # All of a circle's owners are locked, in one order: of two who remove each other, one fails.
    list(_owners(circle).select_for_update().order_by("pk"))
    person = circle.people().select_for_update().filter(pk=person_id).first()
    if person is None:
        raise PersonRefused(Said("This person is not here any more."))
    if person.pk == by.pk:
        raise PersonRefused(Said("Somebody else has to change your own account."))
    may_give_role(circle, by, person.role)
    return person


def _owners(circle: Circle) -> QuerySet[User]:
    return circle.people().filter(role=roles.OWNERS[circle.audience], is_active=True)


def _stays_owned(circle: Circle, person: User) -> None:
    if person.role != roles.OWNERS[circle.audience] or not person.is_active:
        return
    if not _owners(circle).exclude(pk=person.pk).exists():
        raise PersonRefused(Said("This is the last owner: make somebody else an owner first."))


def log(
    circle: Circle, verb: str, target: str, actor: str, now: datetime, **facts: str
) -> None:  # fmt: skip
    """An audit row about a person of the circle, in the caller's transaction."""
    audit.record(actor=actor, verb=verb, target=target, at=now, partner_id=circle.partner_id,
                 data={**facts, **audit.of_customer(circle.customer_id)})  # fmt: skip
