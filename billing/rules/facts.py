"""Facts that finance enters and a run freezes: exchange rates and the tax status of parties."""

from __future__ import annotations

from dataclasses import dataclass

STANDARD, REVERSE_CHARGE, EXEMPT = "standard", "reverse_charge", "exempt"
REDUCED, WITHHOLDING, NO_TAX = "reduced", "withholding", "none"
TREATMENTS = (STANDARD, REDUCED, REVERSE_CHARGE, EXEMPT, WITHHOLDING, NO_TAX)
# What a status is about: all that is not named apart; fees, what was used (both charged to the
# party); what a partner is paid by its statements, of which it is the seller.
ALL_CHARGES, FIXED, USED, PAID_OUT = "", "fixed", "usage", "share"
CHARGES = (ALL_CHARGES, FIXED, USED, PAID_OUT)


@dataclass(frozen=True, slots=True)
class FxQuote:
    """One unit of `base` is `rate` units of `quote` on `day` (YYYY-MM-DD); `rate` as text."""

    day: str
    base: str
    quote: str
    rate: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was paid so far on one customer invoice, where the share falls due on money received.

    `base_minor`: the shared net in the agreement's currency; `gross_minor` and `paid_minor`: the
    invoice's total and what was paid less refunds (where terms take them off), in its own. `key`
    is the share's key.

    What came later is 0 unless the terms say that it moves the share: `tax_minor`: the tax on the
    shared net, shared too; `fee_minor`: what processors kept of the payments, this version's part,
    both in the agreement's currency; `credited_minor`: credit notes, so much can not be paid any
    more; `reopened_minor`: paid back and open again, where the invoice itself was shared; both in
    the invoice's.
    """

    key: str
    number: str
    customer_id: str
    external_id: str
    name: str
    version_id: str
    partner_bps: int
    tie: str
    base_minor: int
    gross_minor: int
    paid_minor: int
    tax_minor: int = 0
    fee_minor: int = 0
    credited_minor: int = 0
    reopened_minor: int = 0


@dataclass(frozen=True, slots=True)
class Sale:
    """What a partner reports it sold to one customer: net, less refunds; minor units."""

    customer_id: str
    external_id: str
    name: str
    currency: str
    amount_minor: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """An agreement that ends before its term: when (an instant as text), and the base fees of the
    rest of the term, in minor units."""

    ends_at: str
    rest_minor: int


@dataclass(frozen=True, slots=True)
class PartyTax:
    """How one party is taxed. `party`: a customer's id, or 'partner'.

    `percent` is text: the rate of `country` for `standard`, the stated one for `reduced`, what is
    held back for `withholding`, else 0. `label` is the tax's name, `reason` what the document
    prints about it. `charges`: one of CHARGES; a party may have a status for each.
    """

    party: str
    treatment: str
    country: str = ""
    label: str = ""
    percent: str = "0"
    reason: str = ""
    charges: str = ALL_CHARGES
