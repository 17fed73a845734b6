"""What a month's documents must come to, in plain arithmetic. Imports nothing from the project.

events: dicts partner, customer, at (aware datetime), kind, outcome, quantity, bytes, livemode.
deals:  per partner a dict
    model     share_we_collect | share_they_collect | oem | wholesale | direct
    prices    [(from, {"request": "0.002", "gb": "0.02"}), …], the first from before the month
    share_bps, free_until (end of the proof of concept), base_yearly (cents), starts (datetime),
    unit_price, factor_bps, plans {customer: yearly cents}: as the model needs them
Result: per partner {"customers": {customer: cents}, "invoice": cents|None, "statement": cents|None}
"""

from decimal import ROUND_HALF_UP, Decimal

HITS = ("hit", "semantic_hit")
CENT = Decimal("0.01")


def cents(dollars):
    return int(dollars.quantize(CENT, ROUND_HALF_UP) * 100)


def half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def month_part(yearly, starts, month):
    """This month's part of a yearly fee, so that the parts of a year sum to it."""
    done = (month.year - starts.year) * 12 + month.month - starts.month
    return half_up(yearly * (done + 1), 12) - half_up(yearly * done, 12)


def partner_share(net, share_bps):
    """The partner's whole cents of a customer's net; half a cent goes to us."""
    whole, rest = divmod(net * share_bps, 10_000)
    return whole + (rest > 5_000)


def phase_of(deal, at):
    """Which price list counts at this moment, and whether it is still free."""
    number = max(n for n, (since, _list) in enumerate(deal["prices"]) if since <= at)
    free_until = deal.get("free_until")
    return number, free_until is not None and at < free_until


def count(events, deal):
    """(customer, price list, free) → [requests answered, bytes served]."""
    found = {}
    for event in events:
        number, free = phase_of(deal, event["at"])
        sums = found.setdefault((event["customer"], number, free), [0, 0])
        if event["kind"] == "lookup" and event["outcome"] in HITS:
            sums[0] += event["quantity"]
            sums[1] += event["quantity"] * event["bytes"]
    return found


def priced(deal, number, requests, size, factor=Decimal(1)):
    """Requests and gigabytes, each rounded once."""
    prices = deal["prices"][number][1]
    return cents(requests * Decimal(prices["request"]) * factor) + cents(
        size * Decimal(prices["gb"]) / 10**9 * factor
    )


def owed_by_customers(deal, counted, month):
    owed = {customer: 0 for customer, _number, _free in counted}
    for (customer, number, free), (requests, size) in counted.items():
        if not free:
            owed[customer] += priced(deal, number, requests, size)
    for customer, yearly in deal.get("plans", {}).items():
        owed[customer] = owed.get(customer, 0) + month_part(yearly, deal["starts"], month)
    return owed


def owed_for_all_together(deal, counted, month):
    """Licence and wholesale: the partner owes for the usage of all its customers together."""
    totals = {}
    for (_customer, number, _free), (requests, size) in counted.items():
        sums = totals.setdefault(number if deal["model"] == "wholesale" else 0, [0, 0])
        sums[0] += requests
        sums[1] += size
    if deal["model"] == "oem":
        requests = sum(sums[0] for sums in totals.values())
        usage = cents(requests * Decimal(deal["unit_price"]))
        return usage + month_part(deal["base_yearly"], deal["starts"], month)
    factor = Decimal(deal["factor_bps"]) / 10_000
    return sum(priced(deal, n, requests, size, factor) for n, (requests, size) in totals.items())


def settle_partner(deal, events, month):
    counted = count(events, deal)
    result = {"customers": {}, "invoice": None, "statement": None}
    if deal["model"] in ("oem", "wholesale"):
        result["invoice"] = owed_for_all_together(deal, counted, month)
        return result
    owed = result["customers"] = owed_by_customers(deal, counted, month)
    if deal["model"] == "share_we_collect":
        result["statement"] = sum(partner_share(net, deal["share_bps"]) for net in owed.values())
    if deal["model"] == "share_they_collect":
        result["invoice"] = sum(
            net - partner_share(net, deal["share_bps"]) for net in owed.values()
        )
    return result


def settle_month(deals, events, start, end):
    """Every document of the month, in cents."""
    live = [e for e in events if e["livemode"] and start <= e["at"] < end]
    return {
        partner: settle_partner(deal, [e for e in live if e["partner"] == partner], start)
        for partner, deal in deals.items()
    }
