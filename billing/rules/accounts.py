"""The chart of accounts, as data."""

from __future__ import annotations

from dataclasses import dataclass

from tenants.rules.sayings import Said

ASSET, LIABILITY, INCOME, EXPENSE = "asset", "liability", "income", "expense"
DEBIT, CREDIT = "debit", "credit"


@dataclass(frozen=True, slots=True)
class Account:
    """One account; assets and expenses grow by debits, the others by credits."""

    code: str
    name: Said
    type: str

    @property
    def normal(self) -> str:
        """The side on which the balance grows."""
        return DEBIT if self.type in (ASSET, EXPENSE) else CREDIT


CASH = "1000"
STRIPE_BALANCE = "1020"
AR_CUSTOMERS = "1100"
AR_PARTNERS = "1110"
UNBILLED_REVENUE = "1200"
AP_PARTNERS = "2100"
ACCRUED_SHARE = "2110"
PAYOUTS_IN_TRANSIT = "2120"
TAX_PAYABLE = "2200"
DEFERRED_REVENUE = "2300"
UNAPPLIED_PAYMENTS = "2400"
REVENUE_SHARED = "4000"
REVENUE_LICENCE = "4100"
REVENUE_USAGE = "4110"
REVENUE_WHOLESALE = "4200"
REVENUE_DIRECT = "4300"
PARTNER_SHARE = "5000"
BAD_DEBT = "5100"
PROCESSOR_FEES = "5200"

ACCOUNTS: dict[str, Account] = {
    account.code: account
    for account in (
        Account(CASH, Said("Cash"), ASSET),
        Account(STRIPE_BALANCE, Said("Stripe balance"), ASSET),
        Account(AR_CUSTOMERS, Said("Accounts receivable: customers"), ASSET),
        Account(AR_PARTNERS, Said("Accounts receivable: partners"), ASSET),
        Account(UNBILLED_REVENUE, Said("Unbilled revenue"), ASSET),
        Account(AP_PARTNERS, Said("Accounts payable: partners"), LIABILITY),
        Account(ACCRUED_SHARE, Said("Accrued partner share"), LIABILITY),
        Account(PAYOUTS_IN_TRANSIT, Said("Payouts in transit"), LIABILITY),
        Account(TAX_PAYABLE, Said("Tax payable"), LIABILITY),
        Account(DEFERRED_REVENUE, Said("Deferred revenue"), LIABILITY),
        Account(UNAPPLIED_PAYMENTS, Said("Payments not yet applied"), LIABILITY),
        Account(REVENUE_SHARED, Said("Revenue: shared with partners"), INCOME),
        Account(REVENUE_LICENCE, Said("Revenue: licence and plan fees"), INCOME),
        Account(REVENUE_USAGE, Said("Revenue: licence usage"), INCOME),
        Account(REVENUE_WHOLESALE, Said("Revenue: wholesale"), INCOME),
        Account(REVENUE_DIRECT, Said("Revenue: direct customers"), INCOME),
        Account(PARTNER_SHARE, Said("Partner share"), EXPENSE),
        Account(BAD_DEBT, Said("Bad debt"), EXPENSE),
        Account(PROCESSOR_FEES, Said("Payment processor fees"), EXPENSE),
    )
}
