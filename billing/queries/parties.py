"""Who sells and who buys, from the frozen names of a run."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from billing.rules.documents import Brand, Party, party_of
from billing.rules.drafts import Draft

PLATFORM_ISSUER = "platform"
NEUTRAL_HEX = "#334155"


def issuer_of(draft: Draft, parties: dict[str, Any]) -> str:
    """Whose number series a document takes: the platform's, or the partner's own by slug."""
    return PLATFORM_ISSUER if draft.issuer == "platform" else str(parties["partner_slug"])


def seller_of(draft: Draft, parties: dict[str, Any]) -> Party:
    """The legal seller; it is named whatever brand the document wears."""
    return party_of(parties["platform" if draft.issuer == "platform" else "partner"])


def buyer_of(draft: Draft, parties: dict[str, Any]) -> Party:
    """The customer, or the partner on its own invoice and statement."""
    if draft.customer_id is None:
        return party_of(parties["partner"])
    return party_of(parties["customers"][draft.customer_id])


def buyer_name(draft: Draft, parties: dict[str, Any]) -> str:
    """The buyer's legal name."""
    return buyer_of(draft, parties).legal_name


def language_of(draft: Draft, parties: dict[str, Any]) -> str:
    """The language of a paper: a partner's own papers come in the one that it chose."""
    return "en" if draft.customer_id else str(parties.get("partner_language", "en"))


def brand_of(parties: dict[str, Any]) -> Brand:
    """The partner's brand, which all its documents wear."""
    facts = parties["brand"]
    return Brand(**{**facts, "primary_hex": facts["primary_hex"] or NEUTRAL_HEX})


class FrozenCustomers(Mapping[str, Any]):
    """The customers' names as their frozen JSON, of which one at a time is read: any number of
    customers takes little more memory than the text itself."""

    def __init__(self, text: str, start: int) -> None:
        """`start`: where the object of customers opens in the text."""
        self._text, self._places, self.end = text, dict[str, int](), start + 1
        while text[self.end] != "}":
            key, colon = _READ(text, self.end + (text[self.end] == ","))
            _, self.end = _READ(text, colon + 1)
            self._places[key] = colon + 1
        self.end += 1

    def __getitem__(self, customer_id: str) -> Any:
        return _READ(self._text, self._places[customer_id])[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


_READ = json.JSONDecoder().raw_decode
_CUSTOMERS = '"customers":'  # inside a text its quotes would be escaped


def read_parties(text: str) -> dict[str, Any]:
    """The parties of `gathering.parties_pieces`; "customers" are read one by one as they are asked
    for."""
    start = text.index(_CUSTOMERS) + len(_CUSTOMERS)
    customers = FrozenCustomers(text, start)
    found: dict[str, Any] = json.loads(f"{text[:start]}{{}}{text[customers.end :]}")
    return {**found, "customers": customers}
