"""Every figure of every settled month is the same wherever it is read, for every partner.

Rows of lists = lines of the papers' files = figures of the control room = postings of the journal,
out of the pages and files that the partner and finance are served.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.rules.periods import add_months, month_of
from portal.demo.tour.reading import Reader
from portal.demo.tour.running import Demo, require

SOLD, OWED, CREDIT, SHARE = "Invoice", "Partner invoice", "Credit note", "share"
RECEIVABLE, PAYABLE = "11", "2100"
ROOM = "Agreements and how far their runs are"
Journal = dict[tuple[str, str], list[tuple[str, Decimal]]]


@dataclass(frozen=True)
class Paper:
    """One document as its list and its file tell it; `lines` are (kind, amount)."""

    number: str
    month: str
    kind: str
    buyer: str
    amount: Decimal
    lines: tuple[tuple[str, Decimal], ...]

    def of(self, kind: str) -> Decimal:
        """The sum of its lines of one kind."""
        return sum((amount for name, amount in self.lines if name == kind), Decimal(0))


def totals(demo: Demo) -> str:
    """All partners, all months. Raises Failed with the first figure that differs."""
    office = Reader(demo.facts["console"]["url"], demo.facts["console"]["logins"][1])
    everything = {row["slug"]: papers(Reader(row["portal_url"], row["logins"][0]))
                  for row in demo.facts["partners"]}  # fmt: skip
    months = sorted({one.month for found in everything.values() for one in found}, key=_start)
    require(months, "No month is settled.")
    book = journal(office, months[0])
    for label in months:
        room = office.table(f"/finance/?month={_start(label):%Y-%m}", ROOM)
        for slug, found in everything.items():
            of_month = [one for one in found if one.month == label]
            rows = [row for row in room if row[""]["name"] == demo.partner(slug).name]
            check_month(f"{slug}, {label}", of_month, rows)
    for slug, found in everything.items():
        check_papers(slug, found, book)
    count, lines = 0, 0
    for found in everything.values():
        count, lines = count + len(found), lines + sum(len(one.lines) for one in found)
    return (
        f"{len(everything)} partners, {len(months)} months: {count} papers, {lines} lines, "
        f"{len(book)} journal references; every figure the same."
    )


def papers(reader: Reader) -> list[Paper]:
    """Everything a partner is shown: invoices, credit notes, statements, with their lines."""
    found = []
    for row in reader.pages("/manage/invoices/", "Documents"):
        link = row["Number"]
        found.append(Paper(link["name"], row["Month"], row["Kind"], row["To"], row["Total"],
                           lines(reader, link["href"])))  # fmt: skip
    for row in reader.pages("/manage/statements/", "Payout statements"):
        amount = row["Share"] + row["Adjustments, fees, tax"]
        found.append(Paper(row["Month"]["under"], row["Month"]["name"], SHARE, "", amount,
                           lines(reader, row["Month"]["href"])))  # fmt: skip
    return found


def lines(reader: Reader, address: str) -> tuple[tuple[str, Decimal], ...]:
    """(kind, amount) of each line of a paper's CSV file."""
    rows = reader.file(f"{address}csv")
    return tuple((row["kind"], Decimal(row["amount"] or 0)) for row in rows)


def check_month(what: str, found: list[Paper], rows: list[dict[str, Any]]) -> None:
    """What the control room says of a partner's month is the sum of the partner's papers."""
    if not found:
        return
    sold, owed, share = (
        _sum(one.amount for one in found if one.kind == SOLD),
        _sum(one.amount for one in found if one.kind == OWED),
        _sum(one.of(SHARE) for one in found if one.kind == SHARE),
    )
    billed = sold or owed
    kept = sold - owed if sold and owed else share
    said = _sum(row["Billed"] for row in rows if isinstance(row["Billed"], Decimal))
    net = _sum(row["Our net"] for row in rows if isinstance(row["Our net"], Decimal))
    require((said, net) == (billed, billed - kept),
            f"{what}: the control room says {said} and {net}, its papers {billed} and "
            f"{billed - kept}.")  # fmt: skip


def check_papers(slug: str, found: list[Paper], book: Journal) -> None:
    """Each paper's row is the sum of its lines, and the journal has it."""
    collects = any(one.kind == OWED for one in found) and any(one.kind == SOLD for one in found)
    for one in found:
        added = _sum(amount for _kind, amount in one.lines)
        require(added == one.amount,
                f"{slug}: {one.number} is {one.amount}, its lines {added}.")  # fmt: skip
        if collects and one.kind in (SOLD, CREDIT):
            continue  # the partner's own claim on its customer, in its books
        posted = [line for (number, buyer), entries in book.items() if number == one.number
                  and one.buyer in ("", buyer) for line in entries]  # fmt: skip
        receivable, payable = _side(posted, RECEIVABLE), -_side(posted, PAYABLE)
        said = payable if one.kind == SHARE else receivable
        wanted = one.of(SHARE) if one.kind == SHARE else one.amount
        require(said == wanted, f"{slug}: {one.number} is {wanted}, the journal has {said}.")


def journal(office: Reader, first: str) -> Journal:
    """(paper, buyer) → (account, debit less credit) of what was posted for it, payments apart."""
    book: Journal = defaultdict(list)
    balance = Decimal(0)
    at = _start(first)
    while at <= timezone.now():
        for row in office.file(f"/books/journal.csv?month={at:%Y-%m}"):
            amount = Decimal(row["Debits"] or 0) - Decimal(row["Credits"] or 0)
            balance += amount
            if row["Description"].startswith(("document", "share")):
                book[row["Reference"], row["Name"]].append((row["AccountCode"], amount))
        at = add_months(month_of(at).start, 1)
    require(not balance, "The journal does not balance.")
    return book


def _start(label: str) -> datetime:
    return datetime.strptime(label, "%B %Y").replace(tzinfo=UTC)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _side(posted: Iterable[tuple[str, Decimal]], account: str) -> Decimal:
    return _sum(amount for code, amount in posted if code.startswith(account))
