"""Agreement terms: one immutable version is a list of charge components and a few rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing.rules.rates import Rate
from billing.rules.splits import PARTNER, PLATFORM

REVENUE_SHARE, OEM, WHOLESALE, DIRECT = "revenue_share", "oem", "wholesale", "direct"
KINDS = (REVENUE_SHARE, OEM, WHOLESALE, DIRECT)
COLLECTORS = (PLATFORM, PARTNER)
INTERVALS = ("monthly", "quarterly", "yearly")
DISCOUNT_MODES = ("none", "volume", "graduated")
TAXES = ("none", "charged")
INVOICED, COLLECTED = "invoiced", "collected"
SHARE_BASES = (INVOICED, COLLECTED)
CREDITS, REFUNDS, FEES, TAX = "credits", "refunds", "fees", "tax"
# What may be taken off the customers' money before it is shared, and what is unless terms say so.
DEDUCTIONS = (CREDITS, FEES, REFUNDS, TAX)
USUAL_DEDUCTIONS = {INVOICED: (CREDITS, TAX), COLLECTED: (REFUNDS, TAX)}
PORTAL, REPORTED = "portal", "reported"
SALES = (PORTAL, REPORTED)
SHARE_REASONS = ("type_default", "poc_offer", "negotiated")


@dataclass(frozen=True, slots=True)
class BaseFee:
    """The partner pays `yearly_minor` a year, in advance per interval."""

    yearly_minor: int
    interval: str = "monthly"


@dataclass(frozen=True, slots=True)
class PerUnit:
    """The partner pays `rate` on the usage of all its customers together."""

    rate: Rate


@dataclass(frozen=True, slots=True)
class RevenueShare:
    """The partner's part of each customer document's net, in basis points."""

    partner_bps: int


@dataclass(frozen=True, slots=True)
class DiscountTier:
    """`discount_bps` off a month's wholesale value up to and including `up_to_minor`."""

    up_to_minor: int | None
    discount_bps: int


@dataclass(frozen=True, slots=True)
class Wholesale:
    """The partner pays `factor_bps` of retail, less a discount by monthly wholesale value."""

    factor_bps: int
    discount_mode: str = "none"
    discount_tiers: tuple[DiscountTier, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanFee:
    """Customers on `plan` pay `yearly_minor` a year, in advance per interval."""

    plan: str
    yearly_minor: int
    interval: str = "monthly"


@dataclass(frozen=True, slots=True)
class SavingsShare:
    """Customers pay a part of the model cost they saved, at most `cap_minor` a period."""

    percentage_bps: int
    cap_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Minimum:
    """The partner's invoice is trued up to `monthly_minor` for each live month."""

    monthly_minor: int


@dataclass(frozen=True, slots=True)
class Cap:
    """The partner's usage charges are at most `monthly_minor` for each live month."""

    monthly_minor: int


Component = BaseFee | PerUnit | RevenueShare | Wholesale | PlanFee | SavingsShare | Minimum | Cap


@dataclass(frozen=True, slots=True)
class Terms:
    """What one agreement version says. `anchor_at`: yearly fees count from here.

    `cutoff_days`: how long after a month's end its usage is still awaited; `lock_days`: how long a
    partner may dispute a statement. `share_after`: what is taken off before the share; None: what
    is usual for the share base. `sales`: a collecting partner's customers get their invoices out
    of the portal, or outside, and the partner reports what it sold.
    """

    kind: str
    collects: str
    currency: str
    anchor_at: datetime
    components: tuple[Component, ...]
    tie: str = PLATFORM
    poc_ends_at: datetime | None = None
    share_reason: str = "type_default"
    principal: bool = True
    self_billing: bool = False
    payment_days: int = 30
    min_payout_minor: int = 0
    term_months: int | None = None
    netting: bool = False
    tax: str = "none"
    time_zone: str = "UTC"
    cutoff_days: int = 0
    lock_days: int = 0
    share_base: str = INVOICED
    share_after: tuple[str, ...] | None = None
    sales: str = PORTAL

    @property
    def deductions(self) -> tuple[str, ...]:
        """What is taken off the customers' money before it is shared."""
        usual = USUAL_DEDUCTIONS[self.share_base]
        return usual if self.share_after is None else self.share_after

    @property
    def awaits_payments(self) -> bool:
        """Payments, refunds or their fees move the share after the invoice."""
        moved = self.share_base == COLLECTED or {FEES, REFUNDS} & {*self.deductions}
        return self.shares_revenue and bool(moved)

    @property
    def shares_receipts(self) -> bool:
        """The partner's share falls due on what customers paid, not on what was invoiced."""
        return self.shares_revenue and self.share_base == COLLECTED

    @property
    def charges_tax(self) -> bool:
        """Documents carry tax, so every party of one needs a tax status."""
        return self.tax == "charged"

    @property
    def partner_share_bps(self) -> int:
        """The partner's share; 0 where the agreement shares no revenue."""
        return sum(c.partner_bps for c in self.components if isinstance(c, RevenueShare))

    @property
    def shares_revenue(self) -> bool:
        """Customer money is split with the partner."""
        return any(isinstance(c, RevenueShare) for c in self.components)

    @property
    def bills_customers(self) -> bool:
        """Customer invoices come out of the portal (in our name or the partner's)."""
        return self.kind in (REVENUE_SHARE, DIRECT) or self.shares_revenue

    @property
    def pays_partner(self) -> bool:
        """A payout statement is due: we collect and share."""
        return self.collects == PLATFORM and self.shares_revenue

    @property
    def bills_partner(self) -> bool:
        """A partner invoice is due: the partner collects, or owes a fee of its own."""
        owed = (BaseFee, PerUnit, Wholesale, Minimum)
        partner_collects = self.collects == PARTNER and self.shares_revenue
        return partner_collects or any(isinstance(c, owed) for c in self.components)

    def in_poc(self, at: datetime) -> bool:
        """The proof of concept is running at `at` (its end is exclusive)."""
        return self.poc_ends_at is not None and at < self.poc_ends_at
