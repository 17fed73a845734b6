"""A login by a connection: begin, take the provider's answer, finish. In the partner's schema.

The answer and the end are apart because a SAML answer is posted from elsewhere, without cookies:
it is checked and kept on the attempt; only the browser that began the attempt finishes it. An
attempt is answered once and finished once.
"""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from tenants import audit
from tenants.accounts.models import Connection, Identity, Invitation, SignInAttempt, User
from tenants.actions.sso import PURPOSE, trust_of
from tenants.later import later
from tenants.rules import roles, sealing, sso
from tenants.rules.datakeys import parse_kek
from tenants.rules.sso import Claims, Person, SsoRefused

if TYPE_CHECKING:
    from tenants.gateways import oidc, saml
else:
    oidc, saml = later("tenants.gateways.oidc"), later("tenants.gateways.saml")

LOGIN, TEST, BIND = "login", "test", "bind"
LIFE = timedelta(minutes=sso.LIFE_MINUTES)
KEPT = timedelta(days=1)


def begin(
    *, connection: Connection, purpose: str, person: User | None, next_path: str, again: bool,
    kek: bytes, now: datetime,
) -> tuple[SignInAttempt, str]:  # fmt: skip
    """A new attempt, and the provider's address to send the browser to. Raises SsoRefused.

    `test` and `bind` are somebody's who is signed in; `login` only goes by what is switched on.
    """
    if purpose == LOGIN and not connection.on_at:
        raise SsoRefused("not_on")
    SignInAttempt.objects.filter(connection=connection, started_at__lt=now - KEPT).delete()
    row = SignInAttempt(
        connection=connection, purpose=purpose, person_id=person.pk if person else None,
        next=next_path[:2000], started_at=now, nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
    )  # fmt: skip
    if connection.kind == Connection.OIDC:
        row.request_id = secrets.token_urlsafe(32)
        # The secret is not needed to be sent away.
        there = oidc.way_there(connection.idp, _client(connection, ""), state=row.request_id,
                               nonce=row.nonce, verifier=row.verifier, again=again)  # fmt: skip
    else:
        there, row.request_id = saml.way_there(connection.idp, entity_id=connection.entity_id,
                                               acs=connection.acs, again=again)  # fmt: skip
    row.save()
    return row, there


def take_oidc(
    *, connection: Connection, attempt_id: uuid.UUID, state: str, code: str, error: str,
    partner_id: uuid.UUID, kek: bytes, loopback: bool, now: datetime,
) -> SignInAttempt:  # fmt: skip
    """Exchange the code of the attempt that this browser began. Raises SsoRefused, audited."""
    row = _taken(connection, state, now)
    if row.pk != attempt_id:
        raise _told(row, SsoRefused("other_browser"), partner_id, now)
    if error or not code:
        raise _told(row, SsoRefused("denied", reason=error[:200]), partner_id, now)
    try:
        secret = sealing.unseal(parse_kek(kek), bytes(connection.secret or b""), connection.id,
                                PURPOSE)  # fmt: skip
    except sealing.CannotOpen as refused:
        raise _told(row, SsoRefused("secret_lost"), partner_id, now) from refused
    try:
        claims = oidc.answer(
            connection.idp, _client(connection, secret), code=code, verifier=row.verifier,
            nonce=row.nonce, wants={"email", connection.role_claim or "email"}, now=now,
            loopback=loopback,
        )  # fmt: skip
        return _answered(row, claims)
    except SsoRefused as refused:
        raise _told(row, refused, partner_id, now) from refused


def take_saml(
    *, connection: Connection, encoded: str, partner_id: uuid.UUID, now: datetime
) -> SignInAttempt:
    """Check a posted assertion and keep what it says on its attempt. Raises SsoRefused, audited."""
    row = _taken(connection, saml.answered_request(encoded), now)
    try:
        claims = saml.answer(connection.idp, encoded, entity_id=connection.entity_id,
                             acs=connection.acs, request_id=row.request_id, now=now)  # fmt: skip
        return _answered(row, claims)
    except SsoRefused as refused:
        raise _told(row, refused, partner_id, now) from refused


def finish_login(
    *, attempt: SignInAttempt, partner_id: uuid.UUID, now: datetime
) -> tuple[User, bool]:
    """The person to sign in, and whether that counts as a second factor. Raises SsoRefused.

    Binds the subject to the account with its address, or opens one, where the connection says so.
    """
    connection, trust = attempt.connection, trust_of(attempt.connection)
    claims = _claims(attempt)
    try:
        with _one_person_at_a_time(), transaction.atomic():
            if not connection.on_at:
                raise SsoRefused("not_on")
            _finish(attempt, LOGIN, now)
            person = _placed(connection, claims, partner_id, now)
            Identity.objects.filter(connection=connection, user=person).update(used_at=now)
    except SsoRefused as refused:
        raise _told(attempt, refused, partner_id, now) from refused
    return person, sso.counts_as_second_factor(claims, trust)


def finish_test(*, attempt: SignInAttempt, by: User, partner_id: uuid.UUID, now: datetime) -> None:
    """The editor came back from the provider: the connection is tested. Raises SsoRefused.

    Binds the editor's own account when the provider names the same address.
    """
    with _one_person_at_a_time(), transaction.atomic():
        _finish(attempt, TEST, now, by)
        row = Connection.objects.select_for_update().get(pk=attempt.connection_id)
        claims = _claims(attempt)
        row.tested_at, row.tested_by, row.tested_claims = now, by.email, dict(claims.values)
        row.save(update_fields=["tested_at", "tested_by", "tested_claims"])
        if claims.email == by.email and not row.identities.filter(user=by).exists():
            _bind(row, claims.subject, by, partner_id, now)
        audit.record(actor=by.email, verb="sso.tested", target=row.name, at=now,
                     partner_id=partner_id, data=_which(row))  # fmt: skip


def finish_bind(*, attempt: SignInAttempt, by: User, partner_id: uuid.UUID, now: datetime) -> None:
    """Bind the account of somebody signed in; the way for owners. Raises SsoRefused."""
    connection = attempt.connection
    with _one_person_at_a_time(), transaction.atomic():
        if not connection.on_at:
            raise SsoRefused("not_on")
        _finish(attempt, BIND, now, by)
        claims = _claims(attempt)
        known = Identity.objects.filter(connection=connection, subject=claims.subject).first()
        if known is not None and known.user_id == by.pk:
            return
        if known is not None or connection.identities.filter(user=by).exists():
            raise SsoRefused("bound_to_other", email=claims.email or claims.subject)
        _bind(connection, claims.subject, by, partner_id, now)


def _placed(connection: Connection, claims: Claims, partner_id: uuid.UUID, now: datetime) -> User:
    known = (Identity.objects.select_related("user")
             .filter(connection=connection, subject=claims.subject).first())  # fmt: skip
    by_mail = User.objects.filter(email=claims.email).first() if claims.email else None
    invited = Invitation.objects.select_for_update().filter(
        email=claims.email, accepted_at=None, withdrawn_at=None, expires_at__gt=now
    ).first() if claims.email else None  # fmt: skip
    place = sso.placed(
        claims, trust_of(connection), known=_person(connection, known.user) if known else None,
        by_mail=_person(connection, by_mail) if by_mail else None,
        bound_already=by_mail is not None and connection.identities.filter(user=by_mail).exists(),
        invited=_person(connection, invited) if invited else None,
    )  # fmt: skip
    if known is not None:
        return known.user
    if place.how == "bind" and by_mail is not None:
        _bind(connection, claims.subject, by_mail, partner_id, now)
        return by_mail
    person = User.objects.create_user(claims.email, None, name=claims.name, role=place.role,
                                      customer_id=connection.customer_id)  # fmt: skip
    facts = {"role": place.role, **_which(connection)}
    if invited is not None:
        Invitation.objects.filter(pk=invited.pk).update(accepted_at=now)
        facts["invited_by"] = invited.invited_by
    audit.record(actor=person.email, verb="person.joined", target=person.email, at=now,
                 partner_id=partner_id, data=facts)  # fmt: skip
    _bind(connection, claims.subject, person, partner_id, now)
    return person


def _bind(
    connection: Connection, subject: str, person: User, partner_id: uuid.UUID, now: datetime
) -> None:
    Identity.objects.create(connection=connection, subject=subject, user=person, bound_at=now)
    audit.record(actor=person.email, verb="sso.bound", target=person.email, at=now,
                 partner_id=partner_id,
                 data={"subject": subject[:200], **_which(connection)})  # fmt: skip


def _taken(connection: Connection, request_id: str, now: datetime) -> SignInAttempt:
    """The attempt that is answered, marked as such: whatever comes of it, no second answer."""
    with transaction.atomic():
        row = SignInAttempt.objects.select_for_update().filter(
            connection=connection, request_id=request_id
        ).first()  # fmt: skip
        if row is None:
            raise SsoRefused("unasked")
        if row.answered_at is not None:
            raise SsoRefused("replayed")
        if now - row.started_at > LIFE:
            raise SsoRefused("late", minutes=sso.LIFE_MINUTES)
        row.connection, row.answered_at = connection, now
        row.save(update_fields=["answered_at"])
    return row


def _answered(row: SignInAttempt, claims: Claims) -> SignInAttempt:
    row.claims = {**vars(claims), "values": claims.shown()}
    row.answer_id = claims.answer_id or None
    try:
        with transaction.atomic():
            row.save(update_fields=["claims", "answer_id"])
    except IntegrityError as error:
        raise SsoRefused("replayed") from error
    return row


def _finish(row: SignInAttempt, purpose: str, now: datetime, by: User | None = None) -> None:
    locked = SignInAttempt.objects.select_for_update().get(pk=row.pk)
    if not locked.claims or locked.purpose != purpose:
        raise SsoRefused("unasked")
    if locked.finished_at is not None:
        raise SsoRefused("replayed")
    if now - locked.started_at > LIFE:
        raise SsoRefused("late", minutes=sso.LIFE_MINUTES)
    if by is not None and locked.person_id != by.pk:
        raise SsoRefused("other_browser")
    SignInAttempt.objects.filter(pk=row.pk).update(finished_at=now)


def _told(row: SignInAttempt, refused: SsoRefused, partner_id: uuid.UUID, now: datetime) -> Any:
    """The refusal, after it is written down."""
    facts = {key: str(value)[:300] for key, value in refused.facts.items()}
    audit.record(actor=str(row.claims.get("email") or "somebody"), verb="sso.refused",
                 target=row.connection.name, at=now, partner_id=partner_id,
                 data={**_which(row.connection), "code": refused.code, **facts})  # fmt: skip
    return refused


@contextmanager
def _one_person_at_a_time() -> Iterator[None]:
    """Two first logins of the same person at the same moment: the database lets one through."""
    try:
        yield
    except IntegrityError as error:
        raise SsoRefused("again") from error


def _claims(row: SignInAttempt) -> Claims:
    return Claims(**row.claims)


def _which(connection: Connection) -> dict[str, str]:
    """Which connection, and whose, as a row of the log says it."""
    return {"connection": str(connection.id), **audit.of_customer(connection.customer_id)}


def _person(connection: Connection, row: User | Invitation) -> Person:
    circle = roles.PERMISSIONS[trust_of(connection).audience]
    is_ours = row.role in circle and row.customer_id == connection.customer_id
    return Person(role=row.role, is_active=getattr(row, "is_active", True), is_ours=is_ours)


def _client(connection: Connection, secret: str) -> oidc.Client:
    return oidc.Client(connection.client_id, secret, connection.callback)
