"""Every figure of a month is the same wherever it is read.

Tiles = rows = lines of invoices = lines of statements = journal, for each agreement kind, each of
two partners and each settled month, out of pages and files as people of either side get them.
"""

import csv
import io
import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
import time_machine
from lxml import html

from billing.rules.periods import parse_month
from billing.rules.templates import Deal
from cache_api.models import Customer
from tenants import resolve, schema
from tests.billing import world
from tests.conftest import fresh_database, two_partners
from tests.portal.console import cast as console
from tests.portal.views import cast

MONTHS = {"2026-08": "August 2026", "2026-09": "September 2026"}
HOSTS = {"Redis Labs": cast.REDIS, "Pinecone": cast.PINECONE}
LEGAL = {"Redis Labs": "Redis Labs Ltd", "Pinecone": "Pinecone Systems Inc"}
YEARLY = Deal(base_yearly_minor=50_000_00)
# Template, from when, and the deal of the first and of the second partner.
PAIRS = {
    "shares": (("revenue_share_platform", "2026-01-01", {}),
               ("revenue_share_partner", "2026-01-01", {"deal": Deal(share_bps=6000)})),
    "licences": (("oem", "2026-01-01", {"retail_card_id": None, "deal": YEARLY}),
                 ("wholesale", "2026-01-01", {})),
    "others": (("direct", "2026-01-01", {}), ("poc", "2026-03-15T05:00", {})),
}  # fmt: skip
SOLD_TO_PARTNER = ("oem", "wholesale")
MONEY = re.compile(r"([-−]?)\$([\d,]+\.\d\d)")


@pytest.fixture(scope="module", params=PAIRS.values(), ids=PAIRS)
def settled(request, django_db_blocker):
    """August and September of both partners, issued; Django is the web process."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(cast.NOW, tick=False):
        console.people()
        for partner, (template, starts, more) in zip(two_partners(), request.param, strict=True):
            world.customer(partner, "acme", "enterprise", name=f"Acme of {partner.name}")
            world.customer(partner, "zeta", name=f"Zeta of {partner.name}")
            world.sign(partner, template, starts, **more)
            _people(partner)
            for month in MONTHS:
                _usage(partner, month)
        for month in MONTHS:
            world.settle(parse_month(month), cast.NOW)
        database.login("web")
        yield [template for template, _starts, _more in request.param]
    resolve.forget()


def _people(partner):
    cast.person(partner, "owner")
    with schema.in_partner(partner):
        acme = Customer.objects.get(external_id="acme").id
    cast.person(partner, "customer_owner", acme)


def _usage(partner, month):
    """Odd figures, other ones in each month and at each partner: nothing is equal by chance."""
    seed = len(partner.name) * int(month[-2:])
    world.record(
        world.hit(partner, f"{month}-10T08:00", "acme", 50_005 + seed, bytes=1_234_567),
        world.hit(partner, f"{month}-20T08:00", "acme", 7_001 * seed),
        world.hit(partner, f"{month}-20T09:00", "zeta", 333 + seed),
        now=cast.NOW,
    )


@dataclass
class Month:
    """What one partner's pages say of one month: rows by number, and each paper's lines."""

    sold: dict[str, Decimal] = field(default_factory=dict)
    owed: dict[str, Decimal] = field(default_factory=dict)
    share: dict[str, Decimal] = field(default_factory=dict)
    buyers: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[tuple[str, Decimal]]] = field(default_factory=dict)


def test_every_figure_is_the_same_wherever_it_is_read(settled):
    kinds = dict(zip(HOSTS, settled, strict=True))
    book, office = journal(), console.signed_in("auditor")
    for label, month in MONTHS.items():
        page = read(office, f"/finance/?month={label}")
        room = {row[""]["name"]: row for row in rows(page, "Agreements and how far their runs are")}
        channel, sums = tiles(page), defaultdict(Decimal)
        assert set(room) == set(HOSTS)
        for name, kind in kinds.items():
            found, row = partner_month(name, month), room[name]
            run = tiles(read(office, row[""]["href"]))
            assert (run["Billed"], run["Our net"]) == (row["Billed"], row["Our net"])
            check_papers(found)
            check_run(run, found, kind)
            check_journal(book, run, found, kind)
            for what in channel:
                sums[what] += run.get(what, Decimal(0))
        assert channel == dict(sums) and channel["Billed"] > 0


def check_papers(found):
    """Each row is the sum of its paper's lines, and what a customer sees is the partner's row."""
    papers = {**found.sold, **found.owed, **found.share}
    assert papers and papers == {
        number: sum((amount for _kind, amount in lines), Decimal(0))
        for number, lines in found.lines.items()
    }


def check_run(run, found, kind):
    """A run's tiles are the sums of its papers."""
    sold, owed, paid = (total(one) for one in (found.sold, found.owed, found.share))
    billed = owed if kind in SOLD_TO_PARTNER else sold
    kept = sold - owed if kind == "revenue_share_partner" else paid
    assert (run["Billed"], run["Partners' share"]) == (billed, kept), kind
    assert run["Our net"] == billed - kept and run["Taxes"] == run["Fees"] == 0
    off = [amount for lines in found.lines.values() for line, amount in lines
           if line == "poc_discount"]  # fmt: skip
    assert run.get("Proof of concept, not charged", 0) == -sum(off)
    assert bool(off) == (kind == "poc")


def check_journal(book, run, found, kind):
    """Our invoices are receivable, statements payable, and what is left is what we earned."""
    ours = {**found.owed, **({} if kind == "revenue_share_partner" else found.sold)}
    posted = {number: book[number, found.buyers[number]] for number in ours}
    assert ours == {number: side(lines, "11") for number, lines in posted.items()}
    due = {number: book[number, found.buyers[number]] for number in found.share}
    assert found.share == {number: -side(lines, "2100") for number, lines in due.items()}
    assert run["Our net"] == -sum(side(lines, "4", "5") for lines in (*posted.values(),
                                                                      *due.values()))  # fmt: skip


def test_what_was_earned_is_the_sum_of_the_statements_and_customers_see_the_same_rows(settled):
    for (name, host), kind in zip(HOSTS.items(), settled, strict=True):
        months = [partner_month(name, month) for month in MONTHS.values()]
        partner, acme = cast.signed_in(host, "owner"), cast.signed_in(host, "customer_owner")
        page = read(partner, "/manage/statements/")
        earned = [MONEY.search(one.text_content()) for one in page.find_class("kpi")
                  if "Earned in 13 months" in one.text_content()]  # fmt: skip
        assert bool(earned) == (kind in ("revenue_share_platform", "poc"))
        for one in earned:
            assert amount_of(one) == sum(total(month.share) for month in months)
        mine = {row["Number"]: row["Total"] for row in rows(read(acme, "/invoices/"), "Invoices")}
        assert mine == {number: amount for month in months for number, amount in month.sold.items()
                        if month.buyers[number].startswith("Acme")}  # fmt: skip


def partner_month(name, month):
    """One month out of the partner's lists and the CSV files they lead to."""
    client, found = cast.signed_in(HOSTS[name], "owner"), Month()
    invoices = rows(read(client, "/manage/invoices/"), "Documents")
    statements = rows(read(client, "/manage/statements/"), "Payout statements")
    for row in [row for row in invoices if row["Month"] == month]:
        number = row["Number"]["name"]
        kept = found.owed if row["Kind"] == "Partner invoice" else found.sold
        kept[number], found.buyers[number] = row["Total"], row["To"]
        found.lines[number] = lines_of(client, row["Number"]["href"])
    for row in [row for row in statements if row["Month"]["name"] == month]:
        number = row["Month"]["under"]
        found.share[number] = row["Share"]
        found.lines[number] = lines_of(client, row["Month"]["href"])
        found.buyers[number] = LEGAL[name]
    return found


def read(client, path):
    """A page's tree."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return html.fromstring(answer.content.decode())


def rows(page, caption):
    """The rows of the table of this caption: header → money, text, or the link's name and href.

    The first column of a matrix has no header of its own, so that it is also found under ''.
    """
    found = [one for one in page.iter("table") if one.findtext("caption") == caption]
    if not found:
        return []
    heads = [one.text_content().strip() for one in found[0].find("thead").iter("th")]
    table = []
    for row in found[0].find("tbody").findall("tr"):
        cells = [_cell(one) for one in row]
        assert len(cells) == len(heads)
        table.append({**dict(zip(heads, cells, strict=True)), "": cells[0]})
    return table


def _cell(cell):
    under = [one.text_content().strip() for one in cell.find_class("table__sub")]
    for one in list(cell.find_class("table__sub")):
        one.drop_tree()
    text, link = " ".join(cell.text_content().split()), cell.find(".//a")
    if link is not None:
        return {"name": text, "href": link.get("href"), "under": " ".join(under)}
    money = MONEY.fullmatch(text)
    return amount_of(money) if money else text


def tiles(page):
    """The equation of a run or of a month."""
    return {one.find("span").text: amount_of(MONEY.fullmatch(one.findtext("strong")))
            for one in page.find_class("equation__part")}  # fmt: skip


def amount_of(match):
    sign, digits = match.groups()
    return Decimal(digits.replace(",", "")) * (-1 if sign else 1)


def lines_of(client, address):
    """(kind, amount) of each line of a document's CSV."""
    answer = client.get(f"{address}csv")
    assert answer.status_code == 200
    table = csv.DictReader(io.StringIO(answer.content.decode()))
    return [(row["kind"], Decimal(row["amount"])) for row in table]


def journal():
    """(paper's number, its buyer) → (account, debit less credit) of each line."""
    client, found = console.signed_in("auditor"), defaultdict(list)
    for month in (*MONTHS, "2026-10"):
        answer = client.get(f"/books/journal.csv?month={month}")
        for row in csv.DictReader(io.StringIO(answer.content.decode())):
            amount = Decimal(row["Debits"] or 0) - Decimal(row["Credits"] or 0)
            found[row["Reference"], row["Name"]].append((row["AccountCode"], amount))
    assert found and sum(amount for lines in found.values() for _code, amount in lines) == 0
    return found


def side(lines, *accounts):
    return sum((amount for code, amount in lines if code.startswith(accounts)), Decimal(0))


def total(papers):
    return sum(papers.values(), Decimal(0))
