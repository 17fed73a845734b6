"""The first page of a partner and of a customer (partner's schema)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Count

from billing import queries as billing
from billing.queries import DocumentRow, MonthEarnings
from billing.queries.documents import newest
from billing.rules.drafts import CUSTOMER_INVOICE, PARTNER_INVOICE, PAYOUT_STATEMENT
from cache_api.models import Customer, CustomerState
from cache_api.queries.quota_use import lookups_of
from cache_api.rules.reports import CustomerUsage
from portal.queries.estimates import Estimate, Terms, running_month, terms_in_force
from portal.queries.plan_month import PlanMonth, plan_month
from portal.queries.usage import UsageView, usage_view
from portal.rules.ranges import Range

OWN_PAPERS = (PARTNER_INVOICE, PAYOUT_STATEMENT)
ALL_PAPERS = (CUSTOMER_INVOICE, *OWN_PAPERS)
OPEN = ("issued", "delivered", "partly_paid")


@dataclass(frozen=True)
class PartnerOverview:
    """Everything on a partner's first page."""

    usage: UsageView
    terms: Terms | None
    estimate: Estimate | None
    earnings: list[MonthEarnings]
    customers: dict[str, int]
    papers: list[DocumentRow]
    documents: list[DocumentRow]
    top_before: dict[uuid.UUID, int]

    @property
    def top(self) -> list[tuple[CustomerUsage, int]]:
        """Who asked most, with the lookups of the window before."""
        return [(one, self.top_before.get(one.customer_id, 0)) for one in self.usage.top]

    @property
    def active_customers(self) -> int:
        """Customers that are not suspended."""
        return sum(n for state, n in self.customers.items() if state != CustomerState.SUSPENDED)

    @property
    def overdue(self) -> list[DocumentRow]:
        """The partner's own invoices that are past their date."""
        return [p for p in self.papers if p.kind == PARTNER_INVOICE and p.status == "overdue"]

    @property
    def to_read(self) -> list[DocumentRow]:
        """Statements the partner has not answered."""
        return [p for p in self.papers if p.kind == PAYOUT_STATEMENT and p.status in OPEN]

    @property
    def has_begun(self) -> bool:
        """Whether there is a request or a document: before, the page teaches the first steps."""
        return bool(self.usage.summary.lookups or self.documents or self.usage.before.lookups)


@dataclass(frozen=True)
class CustomerOverview:
    """Everything on a customer's first page; `month` (estimates) is the running one."""

    usage: UsageView
    month: PlanMonth
    estimate: Estimate | None
    cost_minor: int | None
    invoices: list[DocumentRow]

    @property
    def open_invoices(self) -> list[DocumentRow]:
        """Invoices that wait for a payment, the oldest first."""
        waiting = (*OPEN, "overdue")
        return [row for row in reversed(self.invoices) if row.status in waiting]

    @property
    def open_minor(self) -> int:
        """What those invoices still ask for, in the currency of the oldest."""
        rows = self.open_invoices
        return sum(r.due_minor - r.paid_minor for r in rows if r.currency == rows[0].currency)

    @property
    def has_begun(self) -> bool:
        """Whether anything happened."""
        return bool(self.usage.summary.lookups or self.invoices or self.usage.before.lookups)


def partner_overview(partner_id: uuid.UUID, window: Range, *, money: bool) -> PartnerOverview:
    """A partner's first page; without `money` (the role may not see it) documents stay unread."""
    now = window.now
    terms, usage = terms_in_force(partner_id, now), usage_view(window, top=10)
    papers, documents = (
        newest(partner_id, now.date(), (OWN_PAPERS, 24), (ALL_PAPERS, 6)) if money else ([], [])
    )
    return PartnerOverview(
        usage=usage,
        terms=terms,
        estimate=running_month(terms, now) if money else None,
        earnings=billing.earnings(partner_id) if money else [],
        customers=customer_states(),
        papers=papers,
        documents=documents,
        top_before=lookups_of([one.customer_id for one in usage.top], *window.before),
    )


def customer_overview(
    partner_id: uuid.UUID, customer: Customer, window: Range, *, money: bool
) -> CustomerOverview:
    """A customer's first page, its own numbers only."""
    now = window.now
    month = plan_month(partner_id, customer, now)
    invoices, _ = (
        billing.customer_invoices(partner_id, customer.pk, today=now.date(), limit=12)
        if money
        else ([], 0)
    )
    return CustomerOverview(
        usage=usage_view(window, customer=customer),
        month=month,
        estimate=month.estimate if money else None,
        cost_minor=month.cost_minor if money else None,
        invoices=invoices,
    )


def customer_states() -> dict[str, int]:
    """How many customers there are in each state: one query."""
    rows = Customer.objects.values("state").annotate(n=Count("id")).order_by()
    return {row["state"]: row["n"] for row in rows}


def customer_of(customer_id: uuid.UUID | None) -> Customer | None:
    """The customer that a person belongs to: one query."""
    return Customer.objects.filter(pk=customer_id).first() if customer_id else None
