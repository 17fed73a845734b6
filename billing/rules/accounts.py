"""The chart of accounts, as data."""

from __future__ import annotations

from dataclasses import dataclass

ASSET, LIABILITY, INCOME, EXPENSE = "asset", "liability", "income", "expense"
DEBIT, CREDIT = "debit", "credit"


@dataclass(frozen=True, slots=True)
class Account:
    """One account; assets and expenses grow by debits, the others by credits."""

    code: str
    name: str
    type: str

    @property
    def normal(self) -> str:
        """The side on which the balance grows."""
        return DEBIT if self.type in (ASSET, EXPENSE) else CREDIT


CASH = "1000"
AR_CUSTOMERS = "1100"
AR_PARTNERS = "1110"
UNBILLED_REVENUE = "1200"
AP_PARTNERS = "2100"
ACCRUED_SHARE = "2110"
TAX_PAYABLE = "2200"
DEFERRED_REVENUE = "2300"
REVENUE_SHARED = "4000"
REVENUE_LICENCE = "4100"
REVENUE_USAGE = "4110"
REVENUE_WHOLESALE = "4200"
REVENUE_DIRECT = "4300"
PARTNER_SHARE = "5000"
BAD_DEBT = "5100"

ACCOUNTS: dict[str, Account] = {
    account.code: account
    for account in (
        Account(CASH, "Cash", ASSET),
        Account(AR_CUSTOMERS, "Accounts receivable: customers", ASSET),
        Account(AR_PARTNERS, "Accounts receivable: partners", ASSET),
        Account(UNBILLED_REVENUE, "Unbilled revenue", ASSET),
        Account(AP_PARTNERS, "Accounts payable: partners", LIABILITY),
        Account(ACCRUED_SHARE, "Accrued partner share", LIABILITY),
        Account(TAX_PAYABLE, "Tax payable", LIABILITY),
        Account(DEFERRED_REVENUE, "Deferred revenue", LIABILITY),
        Account(REVENUE_SHARED, "Revenue: shared with partners", INCOME),
        Account(REVENUE_LICENCE, "Revenue: licence and plan fees", INCOME),
        Account(REVENUE_USAGE, "Revenue: licence usage", INCOME),
        Account(REVENUE_WHOLESALE, "Revenue: wholesale", INCOME),
        Account(REVENUE_DIRECT, "Revenue: direct customers", INCOME),
        Account(PARTNER_SHARE, "Partner share", EXPENSE),
        Account(BAD_DEBT, "Bad debt", EXPENSE),
    )
}
