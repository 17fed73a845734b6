"""Expected values of two other billing engines, read in place from the shared data."""

import json
from calendar import monthrange
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from billing.rules.cycles import elapsed_cycles, round_fraction
from billing.rules.periods import add_months
from billing.rules.rates import Rate, Tier
from billing.rules.rating import rate_quantity


def load(folder, name):
    return json.loads((folder / "billing_oracles" / name).read_text(encoding="utf-8"))


# --- OpenMeter: prices, tiers, packages, minimum and maximum spend ---


def openmeter_tiers(price, factor):
    for tier in price["Tiers"]:
        bound = tier.get("UpToAmount")
        yield Tier(
            None if bound is None else Decimal(bound) * factor,
            Decimal(tier.get("UnitPrice", {}).get("Amount", "0")),
            Decimal(tier.get("FlatPrice", {}).get("Amount", "0")),
            factor,
        )


def openmeter_rate(case, *, last):
    price, factor = case["Price"], Decimal(1)
    if case.get("UnitConfigEnabled"):
        factor = Decimal(case["UnitConfig"]["ConversionFactor"])
    bounds = price.get("Commitments", {})
    extra = {
        "minimum": Decimal(bounds["MinimumAmount"]) if last and "MinimumAmount" in bounds else None,
        "cap": Decimal(bounds["MaximumAmount"]) if "MaximumAmount" in bounds else None,
    }
    kind = price["_type"]
    if kind == "TieredPrice":
        mode = "graduated" if "Graduated" in price["Mode"] else "volume"
        return Rate("o", "lookups", mode, tiers=tuple(openmeter_tiers(price, factor)), **extra)
    if kind == "PackagePrice":
        size = Decimal(price["QuantityPerPackage"])
        return Rate(
            "o",
            "lookups",
            "package",
            unit_price=Decimal(price["Amount"]),
            package_size=size,
            **extra,
        )
    if kind == "DynamicPrice":  # a multiple of an amount of money: a price per unit of money
        times = {"DecimalOne": "1"}.get(price["Multiplier"], price["Multiplier"])
        return Rate("o", "lookups", "per_unit", unit_price=Decimal(times), **extra)
    if kind == "UnitPrice":
        return Rate(
            "o",
            "lookups",
            "package" if factor != 1 else "per_unit",
            unit_price=Decimal(price["Amount"]),
            package_size=factor,
            **extra,
        )
    return Rate("o", "lookups", "flat", unit_price=Decimal(price["Amount"]), **extra)


def plain(value):
    if isinstance(value, dict):  # an expression of the Go source: l * r
        return Decimal(value["l"]) * Decimal(value["r"])
    return Decimal(value)


LATER = "says only that the line appears later in the period; a run here rates whole periods"
OPENMETER_EXCUSED = {
    "tieredvolume_test.go#L49 tiered volume, mid price": LATER,
    "flat_test.go#L71 flat price, in advance, mid period": LATER,
    "flat_test.go#L108 flat price, in arrears,  mid period line": LATER,
}


def openmeter_id(case):
    return f"{case['source'].rsplit('/', 1)[1]} {case['test']}"


def openmeter_due(case):
    """What our rule charges on the case's line: cumulative, less what was billed before it."""
    last = "Mid" not in case["LineMode"]
    before = Decimal(case["Usage"].get("PreLinePeriodQty", "0"))
    after = before + Decimal(case["Usage"]["LinePeriodQty"])
    whole = rate_quantity(openmeter_rate(case, last=last), after, "USD").rounded_minor
    if "PreviousBilledAmount" in case:
        return whole - int(plain(case["PreviousBilledAmount"]) * 100)
    if last and not before:
        return whole
    return whole - rate_quantity(openmeter_rate(case, last=False), before, "USD").rounded_minor


def test_openmeter(shared_data):
    cases = load(shared_data, "openmeter_rating_cases.json")["cases"]
    ran = set()
    for case in cases:
        if openmeter_id(case) in OPENMETER_EXCUSED:
            continue
        totals = [line.get("Totals", {}) for line in case["Expect"]]
        wanted = sum(
            Decimal(t.get("Amount", 0)) + Decimal(t.get("ChargesTotal", 0))
            - Decimal(t.get("DiscountsTotal", 0)) for t in totals
        )  # fmt: skip
        assert Decimal(openmeter_due(case)) / 100 == wanted, openmeter_id(case)
        ran.add(openmeter_id(case))
    assert ran | set(OPENMETER_EXCUSED) == {openmeter_id(case) for case in cases}
    assert (len(ran), len(cases)) == (31, 34)


# --- Kill Bill: tiers made of blocks, and pro-rated billing cycles ---


def killbill_tiers(tiers):
    bound = Decimal(0)
    for index, tier in enumerate(tiers):
        bound += Decimal(tier["block_size"]) * tier["max_blocks"]
        last = index == len(tiers) - 1
        yield Tier(
            None if last else bound, Decimal(tier["price"]), block=Decimal(tier["block_size"])
        )


def killbill_amount(policy, tiers, units):
    mode = "graduated" if policy == "ALL_TIERS" else "volume"
    rate = Rate("k", "lookups", mode, tiers=tuple(killbill_tiers(tiers)))
    return rate_quantity(rate, Decimal(units), "USD")


def test_killbill_tiers(shared_data):
    data = load(shared_data, "killbill_cases.json")
    for case in data["tiered_usage"]:
        rated = killbill_amount(case["policy"], case["tiers"], case["units"])
        assert rated.exact == Decimal(case["expected_total"]), case["source"]
        if "expected_tier_amounts" in case:
            amounts = [Decimal(step.amount) for step in rated.steps]
            assert amounts == [Decimal(text) for text in case["expected_tier_amounts"]]
    [example] = data["docs_examples"]
    for unit, wanted in example["expected_by_unit"].items():
        rated = killbill_amount(example["policy"], example["tiers"][unit], example["units"][unit])
        assert rated.exact == Decimal(wanted)
    assert len(data["tiered_usage"]) == 4


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first_cycle(start, bill_day, months):
    """The first billing-cycle day on or after `start`, in the month of the start or a cycle on."""
    month = start.replace(day=1)
    if bill_day < start.day:
        month = add_months(month, months)
    return month.replace(day=min(bill_day, monthrange(month.year, month.month)[1]))


def billed_cycles(case):
    """Cycles billed in advance: through the cycle that holds the target date, or to the end."""
    months = {"MONTHLY": 1, "QUARTERLY": 3, "ANNUAL": 12}[case["billing_period"]]
    start, target = day(case["start_date"]), day(case["target_date"])
    first = first_cycle(start, case["bill_cycle_day"], months)
    count = 0
    while (until := add_months(first, count * months)) <= target:
        count += 1
    if case["end_date"]:
        until = min(until, day(case["end_date"]))
    return elapsed_cycles(first, until, months) - elapsed_cycles(first, start, months)


# Where a test computes `expectedValue` over several lines, the extraction repeats the last value it
# understood: the value written there is that of the case before, and proves nothing.
REPEATS_THE_CASE_BEFORE = """
monthly/TestDoubleProRation 92 120 147
monthly/TestLeadingProRation 57 79 103 127 151
monthly/TestProRation 169 193 220 236
quarterly/TestDoubleProRation 106 134
quarterly/TestLeadingProRation 46 68 91 115 139
quarterly/TestProRation 46 62 76 145 160 175 202 217 234
annual/TestDoubleProRation 97 125 152
annual/TestLeadingProRation 57 79 103 127 151
"""


def killbill_excused():
    for line in REPEATS_THE_CASE_BEFORE.split("\n"):
        for number in line.split()[1:]:
            yield f"{line.split()[0]}.java#L{number}"


def test_killbill_proration(shared_data):
    cases = load(shared_data, "killbill_cases.json")["proration"]
    names = ["/".join(case["source"].split("/")[-2:]) for case in cases]
    excused, ran, before = set(killbill_excused()), [], None
    for name, case in zip(names, cases, strict=True):
        if name in excused:
            assert case["expected_expr"] == "expectedValue"
            assert case["expected_cycles"] == before, f"{name} has a value of its own"
            continue
        got = Fraction(round_fraction(billed_cycles(case) * 10**9), 10**9)
        # Their two ends are each rounded to nine places before they are added.
        assert abs(got - Fraction(case["expected_cycles"])) <= Fraction(1, 10**9), name
        ran.append(name)
        if case["expected_expr"] == "expectedValue":
            before = case["expected_cycles"]
    assert set(ran) | excused == set(names)
    assert (len(ran), len(excused), len(cases)) == (32, 36, 68)
