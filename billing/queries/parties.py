"""Who sells and who buys, from the frozen names of a run."""

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
    facts = parties["customers"][draft.customer_id]
    return party_of({name: fact for name, fact in facts.items() if name != "language"})


def buyer_name(draft: Draft, parties: dict[str, Any]) -> str:
    """The buyer's legal name."""
    return buyer_of(draft, parties).legal_name


def language_of(draft: Draft, parties: dict[str, Any]) -> str:
    """The language of a paper: the one that whoever it is addressed to chose."""
    if draft.customer_id is None:
        return str(parties.get("partner_language", "en"))
    return str(parties["customers"][draft.customer_id].get("language", "en"))


def brand_of(parties: dict[str, Any]) -> Brand:
    """The partner's brand, which all its documents wear."""
    facts = parties["brand"]
    return Brand(**{**facts, "primary_hex": facts["primary_hex"] or NEUTRAL_HEX})
