"""Invitations: a mailed link, and the account that it opens once. In the schema of its host."""

import hashlib
import secrets
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from tenants import audit
from tenants.accounts.models import Invitation, User
from tenants.actions.people import Circle, PersonRefused, log, may_give_role
from tenants.gateways.turns import wait_in_line
from tenants.rules import roles
from tenants.rules.sayings import Said

VALID_FOR = timedelta(days=7)
RESEND_AFTER, DAY = timedelta(minutes=1), timedelta(days=1)
MOST_OPEN = 200  # invitations of a circle that wait at a time
MOST_A_DAY = 500  # likewise, those of a day that were withdrawn or taken too

_TOO_SOON = Said("It was sent less than a minute ago; wait a little.")


def invite(
    *, circle: Circle, email: str, name: str, role: str, by: User, now: datetime
) -> tuple[Invitation, str]:
    """A place for somebody, and the token of the link, which is kept nowhere.

    Raises PersonRefused: an address that has an account or an open invitation on this host, or was
    written to within the minute; a role that `by` may not give; too many at a time or in a day. Not
    safe to repeat: the second call is refused.
    """
    email = email.strip().lower()
    may_give_role(circle, by, role)
    with _one_at_a_time(email), transaction.atomic():
        if User.objects.filter(email=email).exists():
            raise PersonRefused(Said("%(email)s has an account here already.", email=email))
        if _waiting(email).filter(expires_at__gt=now).exists():
            raise PersonRefused(
                Said("%(email)s is invited already; send that invitation again.", email=email)
            )
        if Invitation.objects.filter(email=email, sent_at__gt=now - RESEND_AFTER).exists():
            raise PersonRefused(_TOO_SOON)
        _has_room(circle, 1, now)
        return _invited(circle, email, name.strip(), role, by, now)


def invite_many(
    *, circle: Circle, emails: Sequence[str], role: str, by: User, now: datetime
) -> tuple[list[tuple[Invitation, str]], list[str]]:
    """A place for each of them, all or none; and whom nothing is sent, since they have an account
    or an open invitation on this host already, or were written to within the minute. `emails` are
    lower case, each once.

    Safe to repeat: the second call invites nobody. Raises PersonRefused: a role that `by` may not
    give, more than MOST_OPEN that wait, somebody who is invited by another at the same moment.
    """
    may_give_role(circle, by, role)
    with _one_at_a_time(", ".join(emails[:3])), transaction.atomic():
        is_open = Q(accepted_at=None, withdrawn_at=None, expires_at__gt=now)
        open_now = Invitation.objects.filter(
            is_open | Q(sent_at__gt=now - RESEND_AFTER), email__in=emails
        )
        known = {*User.objects.filter(email__in=emails).values_list("email", flat=True),
                 *open_now.values_list("email", flat=True)}  # fmt: skip
        new = [email for email in emails if email not in known]
        _has_room(circle, len(new), now)
        made = [_invited(circle, email, "", role, by, now) for email in new]
    return made, [email for email in emails if email in known]


def _waiting(email: str) -> QuerySet[Invitation]:
    return Invitation.objects.filter(email=email, accepted_at=None, withdrawn_at=None)


def _has_room(circle: Circle, count: int, now: datetime) -> None:
    wait_in_line(f"invitations {circle.partner_id} {circle.customer_id}")
    waiting = circle.invitations().filter(expires_at__gt=now).count()
    if count and waiting + count > MOST_OPEN:
        raise PersonRefused(Said(
            "%(waiting)s invitations wait already, at most %(most_open)s may; withdraw some first.",
            waiting=waiting, most_open=MOST_OPEN,
        ))  # fmt: skip
    ours = Invitation.objects.filter(
        role__in=roles.PERMISSIONS[circle.audience], customer_id=circle.customer_id
    )
    if count and ours.filter(created_at__gt=now - DAY).count() + count > MOST_A_DAY:
        raise PersonRefused(Said(
            "At most %(most)s people are invited in a day; go on tomorrow.", most=MOST_A_DAY
        ))  # fmt: skip


def _invited(
    circle: Circle, email: str, name: str, role: str, by: User, now: datetime
) -> tuple[Invitation, str]:
    token = secrets.token_urlsafe(32)
    _waiting(email).update(withdrawn_at=now)  # those that are expired
    row = Invitation.objects.create(
        email=email, name=name, role=role, customer_id=circle.customer_id,
        token_sha256=_hash(token), invited_by=by.email, created_at=now, sent_at=now,
        expires_at=now + VALID_FOR,
    )  # fmt: skip
    log(circle, "person.invited", email, by.email, now, role=role)
    return row, token


def invite_again(
    *, circle: Circle, invitation_id: uuid.UUID, by: User, now: datetime
) -> tuple[Invitation, str]:
    """A new link for a further week; the old one dies. Raises PersonRefused."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = circle.invitations().select_for_update().filter(pk=invitation_id).first()
        if row is None:
            raise PersonRefused(Said("This invitation is accepted or withdrawn."))
        if now - row.sent_at < RESEND_AFTER:
            raise PersonRefused(_TOO_SOON)
        may_give_role(circle, by, row.role)
        row.token_sha256, row.sent_at, row.expires_at = _hash(token), now, now + VALID_FOR
        row.save(update_fields=["token_sha256", "sent_at", "expires_at"])
        log(circle, "person.invited_again", row.email, by.email, now)
    return row, token


def withdraw(*, circle: Circle, invitation_id: uuid.UUID, by: User, now: datetime) -> bool:
    """The link works no more; whether this call did it."""
    with transaction.atomic():
        row = circle.invitations().select_for_update().filter(pk=invitation_id).first()
        if row is None:
            return False
        may_give_role(circle, by, row.role)
        Invitation.objects.filter(pk=row.pk).update(withdrawn_at=now)
        log(circle, "person.withdrawn", row.email, by.email, now)
    return True


def invitation_of(token: str, now: datetime) -> Invitation | None:
    """The open invitation that a link's token belongs to, in this host's schema."""
    found = Invitation.objects.filter(token_sha256=_hash(token)).first()
    return found if found and found.state(now) == "open" else None


def accept(
    *, token: str, name: str, password: str, partner_id: uuid.UUID | None, now: datetime
) -> User:
    """The person, with the password of their choice. One use: the second call is refused.

    Raises PersonRefused, or ValidationError for a weak password.
    """
    with transaction.atomic():
        row = Invitation.objects.select_for_update().filter(token_sha256=_hash(token)).first()
        if row is None or row.state(now) != "open":
            raise PersonRefused(
                Said("This invitation is used, withdrawn or expired. Ask for a new one.")
            )
        if User.objects.filter(email=row.email).exists():
            raise PersonRefused(
                Said("%(email)s has an account here already. Sign in with it.", email=row.email)
            )
        validate_password(password, User(email=row.email, name=name))
        person = User.objects.create_user(
            row.email, password, name=name.strip() or row.name, role=row.role,
            customer_id=row.customer_id,
        )  # fmt: skip
        Invitation.objects.filter(pk=row.pk).update(accepted_at=now)
        audit.record(actor=row.email, verb="person.joined", target=row.email, at=now,
                     partner_id=partner_id,
                     data={"role": row.role, "invited_by": row.invited_by,
                           **audit.of_customer(row.customer_id)})  # fmt: skip
    return person


@contextmanager
def _one_at_a_time(email: str) -> Iterator[None]:
    """Two who invite the same person at the same moment: the database lets one through."""
    try:
        yield
    except IntegrityError as error:
        raise PersonRefused(
            Said("%(email)s is being invited by somebody else right now.", email=email)
        ) from error


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
