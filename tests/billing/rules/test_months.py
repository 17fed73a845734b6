"""Worked months: what every party's document says, and that gross = ours + partner + tax."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.rules.charging import charge
from billing.rules.errors import BadTerms, ForeignCurrency, MissingTax
from billing.rules.facts import FxQuote, PartyTax, Receipt
from billing.rules.inputs import ENGINE_VERSION, BookedShare, Carried, SegmentTerms
from billing.rules.journal import postings
from billing.rules.money import to_major
from billing.rules.periods import parse_month, segments
from billing.rules.snapshot import parse_run_input, run_input_json
from billing.rules.templates import TEMPLATES
from billing.rules.terms_json import dump_terms, parse_terms
from tests.billing.rules.build import OCTOBER, RETAIL, hour, row, run, terms
from tests.billing.rules.tables import rows
from tests.billing.rules.test_worked import deal_of, usage_of

FLAGS = {"yes": True, "no": False}
CASES = [
    cells
    for heading in ("One per kind of agreement", "Mixtures", "Tax", "Currencies")
    for cells in rows("months.md", heading)
]


def facts_of(cell):
    """`tax acme=standard/20 fx EUR=0.92 …` → {section: {name: value}}; plain names under ''."""
    found, section = {}, ""
    for word in cell.split():
        name, _, value = word.partition("=")
        if not value:
            section = name
        elif name == "opening":
            found.setdefault("", {})[name] = int(value)
        else:
            found.setdefault(section, {})[name] = value
    return found


def party_tax(name, text):
    treatment, _, percent = text.partition("/")
    who, _, charges = name.partition(".")
    party = who if who == "partner" else f"id-{who}"
    return PartyTax(party, treatment, percent=percent or "0", charges=charges)


def input_of(cells):
    template, kind, *deal = cells["terms"].split()
    deal = {key: FLAGS.get(value, value) for key, value in deal_of(" ".join(deal)).items()}
    starts, currency = deal.pop("starts", "2026-01-01T00"), deal.pop("currency", "USD")
    agreed = terms(template, kind, starts, currency=currency, **deal)
    facts = facts_of(cells["facts"])
    saved, own = facts.get("saved", {}), facts.get("currency", {})
    usage = [
        replace(
            item,
            currency=own.get(item.external_id, ""),
            cost_saved_micros=int(Decimal(saved.get(item.external_id, 0)) * 10**6),
        )
        for item in usage_of(cells["usage"])
    ]
    return run(
        *usage,
        agreed=agreed,
        retail=replace(RETAIL, currency=currency),
        taxes=tuple(party_tax(name, text) for name, text in facts.get("tax", {}).items()),
        fx=tuple(
            FxQuote("2026-10-31", currency, quote, rate)
            for quote, rate in facts.get("fx", {}).items()
        ),
        opening_minor=facts.get("", {}).get("opening", 0),
    )


def said(draft, names, currency):
    who = names.get(draft.customer_id, "partner")
    amount = draft.gross_minor
    if draft.statement:
        who, amount = "statement", draft.statement.closing_minor
    foreign = "" if draft.currency == currency else f" {draft.currency}"
    return f"{who} {to_major(amount, draft.currency)}{foreign}"


@pytest.mark.parametrize("cells", CASES, ids=lambda cells: cells["case"])
def test_months(cells):
    frozen = input_of(cells)
    result = charge(frozen)
    currency = frozen.segments[0].terms.currency
    names = {item.customer_id: item.external_id for item in frozen.rows}
    assert "; ".join(said(draft, names, currency) for draft in result.drafts) == cells["documents"]
    totals = result.totals
    found = {
        name: str(to_major(getattr(totals, f"{member}_minor"), currency))
        for name, member in (("gross", "gross"), ("ours", "platform"), ("partner", "partner"),
                             ("tax", "tax"))
    }  # fmt: skip
    assert found == {name: cells[name] for name in found}
    assert sum(Decimal(found[name]) for name in ("ours", "partner", "tax")) == Decimal(
        found["gross"]
    )
    # The same bytes give the same month, and every document's entries balance (or raise).
    assert charge(parse_run_input(run_input_json(frozen))) == result
    for draft in result.drafts:
        postings(draft)


POSTINGS = rows("months.md", "Journal")


def posted(result):
    """(account, currency) → debit less credit, over every entry of a month's documents."""
    sums = Counter()
    for draft in result.drafts:
        for made in postings(draft):
            assert sum(line.debit_minor - line.credit_minor for line in made.lines) == 0
            for line in made.lines:
                assert (line.debit_minor > 0) != (line.credit_minor > 0)
                sums[line.account, line.currency] += line.debit_minor - line.credit_minor
    return {key: amount for key, amount in sorted(sums.items()) if amount}


@pytest.mark.parametrize("cells", POSTINGS, ids=lambda cells: cells["case"])
def test_what_a_month_posts(cells):
    frozen = input_of(cells)
    result, own = charge(frozen), frozen.segments[0].terms.currency
    sums = posted(result)

    def side(sign):
        return ", ".join(
            f"{account} {to_major(abs(amount), currency)}{'' if currency == own else ' EUR'}"
            for (account, currency), amount in sums.items() if amount * sign > 0
        )  # fmt: skip

    assert (side(1), side(-1)) == (cells["debit"], cells["credit"])
    # The documents say the same: what parties owe us, what we owe the partner, what is ours.
    ours = [draft for draft in result.drafts if draft.issuer == "platform"]
    statements = [draft.statement for draft in ours if draft.statement]
    netted = sum(one.netting_minor for one in statements)
    billed = sum(draft.gross_minor for draft in ours if not draft.statement)
    owed = sum(amount for (account, _), amount in sums.items() if account in ("1100", "1110"))
    assert owed == billed - netted
    assert -sums.get(("2100", own), 0) == sum(one.closing_minor for one in statements)
    if {currency for _, currency in sums} <= {own}:
        earned = -sum(amount for (account, _), amount in sums.items()
                      if account[0] == "4" or account in ("2300", "5000"))  # fmt: skip
        assert earned == result.totals.platform_minor


def test_every_kind_of_agreement_has_its_postings_here():
    assert {cells["terms"].split()[0] for cells in POSTINGS} == set(TEMPLATES)


def test_what_is_missing_parks_with_what_to_enter():
    taxed = terms(tax="charged")
    with pytest.raises(MissingTax, match="Customer 'acme' has no tax status"):
        charge(run(row("acme", 5), agreed=taxed))
    with pytest.raises(MissingTax, match="The partner has no tax status"):
        charge(run(row("acme", 50_000), agreed=taxed, taxes=(party_tax("acme", "none"),)))
    with pytest.raises(ForeignCurrency, match=r"billed in EUR.*Enter the rate of its last day"):
        charge(run(row("acme", 5, currency="EUR")))
    agent = terms(principal=False)
    quote = FxQuote("2026-10-31", "USD", "EUR", "0.92")
    with pytest.raises(ForeignCurrency, match="As an agent"):
        charge(run(row("acme", 5000, currency="EUR"), agreed=agent, fx=(quote,)))


def test_documents_say_the_rate_and_the_reason():
    quote = FxQuote("2026-10-31", "USD", "EUR", "0.92")
    abroad = PartyTax("id-acme", "reverse_charge", "DE")
    taxes = (abroad, party_tax("partner", "none"))
    given = run(row("acme", 50_005, currency="EUR"), agreed=terms(tax="charged"), fx=(quote,))
    draft = charge(replace(given, taxes=taxes)).drafts[0]
    assert draft.notes == (
        "Converted at 1 USD = 0.92 EUR, rate of 2026-10-31.",
        "Reverse charge: the recipient accounts for the tax.",
    )
    assert draft.lines[0].explanation[-1] == "$100.01 × 0.92 = €92.01"
    assert (draft.taxes[0].label, draft.taxes[0].amount_minor) == ("Reverse charge (DE)", 0)


def test_each_rate_names_its_lines():
    """Two rates stand beside each other; one rate over all names none, as it always did."""
    given = run(row("acme", 100_050, plan="mid-market"), agreed=terms("direct", "direct",
                                                                      tax="charged"))  # fmt: skip
    two = (party_tax("acme", "standard/19"), party_tax("acme.usage", "reduced/7"))
    draft = charge(replace(given, taxes=two)).drafts[0]
    kinds = {line.position: line.kind for line in draft.lines}
    assert [(tax.percent, [kinds[at] for at in tax.lines], tax.base_minor) for tax in draft.taxes
            ] == [("19", ["plan_fee"], 833_33), ("7", ["usage"], 200_10)]  # fmt: skip
    alike = (party_tax("acme", "reduced/7"), party_tax("acme.usage", "reduced/7"))
    [tax] = charge(replace(given, taxes=alike)).drafts[0].taxes
    assert (tax.lines, tax.base_minor) == ((), 1033_43)
    with pytest.raises(MissingTax, match="Customer 'acme' has no tax status"):
        charge(replace(given, taxes=two[1:]))


def test_a_share_of_two_rates():
    """30 % of 100.01 with 7 % (7.0007) on usage: 30 % of 107.01; the general 20 % is of no line."""
    agreed = terms(share_after=("credits",), tax="charged")
    taxes = tuple(party_tax(*one) for one in (("acme", "standard/20"), ("acme.usage", "reduced/7"),
                                              ("partner", "none")))  # fmt: skip
    result = charge(run(row("acme", 50_005), agreed=agreed, taxes=taxes))
    assert (result.totals.partner_minor, result.totals.tax_minor) == (32_10, 7_00)


def test_a_netted_invoice_is_paid_out_of_the_payable():
    agreed = terms(base_yearly_minor=30_000, netting=True)
    *_, statement = charge(run(row("acme", 500_000), agreed=agreed)).drafts
    share, netting = postings(statement)
    assert [(line.account, line.debit_minor, line.credit_minor) for line in netting.lines] == [
        ("1110", 0, 2_500), ("2100", 2_500, 0),
    ]  # fmt: skip
    assert (share.kind, netting.kind) == ("share", "netting")


def agreed_of(cell):
    template, kind, *deal = cell.split()
    return terms(template, kind, "2026-01-01T00", **deal_of(" ".join(deal)))


@pytest.mark.parametrize(
    "cells", rows("months.md", "Amendments inside the month"), ids=lambda cells: cells["case"]
)
def test_amendments_inside_the_month(cells):
    early, late = segments(OCTOBER, [hour(cells["cut"])])
    parts = (
        SegmentTerms(early, "v1", agreed_of(cells["first"]), RETAIL),
        SegmentTerms(late, "v2", agreed_of(cells["second"]), RETAIL),
    )
    given = replace(run(*usage_of(cells["usage"])), segments=parts)
    result = charge(given)
    names = {item.customer_id: item.external_id for item in given.rows}
    assert "; ".join(said(draft, names, "USD") for draft in result.drafts) == cells["documents"]
    totals = result.totals
    for name, amount in (("gross", totals.gross_minor), ("ours", totals.platform_minor),
                         ("partner", totals.partner_minor)):  # fmt: skip
        assert str(to_major(amount, "USD")) == cells[name]


@pytest.mark.parametrize("interval", ["monthly", "quarterly", "yearly"])
def test_an_oem_year_sums_to_its_base(interval):
    """50,000 a year over twelve runs: billed and earned sum to it exactly, however it is billed."""
    agreed = terms("oem", "cloud", base_yearly_minor=50_000_00, base_interval=interval)
    billed = earned = 0
    for month in range(1, 13):
        lines = charge(run(agreed=agreed, period=parse_month(f"2026-{month:02d}"))).lines
        billed += sum(line.amount_minor for line in lines)
        earned += sum(line.earned_minor for line in lines)
    assert (billed, earned) == (50_000_00, 50_000_00)


def receipt(paid_minor, base_minor=100_01, gross_minor=120_01):
    return Receipt("collected:doc/v1", "INV-2026-000001", "id-acme", "acme", "Acme", "v1", 3000,
                   "platform", base_minor, gross_minor, paid_minor)  # fmt: skip


@pytest.mark.parametrize("cells", rows("months.md", "Share of what is collected"), ids=str)
def test_share_of_what_is_collected(cells):
    agreed = terms(share_base="collected")
    booked = ()
    if cells["booked base"] != "–":
        base, partner = (int(cells[name]) for name in ("booked base", "booked share"))
        booked = (BookedShare("collected:doc/v1", base, partner, base - partner),)
    given = run(row("acme", 50_005), agreed=agreed, booked_shares=booked,
                receipts=(receipt(int(cells["paid"])),))  # fmt: skip
    result = charge(given)
    [share] = result.shares or [None]
    assert (share.base_minor if share else 0) == int(cells["base"])
    assert result.totals.partner_minor == int(cells["share added"])
    assert result.totals.gross_minor == 100_01
    invoice, statement = result.drafts
    assert (invoice.net_minor, invoice.partner_share_minor) == (100_01, 0)
    assert statement.statement.closing_minor == int(cells["share added"])
    assert charge(parse_run_input(run_input_json(given))) == result


@pytest.mark.parametrize("cells", rows("months.md", "Taken off before the share"), ids=str)
def test_taken_off_before_the_share(cells):
    paid, tax, credited, reopened, fee, base, share, part, balance, fees, ours = (
        int(cell) for cell in list(cells.values())[1:]
    )
    moved = replace(receipt(paid), tax_minor=tax, credited_minor=credited, fee_minor=fee,
                    reopened_minor=reopened)  # fmt: skip
    given = run(row("acme", 50_005), agreed=terms(share_base="collected"), receipts=(moved,))
    result = charge(given)
    found = {one.key: one for one in result.shares}
    assert getattr(found.get("collected:doc/v1"), "base_minor", 0) == base
    assert sum(one.partner_minor for one in result.shares) == share + part
    assert (result.totals.fees_minor, result.totals.platform_minor) == (fees, ours)
    sums = result.drafts[-1].statement
    assert (sums.shares_minor, sums.fees_minor, sums.closing_minor) == (share, -part, balance)
    again = parse_run_input(run_input_json(given))
    assert charge(again) == result and run_input_json(again) == run_input_json(given)


def test_a_share_of_the_amount_with_tax():
    """30 % of 100.01 with 20 % tax: 30 % of 120.01 = 36.00; the tax stays ours to pay."""
    agreed = terms(share_after=("credits",), tax="charged")
    status = PartyTax("id-acme", "standard", "GB", "VAT", "20")
    taxes = (status, PartyTax("partner", "none"))
    result = charge(run(row("acme", 50_005), agreed=agreed, taxes=taxes))
    totals = result.totals
    assert (totals.gross_minor, totals.partner_minor, totals.tax_minor, totals.platform_minor) == (
        120_01, 36_00, 20_00, 64_01,
    )  # fmt: skip
    [line] = result.drafts[-1].lines
    assert line.explanation == ("30 % of the invoice's $120.01 with tax = $36.00",)


def test_a_self_billed_statement_takes_tax_back_with_a_clawback_and_says_who_owes_it():
    """30.00 earned and 50.00 taken back: 20 % of −20.00; exempt and reverse charge state nothing.

    An input that engine 2 froze is taxed as it was: by the general status, of the 30.00 alone.
    """

    def statement(share, engine=ENGINE_VERSION):
        taxes = (party_tax("acme", "none"), party_tax("partner", "standard/10"),
                 party_tax("partner.share", share))  # fmt: skip
        frozen = replace(
            run(row("acme", 50_005), agreed=terms(tax="charged", self_billing=True), taxes=taxes),
            carried=(Carried("c", "Clawback", -50_00),), engine=engine,
        )  # fmt: skip
        return charge(frozen).drafts[-1]

    taxed = statement("standard/20")
    assert [(tax.base_minor, tax.amount_minor) for tax in taxed.taxes] == [(-20_00, -4_00)]
    assert taxed.statement.closing_minor == -24_00
    assert sum(line.credit_minor for one in postings(taxed) for line in one.lines) == 30_00
    for how, told in (
        ("exempt", "Exempt from tax."),
        ("reverse_charge", "Reverse charge: the recipient accounts for the tax."),
    ):
        stated = statement(how)
        assert [tax.amount_minor for tax in stated.taxes] == [0] and told in stated.notes
    [before] = statement("standard/20", "2").taxes
    assert (before.base_minor, before.amount_minor) == (30_00, 3_00)


def test_terms_that_take_off_what_is_not_known_are_refused():
    with pytest.raises(BadTerms, match="we do not collect it in our own name"):
        terms("revenue_share_partner", "cloud", share_after=("fees",))
    with pytest.raises(BadTerms, match="'costs' is none of them"):
        parse_terms({**dump_terms(terms()), "share_after": ["costs"]})
    assert parse_terms(dump_terms(terms(share_after=()))).deductions == ()


def test_the_statement_says_how_much_is_paid():
    given = run(agreed=terms(share_base="collected"), receipts=(receipt(60_00),))
    [statement] = charge(given).drafts
    assert statement.lines[0].explanation == (
        "$50.00 of the invoice's $100.01 is paid", "30 % of it = $15.00",
    )  # fmt: skip
    fees = replace(receipt(0), fee_minor=380)
    [statement] = charge(run(agreed=terms(), receipts=(fees,))).drafts
    assert statement.lines[0].explanation == (
        "payment fees so far $3.80, taken off", "30 % of it = −$1.14",
    )  # fmt: skip
    with pytest.raises(BadTerms, match="collect in our own name"):
        terms(share_base="collected", principal=False)
    with pytest.raises(BadTerms, match="collect in our own name"):
        terms("revenue_share_partner", "cloud", share_base="collected")
