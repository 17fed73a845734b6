"""A plan in plain words: what it costs and where it stops, and what a move would change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.queries.plans import OnPlan, VersionView
from billing.rules.plans import Offer
from portal.rules.numbers import grouped
from portal.templatetags.fmt import month
from portal.templatetags.money import price_text

TEMPLATE_NAMES = {
    "pay-as-you-go": (
        gettext_lazy("Pay as you go"),
        gettext_lazy("No fee: each hit has its price."),
    ),
    "growth": (
        gettext_lazy("Growth"),
        gettext_lazy("A fee with requests in it; more is billed."),
    ),
    "fixed": (
        gettext_lazy("Fixed"),
        gettext_lazy("A steady bill: it stops at a quota."),
    ),
}


def offer_lines(offer: Offer, currency: str) -> list[str]:
    """An offer as a list of sentences."""
    facts = {"fee": price_text(offer.fee, currency), "included": grouped(offer.included),
             "over": price_text(offer.overage, currency),
             "gb": price_text(offer.served, currency)}  # fmt: skip
    lines = [_("%(fee)s a month") % facts if offer.fee else _("No monthly fee")]
    if offer.included:
        lines.append(_("%(included)s requests from the cache included a month") % facts)
        lines.append(_("%(over)s for 1,000 beyond them") % facts)
    else:
        lines.append(_("%(over)s for 1,000 requests from the cache") % facts)
    if offer.served:
        lines.append(_("%(gb)s for a GB served") % facts)
    lines.append(stops(offer))
    return lines


def stops(offer: Offer) -> str:
    """The quota and overage policy in one sentence."""
    if offer.lookups is None:
        return _("No quota: what goes beyond is billed")
    return _("From %(n)s lookups a month on, requests are answered as misses") % {
        "n": grouped(offer.lookups)
    }


def title(version: VersionView | None) -> str:
    """`Growth v2`, or that there is none."""
    return _("the price list") if version is None else f"{version.name} v{version.number}"


def choices(versions: Mapping[str, VersionView]) -> list[tuple[str, str]]:
    """Versions in a list to choose from, by key."""
    facts = {
        key: {"plan": title(one), "day": f"{one.valid_from:%Y-%m-%d}"}
        for key, one in versions.items()
    }
    return [(key, _("%(plan)s, from %(day)s") % told) for key, told in facts.items()]


def move_lines(before: OnPlan, after: VersionView | None, starts_at: datetime,
               now: datetime) -> list[str]:  # fmt: skip
    """What a move would change and from when; nothing is changed by saying so."""
    facts = {"old": title(before.now), "new": title(after), "month": month(starts_at)}
    lines = [_("From %(month)s on it pays by %(new)s, until then by %(old)s.") % facts]
    if starts_at <= now:
        lines = [_("The whole of %(month)s, from its first day on, is billed by %(new)s "
                   "instead of %(old)s.") % facts]  # fmt: skip
    lines += terms_lines(after, starts_at, now)[:-1]
    if before.next_at is not None and before.next_at >= starts_at:
        lines.append(_("The move to %(next)s from %(month)s that was planned is taken back.") % {
            "next": title(before.next), "month": month(before.next_at)})  # fmt: skip
    lines.append(_("Invoices that are issued stay as they are."))
    return lines


def terms_lines(after: VersionView | None, starts_at: datetime, now: datetime) -> list[str]:
    """What whoever is moved pays by, and what becomes of its quota and its invoices."""
    lines = offer_lines(after.offer, after.currency) if after else []
    if after is None:
        lines.append(_("Its quota is removed."))
    when = _("within five seconds") if starts_at <= now else _("when the month begins")
    quota = _("The plan's quota takes the place of its present one %(when)s.") % {"when": when}
    return [*lines, quota, _("Invoices that are issued stay as they are.")]
