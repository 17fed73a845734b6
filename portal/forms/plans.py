"""Forms about plans: what one offers, when its next version begins, who pays by it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.rules.periods import add_months, month_of
from billing.rules.plans import MOST_LOOKUPS, Offer
from portal.forms.fields import area, line, select
from portal.templatetags.fmt import month

SOFT, HARD = "soft", "hard"
MONTHS_AHEAD = 6


def _price(label: Any, help_text: Any, places: int = 6) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, help_text=help_text, min_value=0, max_value=10**9, max_digits=16,
        decimal_places=places, initial=0, widget=line(inputmode="decimal"),
    )  # fmt: skip


class OfferForm(forms.Form):
    """One version's offer; prices in the plan's currency."""

    fee = _price(_("Fee a month"), _("Whether used or not."), places=2)
    included = forms.IntegerField(
        label=_("Included requests a month"), min_value=0, max_value=MOST_LOOKUPS, initial=0,
        widget=line(inputmode="numeric"), help_text=_("Requests answered from the cache."),
    )  # fmt: skip
    overage = _price(_("Beyond them, per 1,000"), _("Requests answered from the cache."))
    served = _price(_("Per GB served"), _("A GB is 10⁹ bytes."))
    policy = forms.ChoiceField(
        label=_("Beyond what is included"), initial=SOFT,
        choices=[(SOFT, _("Soft: go on, and bill it")),
                 (HARD, _("Hard: from so many lookups a month on, every request is a miss"))],
        widget=select(),
    )  # fmt: skip
    lookups = forms.IntegerField(
        label=_("Lookups a month"), min_value=1, max_value=MOST_LOOKUPS, required=False,
        widget=line(inputmode="numeric"), help_text=_("Only where it stops hard: hits and misses "
                                                        "together."),
    )  # fmt: skip

    seen = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput())

    def clean(self) -> dict[str, Any]:
        """A hard plan says where it stops."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("policy") == HARD and given.get("lookups") is None:
            self.add_error("lookups", _("Say from how many lookups on."))
        return given

    def offer(self) -> Offer:
        """What was written."""
        given = self.cleaned_data
        return Offer(given["fee"], given["included"], given["overage"], given["served"],
                     given["lookups"] if given["policy"] == HARD else None)  # fmt: skip

    @staticmethod
    def first(offer: Offer) -> dict[str, Any]:
        """An offer as the fields' first values."""
        prices = {name: _plain(getattr(offer, name)) for name in ("fee", "overage", "served")}
        return {**prices, "included": offer.included, "lookups": offer.lookups,
                "policy": SOFT if offer.lookups is None else HARD}  # fmt: skip


class NewPlanForm(OfferForm):
    """A plan's name and first offer."""

    name = forms.CharField(label=_("Name"), max_length=80, widget=line(),
                           help_text=_("Your customers see it on their plan page."))  # fmt: skip
    field_order = ("name",)


class MonthForm(forms.Form):
    """The month that something begins with."""

    starts = forms.ChoiceField(label=_("From the first of"),
                               widget=select())  # fmt: skip

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        this = month_of(now).start
        starts = [add_months(this, n) for n in range(MONTHS_AHEAD + 1)]
        self._starts = {f"{at:%Y-%m}": at for at in starts}
        field: Any = self.fields["starts"]
        field.choices = [(key, month(at)) for key, at in self._starts.items()]
        field.initial = f"{starts[1]:%Y-%m}"

    def starts_at(self) -> datetime:
        """The instant chosen."""
        return self._starts[self.cleaned_data["starts"]]


class MoveForm(MonthForm):
    """The version that a customer shall pay by; empty for the price list."""

    version = forms.ChoiceField(label=_("Plan"), required=False,
                                widget=select())  # fmt: skip
    field_order = ("version", "starts")

    def __init__(self, *args: Any, versions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["version"]
        field.choices = [("", _("No plan: by the price list")), *versions]


class AskForm(forms.Form):
    """What a customer wants of its plan."""

    wish = forms.CharField(
        label=_("What do you need?"), max_length=1000, required=False, widget=area(3),
    )  # fmt: skip


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
