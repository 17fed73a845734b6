"""What settlement has to come to, in plain whole numbers and fractions: no import of our rules.

One agreement: customers pay for requests by graduated tiers and for GB by the piece; the partner
gets a share of each customer's invoice, an exact half cent goes to us. Time is a count of hours.
"""

from collections import defaultdict
from fractions import Fraction

MONTHS = ((0, 744), (744, 1464), (1464, 2208))  # October, November, December
FREE_UNTIL = 300  # the proof of concept ends inside October
TIERS = ((1000, Fraction(1, 100)), (None, Fraction(1, 1000)))
GB = Fraction(2, 100)


def half_up(value):
    """Nearest whole number, a half away from zero."""
    whole = int(abs(value) * 2 + 1) // 2
    return whole if value >= 0 else -whole


def half_to_us(value):
    """Nearest whole number; an exact half goes toward zero, so that we keep it."""
    whole = abs(value) + Fraction(1, 2)
    whole = int(whole) - (whole.denominator == 1)
    return whole if value >= 0 else -whole


def requests_cents(count):
    """Graduated: each tier's price for the part of the quantity that falls into it."""
    total, lower = Fraction(0), 0
    for upper, price in TIERS:
        top = count if upper is None else min(count, upper)
        total += max(top - lower, 0) * price
        lower = upper or lower
    return half_up(total * 100)


class Ledger:
    """Events, versions, what is booked by month, and the balance with the partner."""

    def __init__(self):
        self.events = []
        self.versions = [(0, 3000)]
        self.booked = defaultdict(lambda: (defaultdict(int), 0))
        self.balance = 0
        self.unshown_paid = 0
        self.unshown_carried = []

    def version_of(self, hour):
        """Index of the version in force at an hour."""
        return max(n for n, (start, _share) in enumerate(self.versions) if start <= hour)

    def due(self, month):
        """Cumulative: each customer's net, and the partner's share of all of them."""
        start, end = MONTHS[month]
        sums = defaultdict(lambda: [0, 0])
        for hour, customer, requests, size in self.events:
            if start <= hour < end and hour >= FREE_UNTIL:
                part = sums[customer, self.version_of(hour)]
                part[0] += requests
                part[1] += size
        nets, share = defaultdict(int), 0
        for (customer, version), (requests, size) in sums.items():
            net = requests_cents(requests) + half_up(Fraction(size, 10**9) * GB * 100)
            nets[customer] += net
            share += half_to_us(Fraction(net * self.versions[version][1], 10_000))
        return nets, share

    def freeze(self, month):
        """What a run started now must come to: (nets added, share added, paid, carried)."""
        nets, share = self.due(month)
        before, shared = self.booked[month]
        added = {name: nets[name] - before[name] for name in {*nets, *before}}
        carried = list(self.unshown_carried)
        return nets, share, added, share - shared, self.unshown_paid, carried

    def issue(self, month, frozen, with_statement):
        """Book it; the closing balance."""
        nets, share, _added, share_added, paid, carried = frozen
        self.booked[month] = nets, share
        if with_statement:
            self.balance += share_added - paid + sum(amount for _key, amount in carried)
            self.unshown_paid -= paid
            self.unshown_carried = [one for one in self.unshown_carried if one not in carried]
        return self.balance
