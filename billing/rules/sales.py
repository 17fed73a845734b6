"""What a partner sold outside the portal, as it reports it: the base of its share."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from billing.rules.building import Payer, amount_line
from billing.rules.currencies import exchange
from billing.rules.errors import BadMoney, BillingError
from billing.rules.explain import money
from billing.rules.facts import Sale
from billing.rules.fields import decimal_text
from billing.rules.groups import Group
from billing.rules.inputs import RunInput
from billing.rules.lines import CUSTOMER, LIVE, SALE, RatedLine
from billing.rules.money import EXPONENTS, Money, to_major
from billing.rules.money_text import parse_money
from billing.rules.rating import Step
from billing.rules.terms import REPORTED
from tenants.rules.sayings import Said

COLUMNS, OPTIONAL = ("customer", "amount", "currency"), ("reference",)
MOST_BYTES, MOST_ROWS, MOST_PROBLEMS = 5_000_000, 50_000, 20
MOST_MINOR, MOST_TEXT = 10**14, 120


class BadSales(BillingError):
    """A report that can not be taken; `problems` has a sentence per line to mend."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems[:3]))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class SalesRow:
    """One line of a report: net of tax and refunds, so it may be negative; minor units."""

    customer: str
    amount_minor: int
    currency: str
    reference: str = ""


def parse_sales(data: bytes, known: Iterable[str]) -> tuple[SalesRow, ...]:
    """CSV (UTF-8, header `customer,amount,currency` and maybe `reference`) → its rows.

    `known`: the external ids of the partner's customers. No row at all says that nothing was
    sold. Raises BadSales naming each bad line: an unknown customer, an amount or a currency that
    is none, a reference that stands twice.
    """
    if len(data) > MOST_BYTES:
        raise BadSales(
            [
                Said(
                    "The report has %(bytes)s bytes; at most %(most)s are read.",
                    bytes=f"{len(data):,}",
                    most=f"{MOST_BYTES:,}",
                )
            ]
        )
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        names = set(reader.fieldnames or ())
        if not set(COLUMNS) <= names <= {*COLUMNS, *OPTIONAL}:
            raise BadSales(
                [
                    Said(
                        "The first line must be %(columns)s or end in ,reference.",
                        columns=",".join(COLUMNS),
                    )
                ]
            )
        return _rows(list(reader), frozenset(known))
    except UnicodeDecodeError as error:
        raise BadSales(
            [Said("The report is not UTF-8: byte %(at)s is no character.", at=error.start)]
        ) from None
    except csv.Error as error:
        raise BadSales(
            [Said("The report cannot be read as CSV: %(error)s.", error=error)]
        ) from None


def _rows(given: list[dict[str | None, str]], known: frozenset[str]) -> tuple[SalesRow, ...]:
    if len(given) > MOST_ROWS:
        raise BadSales(
            [
                Said(
                    "The report has %(rows)s rows; at most %(most)s are read.",
                    rows=f"{len(given):,}",
                    most=f"{MOST_ROWS:,}",
                )
            ]
        )
    rows: list[SalesRow] = []
    problems: list[str] = []
    seen: set[str] = set()
    for number, cells in enumerate(given, 2):
        try:
            row = _row(cells, known)
            if row.reference and row.reference in seen:
                raise BadMoney(
                    Said("the reference %(reference)s stands twice", reference=f"{row.reference!r}")
                )
            seen.add(row.reference)
            rows.append(row)
        except BadMoney as error:
            ends = str(error).endswith(".")
            said = "Line %(number)s: %(error)s" if ends else "Line %(number)s: %(error)s."
            problems.append(Said(said, number=number, error=error))
    if problems:
        raise BadSales(problems[:MOST_PROBLEMS])
    return tuple(rows)


def _row(cells: dict[str | None, str], known: frozenset[str]) -> SalesRow:
    if None in cells or any(value is None for value in cells.values()):
        raise BadMoney(Said("it has more or fewer cells than the first line"))
    found = {str(name): value.strip() for name, value in cells.items()}
    customer, currency = found["customer"], found["currency"].upper()
    if customer not in known:
        raise BadMoney(
            Said("%(it)s is no customer of yours that we know", it=f"{customer[:MOST_TEXT]!r}")
        )
    if currency not in EXPONENTS:
        raise BadMoney(
            Said(
                "%(it)s is no currency; write three letters such as USD",
                it=f"{currency[:MOST_TEXT]!r}",
            )
        )
    if len(found.get("reference", "")) > MOST_TEXT:
        raise BadMoney(
            Said("the reference is longer than %(most_text)s characters", most_text=MOST_TEXT)
        )
    amount = parse_money(found["amount"], currency).amount_minor
    if abs(amount) > MOST_MINOR:
        raise BadMoney(Said("the amount is more than anybody pays"))
    return SalesRow(customer, amount, currency, found.get("reference", ""))


def is_reported(run: RunInput, group: Group) -> bool:
    """The group's customers are charged what the partner reported, not what was metered."""
    return bool(run.sales_report) and awaits_report(group)


def awaits_report(group: Group) -> bool:
    """A report tells what the customers of this group paid; a proof of concept is only shown."""
    return group.terms.sales == REPORTED and group.phase == LIVE


def sales_lines(run: RunInput, groups: Sequence[Group]) -> list[RatedLine]:
    """One line per customer and currency of the report, at the month's last terms.

    Another currency is converted at the frozen rate. Raises ForeignCurrency (parks).
    """
    own = [group for group in groups if is_reported(run, group)]
    sums: dict[tuple[str, str], list[Sale]] = {}
    for sale in run.sales:
        sums.setdefault((sale.customer_id, sale.currency), []).append(sale)
    if not own:
        return []
    return [_line(run, own[-1], found) for _key, found in sorted(sums.items())]


def _line(run: RunInput, group: Group, sales: Sequence[Sale]) -> RatedLine:
    first, ours = sales[0], group.terms.currency
    total = sum(sale.amount_minor for sale in sales)
    rate = exchange(run, ours, first.currency)
    minor = rate.back(total) if rate else total
    exact = to_major(minor, ours)
    told = "reported by the partner"
    if rate:
        told += f", {money(total, first.currency)} ÷ {rate.quote.rate}"
    return amount_line(
        group,
        Payer(CUSTOMER, first.customer_id, first.external_id, first.name),
        SALE,
        exact,
        (Step(told, None, None, decimal_text(exact)),),
        f"Sales reported for {run.period.label}",
        name=first.currency,
        rounded_minor=Money(minor, ours).amount_minor,
    )
