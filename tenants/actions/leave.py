"""A partner leaves: it is served no more, its people become pseudonyms; later its schema goes."""

import uuid
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q

from tenants import audit, resolve
from tenants.accounts.models import (
    BreakGlass,
    Connection,
    Invitation,
    Overlay,
    SavedView,
    SignIn,
    User,
)
from tenants.actions.bounces import forget_bounced
from tenants.actions.datakeys import destroy_data_keys
from tenants.actions.people import end_sessions
from tenants.db import ddl
from tenants.models import (
    ApiKey,
    DataKey,
    Domain,
    DomainClaim,
    Partner,
    ProvisioningJob,
    SenderAddress,
)
from tenants.rules.domain_states import OPEN, SERVED, Routing
from tenants.rules.senders import LOOKED_AT, Sending

ERASED_AT = "erased.invalid"  # a name that never resolves (RFC 6761)


def close_partner(
    *, partner_id: uuid.UUID, kek: bytes, actor: str, now: datetime
) -> dict[str, int]:
    """Close it: keys revoked, hosts released, data keys destroyed; what there is of each.

    Runs as owner, public schema. Its doors refuse within five seconds; no cached entry of it opens
    again, in whatever copy. Safe to repeat: a second call changes nothing and counts the same.
    """
    with transaction.atomic():
        partner = Partner.objects.select_for_update().get(pk=partner_id)
        if partner.state != Partner.State.CLOSED:
            Partner.objects.filter(pk=partner_id).update(state=Partner.State.CLOSED)
            audit.record(actor=actor, verb="partner.closed", target=partner.slug, at=now,
                         partner_id=partner_id)  # fmt: skip
        ApiKey.objects.filter(partner_id=partner_id, revoked_at=None).update(revoked_at=now)
        claims = DomainClaim.objects.filter(partner_id=partner_id)
        claims.filter(routing__in=[*OPEN, *SERVED]).update(
            routing=Routing.RELEASED, ended_at=now, next_check_at=None
        )
        Domain.objects.filter(tenant_id=partner_id).delete()
        mails = SenderAddress.objects.filter(partner_id=partner_id, state__in=LOOKED_AT)
        mails.update(state=Sending.ENDED, ended_at=now, next_check_at=None)
        forget_bounced(partner_id=partner_id)
        job = ProvisioningJob.objects.filter(partner_id=partner_id).first()
        if job is not None:
            job.request = {**job.request, "owner_email": ""}
            job.save(update_fields=["request"])
    if DataKey.objects.filter(partner_id=partner_id, destroyed_at=None).exists():
        destroy_data_keys(partner_id=partner_id, kek=kek, actor=actor, now=now, renew=False)
    resolve.forget()
    return {
        "api_keys_revoked": ApiKey.objects.filter(partner_id=partner_id).count(),
        "own_hosts_released": claims.count(),
        "data_keys_destroyed": DataKey.objects.filter(partner_id=partner_id).count(),
    }


def remove_schema(*, partner_id: uuid.UUID, actor: str, now: datetime) -> None:
    """Drop a closed partner's schema and database role; the log says what lay in them.

    Runs as owner, public schema, in one transaction. Raises Partner.DoesNotExist unless it is
    closed. Safe to repeat: a partner that is gone stays as it is.
    """
    with transaction.atomic():
        left = (Partner.State.CLOSED, Partner.State.GONE)
        partner = Partner.objects.select_for_update().get(pk=partner_id, state__in=left)
        if partner.state == Partner.State.GONE:
            return
        rows = ddl.drop_partner_schema(partner.schema_name)
        ddl.drop_partner_role(partner.schema_name)
        Partner.objects.filter(pk=partner_id).update(state=Partner.State.GONE)
        audit.record(actor=actor, verb="partner.dropped", target=partner.slug, at=now,
                     partner_id=partner_id, data={"rows": rows})  # fmt: skip


def erase_people() -> int:
    """Partner's schema, as owner: people become pseudonyms that nobody can sign in as; how many.

    The rows stay, since documents and the log refer to them by id. Safe to repeat.
    """
    with transaction.atomic():
        for table in (Session, UserSession, Authenticator, EmailAddress, Invitation, SavedView,
                      SignIn, Connection, BreakGlass):  # fmt: skip
            table.objects.all().delete()
        for person in User.objects.all():
            _make_pseudonym(person)
    return User.objects.count()


def erase_people_of(customer_id: uuid.UUID) -> int:
    """Partner's schema: the same for one customer's people, and its name in looks; how many."""
    with transaction.atomic():
        people = list(User.objects.filter(customer_id=customer_id))
        emails = [person.email for person in people]
        for person in people:
            end_sessions(person)
            _make_pseudonym(person)
        for table in (Authenticator, EmailAddress):
            table.objects.filter(user__in=people).delete()
        Invitation.objects.filter(Q(customer_id=customer_id) | Q(email__in=emails)).delete()
        for table in (SavedView, Connection):
            table.objects.filter(customer_id=customer_id).delete()
        Overlay.objects.filter(customer_id=customer_id).update(customer_name="")
    return len(people)


def _make_pseudonym(person: User) -> None:
    person.email, person.name = f"{person.pk.hex}@{ERASED_AT}", ""
    person.is_active, person.last_login = False, None
    person.set_unusable_password()
    person.save(update_fields=["email", "name", "is_active", "last_login", "password"])
