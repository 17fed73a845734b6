"""An invoice or credit note as the business terms of EN 16931 (BT-1 number, BG-25 lines, …).

Source: EN 16931-1 and its rules as shipped with Factur-X 1.09. A credit note (381) says its amounts
without a sign. Prices are never negative (BR-27): a discount is a negative quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.rules.drafts import CREDIT_NOTE, CUSTOMER_INVOICE, PARTNER_INVOICE
from billing.rules.errors import BillingError
from billing.rules.fields import decimal_text
from billing.rules.money import round_minor, to_major
from tenants.rules.sayings import Said

INVOICE, CREDIT = "380", "381"
STANDARD, EXEMPT, REVERSE, OUTSIDE = "S", "E", "AE", "O"
# UN/ECE Rec 20: gigabyte, one.
_UNITS = {"GB": "E34"}
_ONE = "C62"


class NoEInvoice(BillingError):
    """The document lacks what EN 16931 demands, or is none of its kinds; the message names it."""


def business_terms(document: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical JSON of a document → business terms; amounts as decimal texts in major units.

    Raises NoEInvoice when a mandatory fact (a country, a seller's tax id) is missing.
    """
    if document["kind"] not in (CUSTOMER_INVOICE, PARTNER_INVOICE, CREDIT_NOTE):
        raise NoEInvoice(
            Said(
                "%(number)s is a statement: e-invoices are for invoices.", number=document["number"]
            )
        )
    sign = -1 if document["kind"] == CREDIT_NOTE else 1
    totals, currency = document["totals"], document["currency"]
    taxed = _taxed(document)
    category = next(iter(taxed.values()), (OUTSIDE, ""))[0]
    end = datetime.fromisoformat(document["period"]["end"])
    last_day = (end - timedelta(seconds=1)).date().isoformat()

    def money(minor: int) -> str:
        return format(to_major(sign * minor, currency), "f")

    tax_minor = totals["gross_minor"] - totals["net_minor"]
    return {
        "BT-1": document["number"],
        "BT-2": document["issue_date"],
        "BT-3": CREDIT if sign < 0 else INVOICE,
        "BT-5": currency,
        "BT-9": document["due_date"],
        **({"BT-13": ordered} if (ordered := document["buyer"].get("reference")) else {}),
        "BT-72": last_day,
        "BT-73": document["period"]["start"][:10],
        "BT-74": last_day,
        "BG-1": [{"BT-22": note} for note in document["notes"]],
        "BG-3": _preceding(document),
        "BG-4": _party(document["seller"], "seller", category, document["issuer"]),
        "BG-7": _party(document["buyer"], "buyer", category, ""),
        "BG-23": [
            _breakdown(*_category(tax), money(tax["base_minor"]), money(tax["amount_minor"]))
            for tax in _merged(totals["taxes"])
        ]
        or [_breakdown(OUTSIDE, "", money(totals["net_minor"]), money(tax_minor))],
        "BG-25": [
            _line(line, sign, currency, *taxed[line["position"]])
            for line in document["lines"]
            if not line["memo"]
        ],
        "BT-106": money(totals["net_minor"]),
        "BT-109": money(totals["net_minor"]),
        "BT-110": money(tax_minor),
        "BT-112": money(totals["gross_minor"]),
        "BT-115": money(totals["gross_minor"]),
    }


def _category(tax: Mapping[str, Any]) -> tuple[str, str]:
    """A tax's VAT category and rate."""
    if Decimal(tax["percent"]) > 0:
        return STANDARD, tax["percent"]
    return (REVERSE if "reverse" in tax["label"].lower() else EXEMPT), tax["percent"]


def _merged(taxes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One breakdown per category and rate (BR-S-08 and its like), in the order they come."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for tax in taxes:
        one = found.setdefault(_category(tax), {**tax, "base_minor": 0, "amount_minor": 0})
        one["base_minor"] += tax["base_minor"]
        one["amount_minor"] += tax["amount_minor"]
    return list(found.values())


def _taxed(document: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    """Category and rate of each line: of the one tax, of the tax that names it, or of none."""
    taxes = document["totals"]["taxes"]
    charged = [line["position"] for line in document["lines"] if not line["memo"]]
    if not taxes:
        return dict.fromkeys(charged, (OUTSIDE, ""))
    if len(taxes) > 1 and not all(tax.get("lines") for tax in taxes):
        raise NoEInvoice(
            Said(
                "%(number)s has several taxes, but its lines do not say which.",
                number=document["number"],
            )
        )
    found = {at: _category(tax) for tax in taxes for at in tax.get("lines") or charged}
    if missing := set(charged) - set(found):
        raise NoEInvoice(
            Said(
                "%(number)s: line %(missing)s has no tax beside lines that have one; an e-invoice "
                "can not mix both.",
                number=document["number"],
                missing=min(missing),
            )
        )
    if not _is_vat_id(document["seller"]["tax_id"]):
        raise NoEInvoice(
            Said(
                "%(number)s: the seller's tax ID %(tax_id)s is not a VAT number with its country's "
                "letters, which a taxed e-invoice needs.",
                number=document["number"],
                tax_id=f"{document['seller']['tax_id']!r}",
            )
        )
    return found


def _is_vat_id(text: str) -> bool:
    return len(text) > 4 and text[:2].isalpha() and text[:2].isupper()


def _preceding(document: Mapping[str, Any]) -> list[dict[str, str]]:
    found = document.get("corrects")
    return [{"BT-25": found["number"], "BT-26": found["issue_date"]}] if found else []


def _party(party: Mapping[str, Any], who: str, category: str, identifier: str) -> dict[str, Any]:
    if not party["country"]:
        raise NoEInvoice(
            Said(
                "The %(who)s %(legal_name)s has no country. Add it to its billing facts; it is on "
                "the documents issued afterwards.",
                who=who,
                legal_name=party["legal_name"],
            )
        )
    lines = [*party["address"], "", "", ""]
    facts: dict[str, Any] = {
        "name": party["legal_name"], "country_code": party["country"],
        "addr_l1": lines[0], "addr_l2": lines[1], "addr_l3": lines[2],
    }  # fmt: skip
    if identifier:
        facts["identifiers"] = {None: identifier}
    # BR-O-02: what is outside the scope of VAT names no VAT number.
    if _is_vat_id(party["tax_id"]) and category != OUTSIDE:
        facts["vat_identifier"] = party["tax_id"]
    elif party["tax_id"] and who == "seller":
        facts["tax_identifier"] = party["tax_id"]
    return facts


def _breakdown(category: str, rate: str, base: str, tax: str) -> dict[str, str]:
    reasons = {
        OUTSIDE: "Not subject to VAT",
        EXEMPT: "Exempt from VAT",
        REVERSE: "Reverse charge",
    }
    found = {"BT-116": base, "BT-117": tax, "BT-118": category}
    if category != OUTSIDE:
        found["BT-119"] = rate
    if category in reasons:
        found["BT-120"] = reasons[category]
    return found


def _line(
    line: Mapping[str, Any], sign: int, currency: str, category: str, rate: str
) -> dict[str, Any]:
    quantity, price = _priced(line, sign, currency)
    found = {
        "BT-126": str(line["position"]),
        "BT-129": decimal_text(quantity),
        "BT-130": _UNITS.get(line["unit"], _ONE),
        "BT-131": format(to_major(sign * line["amount_minor"], currency), "f"),
        "BT-146": decimal_text(price),
        "BT-151": category,
        "BT-153": line["description"],
    }
    if category != OUTSIDE:
        found["BT-152"] = rate
    return found


def _priced(line: Mapping[str, Any], sign: int, currency: str) -> tuple[Decimal, Decimal]:
    """Quantity and price as charged when they give the amount; else one (or minus one) of it."""
    amount_minor = sign * line["amount_minor"]
    if line["quantity"] and line["unit_price"]:
        quantity, price = Decimal(line["quantity"]), Decimal(line["unit_price"])
        if round_minor(quantity * price, currency) == amount_minor:
            return quantity, price
    return Decimal(1 if amount_minor >= 0 else -1), to_major(abs(amount_minor), currency)
