"""What the editor's preview shows: invented figures on a page, in a mail and on an invoice."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from portal.rules.charts import Series
from portal.rules.figures import Axis, line_figure, stacked_figure

DAYS = tuple(f"{day} Nov" for day in range(1, 15))
EXACT = (41, 44, 39, 47, 52, 30, 28, 49, 55, 58, 61, 57, 36, 40)
SEMANTIC = (18, 21, 17, 22, 25, 12, 11, 24, 27, 26, 30, 29, 15, 19)
MISSES = (35, 33, 36, 31, 30, 22, 21, 30, 27, 26, 24, 25, 19, 20)
_PERIOD = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")


def axis() -> Axis:
    """Fourteen days."""
    return Axis(DAYS, DAYS, _("Day"))


def requests_chart() -> Any:
    """Hits, exact and semantic, and misses, stacked."""
    series = [
        Series(_("Exact hits"), tuple(map(float, EXACT)), "exact"),
        Series(_("Semantic hits"), tuple(map(float, SEMANTIC)), "semantic"),
        Series(_("Misses"), tuple(map(float, MISSES)), "miss"),
    ]
    return stacked_figure("sample-requests", _("Requests by outcome"), _("A sample."), axis(),
                          series, text=_thousands)  # fmt: skip


def series_chart() -> Any:
    """All eight series as lines, to see that they can be told apart."""
    series = [
        Series(_("Series %d") % number,
               tuple(float(value * (10 - number)) for value in EXACT), str(number))
        for number in range(1, 9)
    ]  # fmt: skip
    return line_figure("sample-series", _("Eight series"), _("A sample."), axis(), series,
                       text=_thousands)  # fmt: skip


def empty_chart() -> Any:
    """A chart of a range in which nothing happened."""
    series = [Series(_("Hits"), (0.0,) * len(DAYS), "exact")]
    return stacked_figure("sample-empty", _("Requests by outcome"), "", axis(), series,
                          text=_thousands)  # fmt: skip


def dashboard() -> dict[str, Any]:
    """An overview that nobody has: its menu leads nowhere."""
    return {"chart": requests_chart(), "spark": EXACT, "audience": "partner"}


def mail(product: str) -> tuple[str, str]:
    """Subject and text of a sample mail."""
    text = _("Grace invites you to %(product)s.\n\n"
             "Open your account here (the link works once, for seven days):\n\n"
             "https://example.com/accounts/invitation/sample/\n\n"
             "You did not expect this? Then nothing has to be done.")  # fmt: skip
    return (_("%(product)s: you are invited") % {"product": product}, text % {"product": product})


def bare(name: str) -> dict[str, Any]:
    """What documents wear of a partner that has no look yet."""
    return {"name": name, "primary_hex": "#334155"}


def invoice(brand: dict[str, Any]) -> dict[str, Any]:
    """A document's JSON with two lines; `brand` as documents hold it."""
    blank = {"country": "US", "tax_id": "", "email": "", "reference": ""}
    return {
        "language": "en", "kind": "customer_invoice", "title": "Invoice", "number": "SAMPLE-0001",
        "currency": "USD", "bank": "", "notes": [_("A sample: nothing is owed.")],
        "brand": {"tagline": "", "support_email": "", **brand},
        "seller": {**blank, "legal_name": "AgentCache, Inc.", "address": ["1 Sample Street"]},
        "buyer": {**blank, "legal_name": "Acme Robotics", "address": ["2 Sample Road"]},
        "issued_at": "2026-11-02T06:00:00Z", "issue_date": "2026-11-02", "due_date": "2026-12-02",
        "period": {"label": "2026-10", "start": _PERIOD[0], "end": _PERIOD[1]},
        "lines": [_line(1, _("Exact hits"), 1_204_118, "0.0008", 96329),
                  _line(2, _("Semantic hits"), 388_402, "0.0012", 46608)],
        "totals": {"net_minor": 142937, "gross_minor": 142937, "due_minor": 142937, "taxes": [],
                   "shadow_minor": 0, "statement": None},
    }  # fmt: skip


def _line(position: int, what: str, quantity: int, price: str, minor: int) -> dict[str, Any]:
    return {
        "position": position, "kind": "usage", "description": what, "memo": False,
        "customer_name": "Acme Robotics", "customer_external_id": "acme", "quantity": quantity,
        "unit": _("requests"), "unit_price": price, "value_minor": minor, "amount_minor": minor,
        "start": _PERIOD[0], "end": _PERIOD[1], "rated_line_key": str(position),
        "explanation": [f"{quantity:,} × {price}"],
    }  # fmt: skip


def _thousands(value: float) -> str:
    return f"{value:.0f}k"
