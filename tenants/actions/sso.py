"""A circle's connections to its identity providers: make, change, switch, enforce, delete.

A circle is the partner's staff or one customer's people; each reaches its own connections alone.
In the partner's schema. The client secret is sealed when it comes in and read by a login alone.
Who is trusted changes only together with the test: a changed connection is a draft again.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import QuerySet

from tenants.accounts.models import BreakGlass, Connection, Identity, User
from tenants.actions.people import Circle, log
from tenants.later import later
from tenants.rules import roles, sealing, sso
from tenants.rules.datakeys import parse_kek
from tenants.rules.ids import uuid7
from tenants.rules.roles import Audience
from tenants.rules.sso import SsoRefused, Trust

if TYPE_CHECKING:
    from tenants.gateways import oidc, saml
else:
    oidc, saml = later("tenants.gateways.oidc"), later("tenants.gateways.saml")

MOST_CONNECTIONS = 10
PURPOSE = b"client secret"
# Members whose change makes a tested connection a draft again.
_TRUSTED = ("idp", "client_id", "domains", "trusts_email", "second_factor")


def trust_of(connection: Connection) -> Trust:
    """What the connection's owner decided, as the rules take it."""
    is_customers = connection.customer_id is not None
    return Trust(
        audience=Audience.CUSTOMER if is_customers else Audience.PARTNER,
        domains=connection.domains, trusts_email=connection.trusts_email,
        opens_accounts=connection.opens_accounts, default_role=connection.default_role,
        role_claim=connection.role_claim, role_map=connection.role_map,
        second_factor=connection.second_factor,
    )  # fmt: skip


def read_provider(kind: str, *, issuer: str, metadata: bytes, loopback: bool) -> dict[str, Any]:
    """The provider's own document: OIDC by its `issuer`; SAML by `metadata`, or from the address
    in `issuer` when there is none. Connects outside; run it in no transaction. Raises SsoRefused.
    """
    if kind == Connection.OIDC:
        return oidc.discover(issuer, loopback=loopback)
    content = metadata or saml.fetched_metadata(issuer, loopback=loopback)
    return saml.read_metadata(content, loopback=loopback)


def add_connection(
    *, circle: Circle, kind: str, name: str, base: str, idp: Mapping[str, Any], client_id: str,
    secret: str, trust: Trust, kek: bytes, by: User, now: datetime,
) -> Connection:  # fmt: skip
    """A draft of a connection. Raises SsoRefused. Not safe to repeat: each call makes one."""
    _may_trust(circle, by, trust)
    if kind == Connection.OIDC and not (client_id and secret):
        raise SsoRefused("no_secret")
    with transaction.atomic():
        _one_at_a_time(circle)
        if of_circle(circle).count() >= MOST_CONNECTIONS:
            raise SsoRefused("many_connections", most=MOST_CONNECTIONS)
        row = Connection(customer_id=circle.customer_id, kind=kind, name=_name(name), base=base,
                         idp=dict(idp), client_id=client_id, created_at=now, created_by=by.email,
                         **_columns(trust))  # fmt: skip
        row.secret = _sealed(kek, row.id, secret)
        row.save()
        _log("sso.added", row, by.email, circle, now, kind=kind, issuer=str(idp["issuer"]),
             **_facts(trust))  # fmt: skip
    return row


def change_connection(
    *, circle: Circle, connection_id: uuid.UUID, seen: str, name: str,
    idp: Mapping[str, Any] | None, client_id: str, secret: str, trust: Trust, kek: bytes, by: User,
    now: datetime,
) -> Connection:  # fmt: skip
    """Other settings; `idp` None and an empty `secret` keep what there is. Raises SsoRefused.

    A change of who is trusted takes the test back, so that a connection in force is switched off:
    refused while it is enforced. `seen` is the version that the form was opened on.

    A provider's new keys could speak for anybody who is bound: unless an owner gives them, owners
    are bound no more and bind themselves anew.
    """
    _may_trust(circle, by, trust)
    with transaction.atomic():
        row = _locked(circle, connection_id)
        if str(row.seen) != seen:
            raise SsoRefused("changed_since")
        before = _trusted(row)
        plain = {"name": _name(name), "client_id": client_id}
        for member, value in {**_columns(trust), **plain}.items():
            setattr(row, member, value)
        row.idp = dict(idp) if idp is not None else row.idp
        row.secret = _sealed(kek, row.id, secret) or row.secret
        other = before != _trusted(row) or bool(secret)
        if other and row.enforced_at:
            raise SsoRefused("enforced_first")
        if other:
            row.tested_at = row.on_at = None
            row.tested_claims = {}
        if before[0] != row.idp.get("issuer"):
            row.identities.all().delete()  # another provider's subjects are other people
        elif before[1] != row.idp and by.role != roles.OWNERS[circle.audience]:
            row.identities.filter(user__in=_owners(circle)).delete()
        _saved(row)
        _log("sso.changed", row, by.email, circle, now, new_secret=str(bool(secret)),
             **_facts(trust))  # fmt: skip
    return row


def switch_on(*, circle: Circle, connection_id: uuid.UUID, by: User, now: datetime) -> bool:
    """Offer it on the page for signing in; whether this call did. Raises SsoRefused untested."""
    with transaction.atomic():
        row = _locked(circle, connection_id)
        if not row.tested_at:
            raise SsoRefused("untested")
        if row.on_at:
            return False
        row.on_at = now
        _saved(row)
        _log("sso.on", row, by.email, circle, now)
    return True


def switch_off(*, circle: Circle, connection_id: uuid.UUID, by: User, now: datetime) -> bool:
    """Offer it no more, enforce it no more; passwords work again. Whether this call did."""
    with transaction.atomic():
        row = _locked(circle, connection_id)
        if not row.on_at:
            return False
        row.on_at = row.enforced_at = None
        _saved(row)
        _log("sso.off", row, by.email, circle, now)
    return True


def enforce(
    *, circle: Circle, connection_id: uuid.UUID, accepted: bool, by: User, now: datetime
) -> bool:
    """Refuse the circle's passwords, codes by mail and passkeys from now on; whether this call did.
    Raises SsoRefused.

    Who does it has signed in by it, and break-glass would open for some owner. `accepted` says that
    the people of the preflight who would be locked out were read; without, some of them refuse it.
    """
    with transaction.atomic():
        _one_at_a_time(circle)
        row = _locked(circle, connection_id)
        if row.enforced_at:
            return False
        if not row.on_at:
            raise SsoRefused("not_on")
        if not row.identities.filter(user=by).exists():
            raise SsoRefused("not_bound")
        if of_circle(circle).exclude(enforced_at=None).exists():
            raise SsoRefused("other_enforced")
        if not _a_way_back(circle):
            raise SsoRefused("no_way_back")
        locked_out = [one for one in preflight(circle, row) if one.why]
        if locked_out and not accepted:
            raise SsoRefused("locks_out", count=len(locked_out))
        row.enforced_at = now
        _saved(row)
        _log("sso.enforced", row, by.email, circle, now, locked_out=str(len(locked_out)))
    return True


def relax(*, circle: Circle, connection_id: uuid.UUID, by: User, now: datetime) -> bool:
    """Passwords work again beside it; whether this call did."""
    with transaction.atomic():
        row = _locked(circle, connection_id)
        if not row.enforced_at:
            return False
        row.enforced_at = None
        _saved(row)
        _log("sso.relaxed", row, by.email, circle, now)
    return True


def delete_connection(
    *, circle: Circle, connection_id: uuid.UUID, by: User, now: datetime
) -> bool:  # fmt: skip
    """Take it away with the bindings of its people, whose accounts stay; whether it was there."""
    with transaction.atomic():
        row = of_circle(circle).select_for_update().filter(pk=connection_id).first()
        if row is None:
            return False
        _log("sso.deleted", row, by.email, circle, now, bound=str(row.identities.count()))
        row.delete()
    return True


def open_break_glass(*, by: User, partner_id: uuid.UUID, now: datetime) -> tuple[BreakGlass, bool]:
    """An hour in which the passwords of the own circle's owners work, and whether this call opened
    it.

    The caller has made sure of an owner by password and second factor. Safe to repeat within the
    hour. Raises SsoRefused for anybody else.
    """
    if by.audience not in sso.GIVEN or by.role != roles.OWNERS[by.audience] or not by.is_active:
        raise SsoRefused("owners_only")
    circle = Circle(by.audience, partner_id, by.customer_id)
    with transaction.atomic():
        _one_at_a_time(circle)
        hours = BreakGlass.objects.filter(customer_id=by.customer_id, ends_at__gt=now)
        known = hours.order_by("-ends_at").first()
        if known is not None:
            return known, False
        ends = now + timedelta(minutes=sso.BREAK_GLASS_MINUTES)
        row = BreakGlass.objects.create(customer_id=by.customer_id, opened_by=by.email,
                                        opened_at=now, ends_at=ends)  # fmt: skip
        log(circle, "sso.break_glass", by.email, by.email, now, until=ends.isoformat())
    return row, True


def of_circle(circle: Circle) -> QuerySet[Connection]:
    """The connections that are the circle's own."""
    return Connection.objects.filter(customer_id=circle.customer_id)


def preflight(circle: Circle, connection: Connection) -> list["Reach"]:
    """Each of the circle, and why the connection would not let them in ('' when it would)."""
    bound = set(Identity.objects.filter(connection=connection).values_list("user_id", flat=True))
    people = circle.people().filter(is_active=True).order_by("email")
    return [Reach(one, _why_out(connection, one, one.pk in bound)) for one in people]


class Reach:
    """Somebody, and why a connection does not let them in: `owner`, `domain`, or ''."""

    def __init__(self, person: User, why: str) -> None:
        self.person, self.why = person, why


def _why_out(connection: Connection, person: User, is_bound: bool) -> str:
    if is_bound:
        return ""
    if person.role in roles.OWNERS.values():
        return "owner"
    return "" if sso.domain_of(person.email) in connection.domains else "domain"


def _a_way_back(circle: Circle) -> bool:
    """Whether break-glass would open for any owner."""
    owners = _owners(circle).filter(is_active=True)
    found = Authenticator.objects.filter(user__in=owners, type__in=("totp", "webauthn"))
    return bool(found.exists())


def _may_trust(circle: Circle, by: User, trust: Trust) -> None:
    """Raise SsoRefused for roles that `by` may not give, and, as to a customer, for domains in
    which nobody of it has an address."""
    for role in (trust.default_role, *(role for _, role in trust.role_map)):
        if role not in sso.GIVEN[circle.audience] or not roles.may_give(by.role, role):
            raise SsoRefused("bad_role", role=role, roles=", ".join(sso.GIVEN[circle.audience]))
    if circle.customer_id is not None:
        held = circle.people().filter(is_active=True).values_list("email", flat=True)
        sso.checked_owned(trust.domains, held)


def _columns(trust: Trust) -> dict[str, Any]:
    """The trust as a connection's columns; whose people it lets in is told by its customer."""
    return {name: value for name, value in asdict(trust).items() if name != "audience"}


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 < len(name) <= 60 or not name.isprintable():
        raise SsoRefused("bad_name")
    return name


def rewrap_secrets(*, kek: bytes) -> int:
    """Seal this partner's client secrets by the first platform key; how many were not yet.

    Partner's schema. Safe to repeat. Raises CannotOpen for a secret that no key opens.
    """
    several, done = parse_kek(kek), 0
    with transaction.atomic():
        for row in Connection.objects.select_for_update().filter(secret__isnull=False):
            found = sealing.resealed(several, bytes(row.secret or b""), row.id, PURPOSE)
            if found:
                row.secret = found
                row.save(update_fields=["secret"])
                done += 1
    return done


def _sealed(kek: bytes, connection_id: uuid.UUID, secret: str) -> bytes | None:
    return sealing.seal(parse_kek(kek), secret, connection_id, PURPOSE) if secret else None


def _locked(circle: Circle, connection_id: uuid.UUID) -> Connection:
    row = of_circle(circle).select_for_update().filter(pk=connection_id).first()
    if row is None:
        raise SsoRefused("gone")
    return row


def _owners(circle: Circle) -> QuerySet[User]:
    return circle.people().filter(role=roles.OWNERS[circle.audience])


def _one_at_a_time(circle: Circle) -> None:
    # All owners' rows, in one order: whoever counts or enforces waits for the one before.
    list(_owners(circle).select_for_update().order_by("pk"))


def _saved(row: Connection) -> None:
    row.seen = uuid7()
    row.save()


def _trusted(row: Connection) -> tuple[Any, ...]:
    return (row.idp.get("issuer"), *(getattr(row, member) for member in _TRUSTED))


def _facts(trust: Trust) -> dict[str, str]:
    return {"domains": ", ".join(trust.domains), "opens_accounts": str(trust.opens_accounts),
            "default_role": trust.default_role, "second_factor": trust.second_factor}  # fmt: skip


def _log(
    verb: str, row: Connection, actor: str, circle: Circle, now: datetime, **facts: str
) -> None:
    log(circle, verb, row.name, actor, now, connection=str(row.id), **facts)
