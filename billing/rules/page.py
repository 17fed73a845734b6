"""A document as it is read: every figure and date written out once, for page and PDF alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal, get_currency_symbol

from billing.rules.explain import grouped
from billing.rules.money import Money
from billing.rules.money_text import format_money, format_price

JSON = Mapping[str, Any]
Say = Callable[[str], str]
# A figure inside a text: its sign and currency, and what stands before and after the point.
_FIGURE = re.compile(r"(?<![\w.,-])(?P<mark>[$€£¥]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)"
                     r"(?P<rest>\.\d+)?(?![\w.,-]*\w)")  # fmt: skip
STATEMENT_MEMBERS = (
    "opening_minor", "paid_minor", "shares_minor", "adjustments_minor", "fees_minor", "tax_minor",
    "netting_minor", "closing_minor", "payable_minor", "carried_minor",
)  # fmt: skip
# Shown even when zero: the balance a statement opens and closes with, and what it pays.
_ALWAYS = ("opening_minor", "shares_minor", "closing_minor", "payable_minor")


class _Writer:
    """Figures and dates in one document's language and currency."""

    def __init__(self, document: JSON) -> None:
        self.locale: str = document["language"]
        self.currency: str = document["currency"]

    def money(self, amount_minor: int) -> str:
        # A true minus lines up with the digits; a hyphen does not.
        text = format_money(Money(amount_minor, self.currency), self.locale)
        return text.replace("-", "\u2212")

    def price(self, price: str | None) -> str:
        return "" if price is None else format_price(Decimal(price), self.currency, self.locale)

    def day(self, text: str) -> str:
        return format_date(date.fromisoformat(text[:10]), "long", locale=self.locale)

    def month(self, text: str) -> str:
        return format_skeleton("yMMMM", datetime.fromisoformat(text), locale=self.locale)

    def figures(self, text: str) -> str:
        """A text of the arithmetic, which is kept with English figures."""
        return text if self.locale.startswith("en") else _FIGURE.sub(self._figure, text)

    def _figure(self, found: re.Match[str]) -> str:
        number = Decimal(found["whole"].replace(",", "") + (found["rest"] or ""))
        if not found["mark"]:
            return format_decimal(number, locale=self.locale, decimal_quantization=False)
        if found["mark"] != get_currency_symbol(self.currency, "en_US"):
            return found[0]
        return format_price(number, self.currency, self.locale)

    def span(self, start: str, end: str) -> str:
        """Both instants to the hour; the end is the first moment not covered."""
        return " – ".join(
            f"{format_date(at, 'd MMM y', locale=self.locale)} {at:%H:%M}"
            for at in map(datetime.fromisoformat, (start, end))
        )


def _party(party: JSON, write: _Writer) -> dict[str, Any]:
    names = Locale.parse(write.locale).territories
    return {**party, "country_name": names.get(party["country"], party["country"])}


def _period(document: JSON, write: _Writer) -> str:
    period = document["period"]
    if len(period["label"]) == len("2026-10"):
        return write.month(period["start"])
    return write.span(period["start"], period["end"]) + " UTC"


def _quantity(line: JSON, write: _Writer, say: Say) -> str:
    if not line["quantity"]:
        return ""
    return f"{write.figures(grouped(line['quantity']))} {say(line['unit'])}"


def _line(
    line: JSON, before: JSON | None, document: JSON, write: _Writer, say: Say
) -> dict[str, Any]:
    customer = line["customer_name"] or line["customer_external_id"]
    same = before is not None and before["customer_external_id"] == line["customer_external_id"]
    repeated = same and before is not None and before["explanation"] == line["explanation"]
    whole = (line["start"], line["end"]) == (document["period"]["start"], document["period"]["end"])
    shown_value = line["memo"] or line["kind"] in ("share", "fees")
    return {
        "position": line["position"],
        "kind": line["kind"],
        "description": say(line["description"]),
        # Customers head their lines where a document speaks of several.
        "customer": "" if same or document["kind"] == "customer_invoice" else customer,
        "span": "" if whole else write.span(line["start"], line["end"]),
        "quantity": _quantity(line, write, say),
        "unit_price": write.price(line["unit_price"]),
        "explanation": [] if repeated else [write.figures(say(one)) for one in line["explanation"]],
        "base": write.money(line["value_minor"]) if shown_value else "",
        "amount": "" if line["memo"] else write.money(line["amount_minor"]),
        "memo": line["memo"],
        "leads": not same,
        "rated_line_key": line["rated_line_key"],
    }


def _totals(document: JSON, write: _Writer, say: Say) -> dict[str, Any]:
    totals = document["totals"]
    statement = totals["statement"]
    shown = statement and {
        name.removesuffix("_minor"): write.money(statement[name])
        for name in STATEMENT_MEMBERS
        if statement[name] or name in _ALWAYS
    }
    return {
        "net": write.money(totals["net_minor"]),
        "taxes": [
            {
                "label": say(tax["label"]),
                "percent": tax["percent"],
                "base": write.money(tax["base_minor"]),
                "amount": write.money(tax["amount_minor"]),
            }
            for tax in totals["taxes"]
        ],
        "gross": write.money(totals["gross_minor"]),
        "due": write.money(totals["due_minor"]),
        "shadow": write.money(totals["shadow_minor"]) if totals["shadow_minor"] else "",
        "statement": shown,
    }


def document_page(document: JSON, say: Say = str) -> dict[str, Any]:
    """Canonical JSON of a document → texts, grouped and ordered as page and PDF print them.

    Nothing is computed here: only written out, so both always show the document's own figures.
    `say`: a text of the document (`paper_words`) in the document's language.
    """
    write = _Writer(document)
    lines = document["lines"]
    befores = [None, *lines][: len(lines)]
    brand, seller = document["brand"], document["seller"]
    return {
        **{name: document[name] for name in
           ("language", "kind", "number", "currency", "brand", "bank")},
        "title": say(document["title"]),
        "notes": [say(note) for note in document["notes"]],
        "seller": _party(seller, write),
        "buyer": _party(document["buyer"], write),
        "issue_date": write.day(document["issue_date"]),
        "due_date": write.day(document["due_date"]),
        "period": _period(document, write),
        "sold_by": "" if brand["name"] == seller["legal_name"] else seller["legal_name"],
        "is_statement": document["totals"]["statement"] is not None,
        "has_base": any(line["kind"] in ("share", "shadow") for line in lines),
        "lines": [_line(line, before, document, write, say)
                  for line, before in zip(lines, befores, strict=True)],
        "totals": _totals(document, write, say),
    }  # fmt: skip
