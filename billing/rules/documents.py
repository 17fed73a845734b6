"""The canonical JSON of an issued document: these bytes, with their sha256, are the document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import rfc8785

from billing.rules.drafts import (
    CREDIT_NOTE,
    CUSTOMER_INVOICE,
    PARTNER_INVOICE,
    Draft,
    DraftLine,
    TaxLine,
)
from billing.rules.errors import BadTerms
from billing.rules.fields import instant_text
from billing.rules.money import exponent

SCHEMA = "agentcache.document/1"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_NO_LINES = b'"lines":[]'
_TITLES = {
    CUSTOMER_INVOICE: "Invoice",
    PARTNER_INVOICE: "Partner invoice",
    CREDIT_NOTE: "Credit note",
}


@dataclass(frozen=True, slots=True)
class Party:
    """A legal person as printed: `address` in lines, `country` ISO 3166 alpha-2.

    `reference` is what a buyer asks to read on each invoice (a cost centre, a Leitweg-ID),
    `purchase_order` the number of its order.
    """

    legal_name: str
    address: tuple[str, ...] = ()
    country: str = ""
    tax_id: str = ""
    email: str = ""
    reference: str = ""
    purchase_order: str = ""


@dataclass(frozen=True, slots=True)
class Brand:
    """What the document wears; the seller is named beside it. `primary_hex` is #rrggbb.

    `font` is a name of `tenants.rules.brand.FONTS`, `logo` the name of a kept file (of its bytes).
    """

    name: str
    primary_hex: str
    tagline: str = ""
    support_email: str = ""
    support_url: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    font: str = ""
    logo: str = ""
    mail_sender: str = ""
    powered_by: bool = False

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.primary_hex):
            raise BadTerms(f"A brand colour is written #rrggbb, not {self.primary_hex!r}.")


@dataclass(frozen=True, slots=True)
class Corrected:
    """The earlier document a credit note corrects; `issue_date` is YYYY-MM-DD."""

    number: str
    issue_date: str
    sha256: str


def _line(line: DraftLine) -> dict[str, Any]:
    data = asdict(line)
    data["start"], data["end"] = instant_text(line.start), instant_text(line.end)
    data["explanation"] = list(line.explanation)
    return data


def _brand(brand: Brand) -> dict[str, Any]:
    """What came later is written only where it says something: older documents stay the same."""
    first = ("name", "primary_hex", "tagline", "support_email")
    return {name: value for name, value in asdict(brand).items() if value or name in first}


def _party(party: Party) -> dict[str, Any]:
    """An order is written only where there is one: papers without it stay the same."""
    facts = {**asdict(party), "address": list(party.address)}
    if not party.purchase_order:
        del facts["purchase_order"]
    return facts


def party_of(facts: Mapping[str, Any]) -> Party:
    """A party from its JSON."""
    return Party(**{**facts, "address": tuple(facts["address"])})


def _tax(tax: TaxLine) -> dict[str, Any]:
    data = asdict(tax)
    lines = data.pop("lines")
    return {**data, **({"lines": list(lines)} if lines else {})}


def _totals(draft: Draft) -> dict[str, Any]:
    statement = asdict(draft.statement) if draft.statement else None
    due = draft.statement.payable_minor if draft.statement else draft.gross_minor
    return {
        "net_minor": draft.net_minor,
        "taxes": [_tax(tax) for tax in draft.taxes],
        "gross_minor": draft.gross_minor,
        "due_minor": due,
        "shadow_minor": draft.shadow_minor,
        "statement": statement,
    }


def document_title(draft: Draft) -> str:
    """What the document is called; a negative invoice is a credit note."""
    if draft.statement is not None:
        return "Payout statement"
    return "Credit note" if draft.gross_minor < 0 else _TITLES[draft.kind]


def _figures(draft: Draft, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "currency": draft.currency,
        "currency_decimals": exponent(draft.currency),
        "lines": lines,
        "totals": _totals(draft),
        "terms": {
            "kind": draft.terms_kind,
            "collects": draft.collects,
            "principal": draft.principal,
            "payment_days": draft.payment_days,
        },
    }


def document_json(
    draft: Draft,
    *,
    number: str,
    issued_at: datetime,
    due_date: date,
    seller: Party,
    buyer: Party,
    brand: Brand,
    bank: str = "",
    notes: tuple[str, ...] = (),
    language: str = "en",
    corrects: Corrected | None = None,
    lines: bool = True,
) -> dict[str, Any]:
    """Every fact of an issued document as plain JSON values; amounts in minor units.

    `bank`: how to pay, as printed; `language`: in which figures and dates are written; `corrects`:
    the invoice a credit note takes back from; `lines`: with them (see `document_pieces`). Raises
    InvariantBroken when the draft does not sum.
    """
    draft.check()
    return {
        "schema": SCHEMA,
        "language": language,
        "kind": draft.kind,
        "title": document_title(draft),
        "number": number,
        "issuer": draft.issuer,
        "issued_at": issued_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "issue_date": f"{issued_at:%Y-%m-%d}",
        "due_date": due_date.isoformat(),
        "period": {
            "label": draft.period.label,
            "start": instant_text(draft.period.start),
            "end": instant_text(draft.period.end),
        },
        "brand": _brand(brand),
        "seller": _party(seller),
        "buyer": _party(buyer),
        **_figures(draft, [_line(line) for line in draft.lines] if lines else []),
        "bank": bank,
        "notes": [*draft.notes, *notes],
        **({"corrects": asdict(corrects)} if corrects else {}),
    }


def document_pieces(draft: Draft, **facts: Any) -> Iterator[bytes]:
    """`canonical_bytes(document_json(draft, …))`, line by line: a partner's document may name any
    number of customers. Raises as those two do."""
    head = canonical_bytes(document_json(draft, lines=False, **facts))
    before, after = head.split(_NO_LINES, 1)  # the first: members are in order, notes come later
    yield before + _NO_LINES[:-1]
    for number, line in enumerate(draft.lines):
        yield (b"," if number else b"") + canonical_bytes(_line(line))
    yield b"]" + after


def canonical_bytes(document: dict[str, Any]) -> bytes:
    """RFC 8785 bytes: equal documents give equal bytes. Raises BadTerms for what JSON lacks."""
    try:
        return rfc8785.dumps(document)
    except rfc8785.CanonicalizationError as error:
        raise BadTerms(f"The document cannot be written as canonical JSON: {error}") from error


def sha256_hex(data: bytes) -> str:
    """Fingerprint printed with and stored beside a document."""
    return hashlib.sha256(data).hexdigest()
