"""The tour's totals: figures that agree pass, and each one that differs is named.

What is read is the product's own pages, by `make tour` on the demo and by tests/portal/test_totals.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from portal.demo.tour.running import Failed
from portal.demo.tour.totals import CREDIT, OWED, SHARE, SOLD, Paper, check_month, check_papers

MONTH = "June 2026"


def paper(number, kind, *amounts, line="usage", buyer="Acme Inc"):
    amounts = tuple(map(Decimal, amounts))
    return Paper(number, MONTH, kind, "" if kind == SHARE else buyer, sum(amounts, Decimal(0)),
                 tuple((line, amount) for amount in amounts))  # fmt: skip


def room(billed, net):
    """The control room's row, and one that is parked: it has no figures."""
    return [{"Billed": Decimal(billed), "Our net": Decimal(net)}, {"Billed": "–", "Our net": "–"}]


WE_COLLECT = [paper("I-1", SOLD, "70.00", "30.00"), paper("S-1", SHARE, "30.00", line="share")]
THEY_COLLECT = [paper("I-1", SOLD, "100.00"), paper("P-1", OWED, "40.00")]
LICENSED = [paper("P-1", OWED, "25.00", "75.00")]
BOOK = {
    ("I-1", "Acme Inc"): [("1100", Decimal("100.00")), ("4000", Decimal("-100.00"))],
    ("I-1", "Somebody else"): [("1100", Decimal("7.00"))],
    ("S-1", "Redis Labs"): [("2100", Decimal("-30.00")), ("5000", Decimal("30.00"))],
    ("P-1", "Acme Inc"): [("1110", Decimal("40.00")), ("4000", Decimal("-40.00"))],
    ("C-1", "Acme Inc"): [("1100", Decimal("-5.00"))],
}


@pytest.mark.parametrize(
    ("papers", "billed", "net"),
    [(WE_COLLECT, "100", "70"), (THEY_COLLECT, "100", "40"), (LICENSED, "100", "100")],
)
def test_the_control_room_is_the_sum_of_the_papers(papers, billed, net):
    check_month("x", papers, room(billed, net))
    for wrong in (room("100.01", net), room(billed, "1"), []):
        with pytest.raises(Failed, match="the control room says"):
            check_month("x", papers, wrong)


def test_a_credit_note_of_the_month_is_no_part_of_its_run():
    check_month("x", [*WE_COLLECT, paper("C-1", CREDIT, "-5.00")], room("100", "70"))


def test_papers_are_their_lines_and_the_journal_has_them():
    check_papers("x", [*WE_COLLECT, paper("C-1", CREDIT, "-5.00")], BOOK)
    check_papers("x", THEY_COLLECT, {key: BOOK[key] for key in [("P-1", "Acme Inc")]})


@pytest.mark.parametrize("number", ["I-1", "S-1"])
def test_a_figure_that_differs_is_named(number):
    [one] = [one for one in WE_COLLECT if one.number == number]
    with pytest.raises(Failed, match=f"{number} is .*, its lines"):
        check_papers("x", [replace(one, amount=one.amount + Decimal("0.01"))], BOOK)
    with pytest.raises(Failed, match=f"{number} is .*, the journal has"):
        check_papers("x", [one], {})
