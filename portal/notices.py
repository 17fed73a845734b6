"""Mail about webhooks and alerts, in the partner's brand: whom it goes to, and what it says."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cache_api.models import AlertFiring, HookEndpoint
from portal.words import alerts
from portal.words.told import retold
from tenants import queries
from tenants.accounts.models import Overlay, User
from tenants.gateways.mail import send_each
from tenants.resolve import brand_of_partner
from tenants.rules import roles
from tenants.rules.brand import Brand

# Subject and text, made anew for each reader in the language of theirs.
Words = Callable[[], tuple[str, str]]


@dataclass(frozen=True)
class House:
    """Whose mail it is and where its pages are."""

    brand: Brand
    root: str
    partner_id: uuid.UUID


def house_of(partner_id: uuid.UUID) -> House | None:
    """How the partner's mails look and the address of its portal; None when it is gone."""
    brand = brand_of_partner(partner_id)
    return House(brand, queries.site(partner_id), partner_id) if brand else None


def told_about_endpoint(house: House, row: HookEndpoint) -> bool:
    """Mail that it fails or is disabled; False when the server took none."""
    path = f"/{_place(row.customer_id)}webhooks/{row.id}/"

    def words() -> tuple[str, str]:
        facts = {"url": row.url, "why": retold(row.disabled_reason)}
        if row.notice == "disabled":
            subject = _("A webhook is disabled: %(url)s")
            text = _("We send no more to %(url)s: %(why)s. What it missed can be sent again for 30 "
                     "days, once it is enabled.")  # fmt: skip
        else:
            subject = _("A webhook fails: %(url)s")
            text = _("%(url)s has taken nothing for a day. We try on; after three days of failures "
                     "it is disabled.")  # fmt: skip
        return subject % facts, text % facts

    return _send_kind(house, row.customer_id, "webhooks", words, path)


def told_about_firing(house: House, row: AlertFiring) -> bool:
    """Mail that an alert fired; False when the server took none."""
    alert = row.alert

    def words() -> tuple[str, str]:
        facts = {"name": alert.name, "step": alerts.step(row.step),
                 "value": alerts.value(row.value), "period": row.period,
                 "limit": alerts.limit(alert.kind, alert.limit)}  # fmt: skip
        subject = _("Alert: %(name)s, %(step)s") % facts
        text = _("%(name)s fired (%(step)s): %(value)s in %(period)s; you set %(limit)s.") % facts
        return subject, text

    return _send_kind(house, alert.owner_id, "alerts", words, f"/{_place(alert.owner_id)}alerts/")


def told_about_overlay(house: House, row: Overlay) -> bool:
    """Mail the customer's owners that somebody of the partner looks at their portal, and why."""
    facts = {"who": row.viewer, "product": house.brand.product_name, "reason": row.reason,
             "until": f"{row.ends_at.astimezone(UTC):%H:%M}", "ticket": row.ticket}  # fmt: skip

    def words() -> tuple[str, str]:
        subject = _("%(product)s: support looks at your portal") % facts
        text = _("%(who)s of %(product)s sees your portal as you do, until %(until)s UTC at the "
                 "latest. Nothing can be changed that way, and every page is written down.\n\n"
                 "Reason: %(reason)s") % facts  # fmt: skip
        if row.ticket:
            text += "\n" + _("Ticket: %(ticket)s") % facts
        return subject, text

    return _send(house, row.customer_id, "team.manage", words, "/activity/")


def told_of_plan_request(house: House, who: str, wish: str, path: str) -> bool:
    """Mail the partner's owners that a customer wants more; False when the server took none."""
    facts = {"who": who, "wish": wish or "–"}

    def words() -> tuple[str, str]:
        text = _("%(who)s asks for another plan or a larger quota. It wrote:\n\n%(wish)s") % facts
        return _("%(who)s asks for more") % facts, text

    people = User.objects.filter(is_active=True, customer_id=None,
                                 role=roles.OWNERS[roles.Audience.PARTNER])  # fmt: skip
    return _send_to(people, house, words, path)


def _place(customer: uuid.UUID | None) -> str:
    return "manage/" if customer is None else ""


def _send(
    house: House, customer: uuid.UUID | None, permission: str, words: Words, path: str
) -> bool:  # fmt: skip
    name = permission if customer is None else f"my.{permission}"
    people = User.objects.filter(is_active=True, customer_id=customer)
    return _send_to(people.filter(role__in=roles.holders(name)), house, words, path)


def _send_kind(
    house: House, customer: uuid.UUID | None, kind: str, words: Words, path: str
) -> bool:  # fmt: skip
    people = User.objects.who_get(kind, queries.bounced_addresses(house.partner_id))
    people = people.filter(customer_id=customer)
    return _send_to(people, house, words, path)


def _send_to(people: QuerySet[User], house: House, words: Words, path: str) -> bool:
    def signed() -> tuple[str, str]:
        subject, text = words()
        return subject, f"{text}\n\n{house.root}{path}\n\n{house.brand.product_name}\n"

    to = people.values_list("email", "language")
    taken = send_each(to, brand=house.brand, home=house.root, words=signed)
    # One bad mailbox must not have the others told again and again.
    return any(taken) or not taken
