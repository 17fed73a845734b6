"""The tables that people check by hand, checked by the rules."""

from decimal import Decimal
from fractions import Fraction

import pytest

from billing.rules.charging import charge
from billing.rules.cycles import elapsed_cycles, yearly_fee_between
from billing.rules.money import round_minor, to_major
from billing.rules.periods import add_months, parse_month, segments
from billing.rules.rates import Rate, Tier
from billing.rules.rating import rate_quantity
from billing.rules.splits import allocate, split_share
from tests.billing.rules.build import hour, row, run, terms
from tests.billing.rules.tables import rows


def number(cell):
    return None if cell == "–" else Decimal(cell)


def tier(text):
    bound, price = text.split(":")
    price, _, block = price.partition("/")
    unit, _, flat = price.partition("+")
    return Tier(
        None if bound.strip() == "∞" else Decimal(bound),
        Decimal(unit.strip()),
        Decimal(flat.strip() or 0),
        Decimal(block.strip() or 1),
    )


def rate_of(cells):
    mode, price = cells["mode"], cells["price or tiers"]
    extra = {
        "included": Decimal(cells["included"]),
        "minimum": number(cells["min"]),
        "cap": number(cells["cap"]),
    }
    if mode in ("graduated", "volume"):
        extra["tiers"] = tuple(tier(part) for part in price.split(";"))
    elif mode == "package":
        unit, size = price.split("/")
        extra |= {"unit_price": Decimal(unit.strip()), "package_size": Decimal(size.strip())}
    elif mode == "percentage":
        extra["percentage_bps"] = int(price.removesuffix("%")) * 100
    else:
        extra["unit_price"] = Decimal(price)
    return Rate("worked", "cached_requests", mode, **extra)


@pytest.mark.parametrize("cells", rows("rating.md"), ids=lambda cells: cells["case"])
def test_rating(cells):
    rated = rate_quantity(rate_of(cells), Decimal(cells["quantity"]), "USD")
    assert rated.exact == Decimal(cells["exact"])
    assert to_major(rated.rounded_minor, "USD") == Decimal(cells["rounded"])
    # The steps are the whole explanation: they sum to the exact amount, up to the 12th place.
    written = sum(Decimal(step.amount) for step in rated.steps)
    assert abs(written - rated.exact) < Decimal("1e-11")


@pytest.mark.parametrize("cells", rows("splits.md", "Shares"), ids=lambda cells: str(cells))
def test_shares(cells):
    share = split_share(int(cells["amount"]), int(cells["partner bps"]), cells["tie"])
    assert share.partner_minor == int(cells["partner"])
    assert share.platform_minor == int(cells["platform"])


def named(cell):
    return {name: int(value) for name, value in (part.split("=") for part in cell.split())}


@pytest.mark.parametrize("cells", rows("splits.md", "Allocations"), ids=lambda cells: str(cells))
def test_allocations(cells):
    parts = allocate(int(cells["amount"]), named(cells["weights"]), cells["tie order"].split())
    assert parts == named(cells["parts"])


@pytest.mark.parametrize("cells", rows("periods.md", "Months"), ids=lambda cells: cells["month"])
def test_months(cells):
    month = parse_month(cells["month"])
    assert month.hours == int(cells["hours"])
    assert month.label == cells["month"]


@pytest.mark.parametrize("cells", rows("periods.md", "Months later"), ids=str)
def test_months_later(cells):
    assert add_months(hour(cells["from"]), int(cells["months"])) == hour(cells["to"])


@pytest.mark.parametrize("cells", rows("periods.md", "Cycles"), ids=str)
def test_cycles(cells):
    passed = elapsed_cycles(hour(cells["anchor"]), hour(cells["at"]), int(cells["months"]))
    assert passed == Fraction(cells["cycles"])


@pytest.mark.parametrize("cells", rows("periods.md", "Fees of a year"), ids=str)
def test_fees_of_a_year(cells):
    start, yearly = hour("2026-01-01T00"), round_minor(Decimal(cells["yearly"]), "USD")
    parts = [
        yearly_fee_between(yearly, start, add_months(start, month), add_months(start, month + 1))
        for month in range(int(cells["months"]))
    ]
    assert [to_major(part, "USD") for part in parts] == [Decimal(x) for x in cells["parts"].split()]
    assert sum(parts) == yearly


@pytest.mark.parametrize("cells", rows("periods.md", "Segments"), ids=str)
def test_segments(cells):
    boundaries = [hour(text) for text in cells["boundaries"].split()]
    found = segments(parse_month(cells["month"]), boundaries)
    wanted = [tuple(map(hour, text.split("/"))) for text in cells["segments"].split()]
    assert [(part.start, part.end) for part in found] == wanted
    assert [part.index for part in found] == list(range(len(found)))


def deal_of(cell):
    deal = {}
    for pair in cell.split():
        name, value = pair.split("=")
        if name == "discount_tiers":
            tiers = (part.split(":") for part in value.split(","))
            deal[name] = tuple((None if up == "∞" else int(up), int(bps)) for up, bps in tiers)
        else:
            deal[name] = int(value) if value.isdigit() else value
    return deal


def usage_of(cell):
    for pair in cell.split():
        who, amounts = pair.split("=")
        who, _, segment = who.partition("@")
        who, _, plan = who.partition(":")
        requests, gb = amounts.split("/")
        yield row(who, int(requests), gb, segment=int(segment or 0), plan=plan)


@pytest.mark.parametrize("cells", rows("agreements.md"), ids=lambda cells: cells["case"])
def test_agreements(cells):
    agreed = terms(
        cells["template"], cells["partner type"], cells["starts"], **deal_of(cells["deal"])
    )
    usage = list(usage_of(cells["usage"]))
    start = run(agreed=agreed).segments[0].segment.index
    usage = [u if u.segment or not start else row("acme", segment=start) for u in usage]
    result = charge(run(*usage, agreed=agreed))
    names = {u.customer_id: u.external_id for u in usage}

    def nets(kind):
        found = [draft for draft in result.drafts if draft.kind == kind]
        return {names.get(draft.customer_id): to_major(draft.net_minor, "USD") for draft in found}

    invoices = " ".join(f"{who}={net}" for who, net in sorted(nets("customer_invoice").items()))
    assert (invoices or "–") == cells["customer invoices"]
    assert str(nets("partner_invoice").get(None, "–")) == cells["partner invoice"]
    assert str(nets("payout_statement").get(None, "–")) == cells["statement"]
    assert str(to_major(result.totals.shadow_minor, "USD")) == cells["shadow"]
