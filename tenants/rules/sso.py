"""Single sign-on: what a provider's answer says about a person, and what that opens here.

Both protocols are brought into one form, `Claims`; `placed` decides what a login does. A
connection is the partner's, for its staff, or one customer's, for that customer's people. Nobody
gets an owner's role or account by it: an owner binds the own account, signed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenants.rules import roles
from tenants.rules.roles import Audience

LIFE_MINUTES = 10  # from the start of a way to the provider until its answer is too late
BREAK_GLASS_MINUTES = 60
MOST_DOMAINS, MOST_MAPPINGS = 20, 50
MOST_METADATA = 256 * 1024  # bytes
SECOND_FACTOR = ("never", "claimed", "always")
# The roles that a connection of an audience may give to a new account.
GIVEN: dict[Audience, tuple[str, ...]] = {
    audience: tuple(role for role in roles.PERMISSIONS[audience] if role != roles.OWNERS[audience])
    for audience in (Audience.PARTNER, Audience.CUSTOMER)
}
# Mailboxes that anybody opens: an address there says nothing about a company.
PUBLIC_MAIL = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com",
    "icloud.com", "me.com", "aol.com", "gmx.de", "gmx.net", "gmx.com", "web.de", "t-online.de",
    "proton.me", "protonmail.com", "mail.com", "yandex.com", "qq.com", "163.com",
})  # fmt: skip
# Ways to say "more than a password": amr (RFC 8176), acr and SAML's contexts.
_STRONG = frozenset({
    "mfa", "phr", "phrh", "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
    "https://refeds.org/profile/mfa", "http://schemas.microsoft.com/claims/multipleauthn",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
})  # fmt: skip
_EMAIL_NAMES = (
    "email", "mail", "emailaddress", "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)  # fmt: skip
_NAME_NAMES = (
    "name", "displayname", "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.microsoft.com/identity/claims/displayname",
)  # fmt: skip
_METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"
_AS_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
_EMAIL = re.compile(r"[^@\s]{1,64}@([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_KEPT_CLAIMS, _KEPT_VALUES, _KEPT_TEXT = 40, 300, 200


class SsoRefused(ValueError):
    """A login or a setting that is not accepted; `code` names why, `facts` fill its words."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(frozen=True)
class Claims:
    """What the provider says, whichever protocol it speaks. `values` holds every claim as texts."""

    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    strong: bool = False
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    answer_id: str = ""

    def shown(self) -> dict[str, list[str]]:
        """The claims as a page shows them and a row keeps them: cut where they are long."""
        kept = list(self.values.items())[:_KEPT_CLAIMS]
        return {key[:_KEPT_TEXT]: [one[:_KEPT_TEXT] for one in texts[:_KEPT_VALUES]]
                for key, texts in kept}  # fmt: skip


@dataclass(frozen=True)
class Trust:
    """What a connection's owner decided; `audience` says whose people it lets in."""

    domains: Sequence[str]
    trusts_email: bool
    opens_accounts: bool
    default_role: str
    role_claim: str = ""
    role_map: Sequence[Sequence[str]] = ()  # (value, role), the first that matches counts
    second_factor: str = "never"
    audience: Audience = Audience.PARTNER

    @property
    def given(self) -> tuple[str, ...]:
        """The roles that a new account may get."""
        return GIVEN[self.audience]


@dataclass(frozen=True)
class Person:
    """Somebody who has an account or an invitation on this host; `is_ours`: of the connection's
    own circle, the partner's staff or one customer's people."""

    role: str
    is_active: bool = True
    is_ours: bool = True


@dataclass(frozen=True)
class Place:
    """What a login does: `known` or `bind` (to an account there is), or `open` one with `role`."""

    how: str
    role: str = ""


def oidc_claims(token: Mapping[str, Any], profile: Mapping[str, Any]) -> Claims:
    """The claims of a verified ID token; `profile` (the userinfo answer) fills what it lacks."""
    every = {**profile, **token}
    methods = [*_texts(every.get("amr")), *_texts(every.get("acr"))]
    return Claims(
        subject=str(token["sub"]), email=_email(every.get("email")),
        email_verified=every.get("email_verified") in (True, "true"),
        name=_texts(every.get("name"))[0][:120] if _texts(every.get("name")) else "",
        strong=not _STRONG.isdisjoint(methods),
        values={key: _texts(value) for key, value in every.items() if key not in _NOT_SHOWN},
        answer_id=str(token.get("jti") or ""),
    )  # fmt: skip


_NOT_SHOWN = frozenset({"nonce", "at_hash", "c_hash", "sid", "jti"})


def saml_claims(
    *, name_id: str, name_format: str, attributes: Mapping[str, Sequence[Any]],
    contexts: Sequence[str], answer_id: str,
) -> Claims:  # fmt: skip
    """The claims of a verified assertion. Raises SsoRefused for a name that changes each time."""
    if not name_id.strip() or name_format == _TRANSIENT:
        raise SsoRefused("transient")
    values = {key: _texts(list(found)) for key, found in attributes.items()}
    by_name = {key.lower(): found for key, found in values.items() if found}
    named = next((by_name[one][0] for one in _EMAIL_NAMES if one in by_name), "")
    if not named and name_format == _AS_EMAIL:
        named = name_id
    methods = [*contexts, *values.get(_METHODS, [])]
    return Claims(
        subject=name_id.strip(), email=_email(named),
        name=next((by_name[one][0] for one in _NAME_NAMES if one in by_name), "")[:120],
        strong=not _STRONG.isdisjoint(methods),
        values={"NameID": [name_id], "AuthnContext": list(contexts), **values},
        answer_id=answer_id,
    )  # fmt: skip


def domain_of(email: str) -> str:
    """What stands behind the @."""
    return email.rpartition("@")[2].lower()


def checked_domains(text: str) -> list[str]:
    """E-mail domains from a form, one a line or apart by commas. Raises SsoRefused."""
    found = [one.strip().lstrip("@").lower() for one in re.split(r"[\s,;]+", text) if one.strip()]
    for one in found:
        if len(one) > 253 or not _DOMAIN.fullmatch(one):
            raise SsoRefused("bad_domain", domain=one[:80])
        if one in PUBLIC_MAIL:
            raise SsoRefused("public_mail", domain=one)
    if not found:
        raise SsoRefused("no_domains")
    if len(found) > MOST_DOMAINS:
        raise SsoRefused("many_domains", most=MOST_DOMAINS)
    return sorted(set(found))


def checked_owned(domains: Sequence[str], held: Iterable[str]) -> None:
    """Raise SsoRefused for a domain in which none of `held`, addresses of the circle, lies.

    For customers, who share a partner's host: each address came in by a link mailed to it, so that
    nobody speaks for a company's addresses without having one.
    """
    own = {domain_of(email) for email in held}
    for one in domains:
        if one not in own:
            raise SsoRefused("foreign_domain", domain=one)


def checked_mapping(text: str, given: Sequence[str]) -> list[list[str]]:
    """`value = role` lines of a form, in their order. Raises SsoRefused for a role not `given`."""
    found: list[list[str]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        value, equals, role = (part.strip() for part in line.rpartition("="))
        if not equals or not value or len(value) > _KEPT_TEXT:
            raise SsoRefused("bad_mapping", line=line[:80])
        if role not in given:
            raise SsoRefused("bad_role", role=role[:40], roles=", ".join(given))
        found.append([value, role])
    if len(found) > MOST_MAPPINGS:
        raise SsoRefused("many_mappings", most=MOST_MAPPINGS)
    return found


def role_for(claims: Claims, trust: Trust) -> str:
    """The role of a new account: the first line of the mapping that matches, or the default."""
    held = set(claims.values.get(trust.role_claim, ())) if trust.role_claim else set()
    role = next((role for value, role in trust.role_map if value in held), "")
    role = role or trust.default_role
    if role not in trust.given:
        raise SsoRefused("role_not_given", role=role)
    return role


def vouched(claims: Claims, trust: Trust) -> None:
    """Raise SsoRefused unless the address is one that the provider may speak for."""
    if not claims.email:
        raise SsoRefused("no_email")
    if domain_of(claims.email) not in trust.domains:
        raise SsoRefused("other_domain", domain=domain_of(claims.email))
    if not (claims.email_verified or trust.trusts_email):
        raise SsoRefused("unverified", email=claims.email)


def placed(
    claims: Claims, trust: Trust, *, known: Person | None, by_mail: Person | None,
    bound_already: bool, invited: Person | None,
) -> Place:  # fmt: skip
    """What a login with these claims does. Raises SsoRefused.

    `known` is who the subject is bound to, `by_mail` who has the address here, `bound_already`
    whether that person is bound to another subject, `invited` who is invited by it.
    """
    if known is not None:
        _of_circle(known)
        return Place("known")
    vouched(claims, trust)
    if by_mail is None:
        if invited is not None and not (invited.is_ours and invited.role in trust.given):
            raise SsoRefused("invited_otherwise", email=claims.email)
        if invited is not None:
            return Place("open", invited.role)
        if not trust.opens_accounts:
            raise SsoRefused("unknown", email=claims.email)
        return Place("open", role_for(claims, trust))
    _of_circle(by_mail)
    if by_mail.role not in trust.given:
        raise SsoRefused("owner_binds", email=claims.email)
    if bound_already:
        raise SsoRefused("bound_to_other", email=claims.email)
    return Place("bind")


def counts_as_second_factor(claims: Claims, trust: Trust) -> bool:
    """Whether this login needs no second factor of ours."""
    return trust.second_factor == "always" or (trust.second_factor == "claimed" and claims.strong)


def _of_circle(person: Person) -> None:
    if not person.is_active:
        raise SsoRefused("deactivated")
    if not person.is_ours:
        raise SsoRefused("other_circle")


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [str(value)]


def _email(value: Any) -> str:
    text = str(value or "").strip().lower()
    return text if len(text) <= 254 and _EMAIL.fullmatch(text) else ""
