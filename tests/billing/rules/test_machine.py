"""Usage, retractions, amendments, runs, crashes, cancels, payouts and clawbacks in any order.

The engine is held against `plain_ledger`, which shares no code with it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.rules.charging import charge
from billing.rules.inputs import Carried, RunInput, RunInputRow, SegmentTerms
from billing.rules.periods import Period, segments
from billing.rules.rates import PER_UNIT, Rate, RateCard, Tier
from billing.rules.snapshot import parse_run_input, run_input_json
from billing.rules.terms import RevenueShare
from tests.billing.rules.build import terms
from tests.billing.rules.plain_ledger import FREE_UNTIL, MONTHS, Ledger
from tests.billing.rules.test_charging import book

START = datetime(2026, 10, 1, tzinfo=UTC)
CARD = RateCard("card", "Tiered", "USD", (
    Rate("cached", "cached_requests", "graduated",
         tiers=(Tier(Decimal(1000), Decimal("0.01")), Tier(None, Decimal("0.001")))),
    Rate("served", "gb_served", PER_UNIT, Decimal("0.02")),
))  # fmt: skip
hours = st.integers(0, MONTHS[-1][1] - 1)
usages = st.tuples(hours, st.sampled_from("abc"), st.integers(1, 3000), st.integers(0, 10**11))


def at(hour):
    return START + timedelta(hours=hour)


class Settlement(RuleBasedStateMachine):
    """One agreement over three months; `pending` is a run that is frozen and not issued."""

    @initialize()
    def sign(self):
        self.ledger = Ledger()
        base = replace(terms(starts="2026-10-01T00"), poc_ends_at=at(FREE_UNTIL))
        self.terms = [base]
        self.booked = {}
        self.closing, self.payable, self.keys = 0, 0, 0
        self.pending = None

    @rule(batch=st.lists(usages, min_size=1, max_size=4))
    def ingest(self, batch):
        self.ledger.events += batch

    @precondition(lambda self: self.ledger.events)
    @rule(data=st.data())
    def retract(self, data):
        events = self.ledger.events
        events.pop(data.draw(st.integers(0, len(events) - 1)))

    @rule(hour=hours, bps=st.integers(0, 10_000))
    def amend(self, hour, bps):
        touched = [MONTHS[month][1] for month in self.booked]
        touched += [MONTHS[self.pending[0]][1]] if self.pending else []
        if hour <= self.ledger.versions[-1][0] or hour < max(touched, default=0):
            return
        self.ledger.versions.append((hour, bps))
        self.terms.append(replace(self.terms[0], components=(RevenueShare(bps),)))

    @precondition(lambda self: self.pending is None)
    @rule(data=st.data())
    def freeze(self, data):
        """The next month, or one that is closed: then the run is an adjustment."""
        month = data.draw(st.integers(0, min(len(self.booked), len(MONTHS) - 1)))
        self.pending = month, run_input_json(self._input(month)), self.ledger.freeze(month)

    @precondition(lambda self: self.pending is None)
    @rule(data=st.data())
    def settle(self, data):
        self.freeze(data)
        self.issue()

    @precondition(lambda self: self.pending is not None)
    @rule()
    def cancel(self):
        self.pending = None

    @precondition(lambda self: self.pending is not None)
    @rule()
    def crash(self):
        """Started again after a crash, the run is the same from its stored bytes."""
        month, stored, wanted = self.pending
        again = parse_run_input(stored)
        assert charge(again) == charge(parse_run_input(run_input_json(again)))
        self.pending = month, run_input_json(again), wanted
        assert self.pending[1] == stored

    @precondition(lambda self: self.pending is not None)
    @rule()
    def issue(self):
        month, stored, wanted = self.pending
        frozen = parse_run_input(stored)
        result = charge(frozen)
        self._compare(month, result, wanted)
        self.booked[month] = book(result, before=self.booked.get(month, ((), ())))
        self.pending = None

    @precondition(lambda self: self.payable > 0)
    @rule(data=st.data())
    def pay(self, data):
        amount = data.draw(st.integers(1, self.payable))
        self.payable -= amount
        self.ledger.unshown_paid += amount

    @rule(amount=st.integers(-5000, 5000).filter(bool))
    def refund(self, amount):
        """A clawback or credit from outside the month: the next statement carries it."""
        self.keys += 1
        self.ledger.unshown_carried.append((f"item-{self.keys:04}", amount))

    @invariant()
    def balances_agree(self):
        assert self.closing == self.ledger.balance

    def _input(self, month):
        start, end = MONTHS[month]
        starts = [hour for hour, _share in self.ledger.versions]
        period = Period(at(start), at(end))
        parts = segments(period, [at(hour) for hour in (*starts, FREE_UNTIL)])
        known = [self.ledger.version_of((part.start - START) // timedelta(hours=1))
                 for part in parts]  # fmt: skip
        lines, shares = self.booked.get(month, ((), ()))
        return RunInput(
            agreement_id="agreement",
            period=period,
            segments=tuple(
                SegmentTerms(part, f"v{number}", self.terms[number], CARD)
                for part, number in zip(parts, known, strict=True)
            ),
            rows=tuple(self._rows(parts)),
            booked_lines=lines,
            booked_shares=shares,
            opening_minor=self.closing,
            paid_minor=self.ledger.unshown_paid,
            carried=tuple(
                Carried(key, "Clawback", amount) for key, amount in self.ledger.unshown_carried
            ),
        )

    def _rows(self, parts):
        for hour, who, requests, size in self.ledger.events:
            for part in parts:
                if part.start <= at(hour) < part.end:
                    yield RunInputRow(part.index, f"id-{who}", who, who, cached_requests=requests,
                                      bytes_served=size)  # fmt: skip

    def _compare(self, month, result, wanted):
        _nets, _share, added, share_added, _paid, carried = wanted
        nets = {draft.customer_id: draft.net_minor for draft in result.drafts if draft.customer_id}
        for who, amount in added.items():
            assert nets.pop(f"id-{who}", 0) == amount
        assert not any(nets.values())
        totals = result.totals
        assert totals.partner_minor == share_added
        assert totals.gross_minor == sum(added.values())
        assert totals.platform_minor == totals.gross_minor - share_added
        found = [draft.statement for draft in result.drafts if draft.statement]
        assert found or (month in self.booked and not share_added and not carried)
        closing = self.ledger.issue(month, wanted, bool(found))
        if found:
            assert found[0].opening_minor == self.closing
            assert found[0].closing_minor == closing
            self.closing, self.payable = closing, found[0].payable_minor


def test_the_engine_against_the_plain_ledger():
    run_state_machine_as_test(
        Settlement, settings=settings(max_examples=200, stateful_step_count=50, deadline=None)
    )
