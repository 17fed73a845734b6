"""Two partners' months in any order, in the real database: after each step the books must add up.

`tests/billing/rules/test_machine.py` holds the engine against a plain ledger; this one holds the
actions, the schema and its triggers against the equations and against three sums of its own.
MACHINE_EXAMPLES=50 (and MACHINE_STEPS=40) looks for longer, with other examples each time.
"""

import os
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import count

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.actions.books import close_month
from billing.actions.credit import Credit
from billing.actions.disputes import open_dispute, reject_dispute, uphold_dispute
from billing.actions.payments import Receipt, record_payment
from billing.actions.seal import seal_ledgers
from billing.actions.send_back import send_back
from billing.models import CarriedItem, Document, DocumentLine, JournalLine, Payment
from billing.queries.documents import INVOICES, document_detail, documents_page
from billing.queries.payments import refundable_minor
from billing.rules.errors import BadMoney, BillingError
from billing.rules.periods import next_month
from tests.billing.credit import issue_credit_note
from tests.billing.people import APPROVER, PREPARER
from tests.billing.two_people import write_off_invoice
from tests.billing.world import SEPTEMBER, breaches, hit, issue, record, review, sign
from tests.conftest import fresh_database, two_partners

LONG = os.environ.get("MACHINE_EXAMPLES", "")
picks, parts = st.integers(0, 99), st.integers(1, 100)


@contextmanager
def may_be_refused(*words):
    """By a message with one of these words; any other refusal is a finding."""
    try:
        yield
    except BillingError as error:
        if not any(word in str(error) for word in words):
            raise


class Books(RuleBasedStateMachine):
    """`month` is the one to settle next; `cash` what came in less what went back, by hand."""

    blocker: object = None

    def __init__(self):
        super().__init__()
        self.open = ExitStack()
        self.database = self.open.enter_context(fresh_database(self.blocker))
        self.partners = tuple(two_partners())
        sign(self.partners[0], "revenue_share_platform")
        sign(self.partners[1], "poc", starts="2026-03-16T12:00")  # live from 16 September, noon
        record(*(hit(one, "2026-09-20", "a", 50_005) for one in self.partners))
        self.month, self.issued, self.cash, self.keys = SEPTEMBER, [], 0, count()
        self.database.login("settle")

    def teardown(self):
        self.open.close()

    @property
    def now(self):
        return self.month.end + timedelta(days=1, hours=9)

    def pick(self, rows, number):
        found = list(rows)
        return found[number % len(found)] if found else None

    def invoice(self, number):
        return self.pick(Document.objects.filter(kind="customer_invoice").order_by("number"),
                         number)  # fmt: skip

    @rule(who=st.integers(0, 1), customer=st.sampled_from("ab"), hits=st.integers(1, 60_000),
          late=st.booleans())  # fmt: skip
    def use(self, who, customer, hits, late):
        month = self.issued[-1] if late and self.issued else self.month
        self.database.login("owner")
        record(hit(self.partners[who], f"{month.label}-20", customer, hits), now=self.now)
        self.database.login("settle")

    @rule()
    def settle(self):
        """A run that lost its opening balance to an adjustment parks, and is made again later."""
        review(self.month, self.now)
        runs = issue(self.month, self.now)
        assert {run.state for run in runs} <= {"issued", "parked"}
        if all(run.state == "issued" for run in runs):
            self.issued.append(self.month)
            self.month = next_month(self.month)

    @precondition(lambda self: self.issued)
    @rule()
    def adjust(self):
        with may_be_refused("settled: all", "waits for approval"):  # nothing is late
            review(self.issued[-1], self.now)
            issue(self.issued[-1], self.now)

    @precondition(lambda self: self.issued)
    @rule(number=picks, part=parts)
    def pay(self, number, part):
        invoice = self.invoice(number)
        due = document_detail(invoice.id, today=self.now.date()).row.open_minor if invoice else 0
        if due:
            amount = max(1, due * part // 100)
            slip = Receipt(key=f"slip {next(self.keys)}", method="hand", amount_minor=amount,
                           currency="USD", received_at=self.now)  # fmt: skip
            record_payment(partner_id=invoice.partner_id, receipt=slip, pays=[(invoice.id, None)],
                           actor=APPROVER, now=self.now)  # fmt: skip
            self.cash += amount

    @rule(number=picks, part=parts)
    def refund(self, number, part):
        payment = self.pick(Payment.objects.order_by("key"), number)
        if payment is None:
            return
        document_id = payment.applications.get().document_id
        most = refundable_minor(payment, document_id)
        amount = max(1, most * part // 100)
        asked = {"key": f"back {next(self.keys)}", "payment_id": payment.id, "reason": "asked",
                 "document_id": document_id, "actor": APPROVER, "now": self.now}  # fmt: skip
        if most == 0:
            with pytest.raises(BadMoney):
                send_back(amount_minor=amount, **asked)
            return
        for _ in range(2):
            send_back(amount_minor=amount, **asked)
        self.cash -= amount

    @precondition(lambda self: self.issued)
    @rule(number=picks, what=st.sampled_from(["credit", "write off"]))
    def give_up(self, number, what):
        invoice, by = self.invoice(number), {"actor": APPROVER, "now": self.now}
        with may_be_refused("left", "Nothing"):
            if what == "credit":
                wanted = Credit(f"credit {next(self.keys)}", "outage")
                issue_credit_note(document_id=invoice.id, credit=wanted, **by)
            else:
                write_off_invoice(document_id=invoice.id, reason="insolvent", **by)

    @precondition(lambda self: self.issued)
    @rule(number=picks, amount=st.integers(0, 500))
    def dispute(self, number, amount):
        lines = DocumentLine.objects.filter(document__kind="payout_statement", kind="share")
        line = self.pick(lines.order_by("id"), number)
        self.database.login("owner")
        with may_be_refused("disputed"):  # that line was decided before
            made = open_dispute(
                document_id=line.document_id,
                position=line.position,
                text="We count more.",
                actor="owner@partner",
                now=self.now,
            )
            by = {"dispute_id": made.id, "text": "Looked.", "actor": APPROVER, "now": self.now}
            if amount:
                uphold_dispute(amount_minor=amount, **by)
            else:
                reject_dispute(**by)
        self.database.login("settle")

    @precondition(lambda self: self.issued)
    @rule()
    def close(self):
        """As finance does, in the console; a repeated one changes nothing."""
        self.database.login("owner")
        for _ in range(2):
            close_month(period=self.issued[0], actor=PREPARER, now=self.now)
        self.database.login("settle")

    @invariant()
    def every_equation_holds(self):
        assert breaches() == []
        seal_ledgers(now=self.now)  # what is final now stays so through all further steps

    @invariant()
    def cash_is_what_came_in_less_what_went_back(self):
        assert balance("1000") == self.cash

    @invariant()
    def receivable_is_what_the_invoices_say_is_open(self):
        rows, _ = documents_page(today=self.now.date(), kinds=INVOICES, limit=1000)
        invoices = (row for row in rows if row.corrects_id is None)
        owed = sum(row.due_minor - row.paid_minor - row.written_off_minor for row in invoices)
        assert balance("1100") == owed

    @invariant()
    def payable_is_the_last_closing_balance_and_what_waits_for_the_next(self):
        shown = DocumentLine.objects.filter(carried_id__isnull=False).values("carried_id")
        waiting = CarriedItem.objects.exclude(pk__in=shown).aggregate(sum=Sum("amount_minor"))
        closing = 0
        for partner in self.partners:
            last = Document.objects.filter(
                partner_id=partner.id, kind="payout_statement"
            ).order_by("issued_at", "id").last()  # fmt: skip
            closing += last.statement["closing_minor"] if last else 0
        assert -balance("2100") == closing + (waiting["sum"] or 0)


def balance(account: str) -> int:
    sums = JournalLine.objects.filter(account=account).aggregate(
        debit=Sum("debit_minor"), credit=Sum("credit_minor")
    )
    return (sums["debit"] or 0) - (sums["credit"] or 0)


def test_in_whatever_order_the_books_add_up(django_db_blocker):
    Books.blocker = django_db_blocker
    run_state_machine_as_test(Books, settings=settings(
        max_examples=int(LONG or 4), stateful_step_count=int(os.environ.get("MACHINE_STEPS", 10)),
        derandomize=not LONG, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    ))  # fmt: skip
