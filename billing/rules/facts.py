"""Facts that finance enters and a run freezes: exchange rates and the tax status of parties."""

from __future__ import annotations

from dataclasses import dataclass

STANDARD, REVERSE_CHARGE, EXEMPT = "standard", "reverse_charge", "exempt"
WITHHOLDING, NO_TAX = "withholding", "none"
TREATMENTS = (STANDARD, REVERSE_CHARGE, EXEMPT, WITHHOLDING, NO_TAX)


@dataclass(frozen=True, slots=True)
class FxQuote:
    """One unit of `base` is `rate` units of `quote` on `day` (YYYY-MM-DD); `rate` as text."""

    day: str
    base: str
    quote: str
    rate: str


@dataclass(frozen=True, slots=True)
class PartyTax:
    """How one party is taxed. `party`: a customer's id, or 'partner'.

    `percent` is text: the rate of `country` for `standard`, what is held back for `withholding`,
    else 0. `label` is the tax's name, `reason` what the document prints about it.
    """

    party: str
    treatment: str
    country: str = ""
    label: str = ""
    percent: str = "0"
    reason: str = ""
