"""What the steps of a start are called, why they are worth it, and where each is done."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from portal.rules.onboarding import Checklist, Step


class Wording(NamedTuple):
    """A step's title, what it is for, and the page (url name, permission, label of the link)."""

    title: Any
    why: Any
    url_name: str = ""
    permission: str = ""
    action: Any = ""


PARTNER: dict[str, Wording] = {
    "brand": Wording(
        _("Put on your brand"),
        _("Logo, colour and name on every page, mail and document. It is previewed before anybody "
          "sees it."),
        "partner_brand", "brand.edit", _("Open the editor"),
    ),
    "domain": Wording(
        _("Serve it under your own domain"),
        _("Two DNS records; your customers then never see another name."),
        "partner_domains", "domains.manage", _("Add a domain"),
    ),
    "customer": Wording(
        _("Announce your first customer"),
        _("By hand, from a CSV file, or confirm one that was seen in traffic."),
        "partner_customer_new", "customers.manage", _("Add a customer"),
    ),
    "key": Wording(
        _("Make a key"),
        _("A test key answers at once and costs nothing; a live key is metered."),
        "partner_key_new", "keys.manage", _("Make a key"),
    ),
    "request": Wording(
        _("Send the first request"), _("Ask here when your own cache misses."),
    ),
}  # fmt: skip
CUSTOMER: dict[str, Wording] = {
    "key": Wording(
        _("Make a key"),
        _("A test key answers at once and costs nothing; a live key is metered."),
        "customer_key_new", "my.keys.manage", _("Make a key"),
    ),
    "request": PARTNER["request"],
}  # fmt: skip


def worded(found: Checklist, words: dict[str, Wording]) -> list[tuple[Step, Wording]]:
    """Each step with its words, in order."""
    return [(step, words[step.name]) for step in found.steps]
