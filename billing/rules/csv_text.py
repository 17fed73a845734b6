"""Tables as CSV that spreadsheets and accounting systems read: UTF-8, comma, RFC 4180."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from billing.rules.money import to_major

# A spreadsheet runs a cell that begins like this as a formula, whoever wrote it. One that parts
# lists by semicolons, as in much of Europe, cuts cells there, whatever the quotes say.
_FORMULA = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[=+\-@\t\r])")

BLOCK = 1_000  # rows


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The table with its header. Texts that look like formulas get a leading apostrophe."""
    return b"".join(csv_blocks(header, rows))


def csv_blocks(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The same in pieces of BLOCK lines, for a file that is sent while it is read.

    The header is no piece of its own: it comes when the first rows were read.
    """
    source = chain([header], rows)
    while block := list(islice(source, BLOCK)):
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerows(
            [_cell(value) for value in row] for row in block
        )
        yield out.getvalue().encode()


def defused(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would run."""
    return _FORMULA.sub("'", text)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return defused(text) if isinstance(value, str) else text


_LINE = (
    "position", "kind", "customer_external_id", "customer_name", "description", "meter",
    "quantity", "unit", "unit_price",
)  # fmt: skip
DOCUMENT_HEADER = (
    "document", "title", "issue_date", "period", "seller", "buyer", *_LINE, "amount", "currency",
    "memo_value", "explanation",
)  # fmt: skip
_BUYERS_OWN = {"buyer_reference": "reference", "purchase_order": "purchase_order"}


def document_csv(document: Mapping[str, Any]) -> bytes:
    """Canonical JSON of a document → one row a line, then its taxes; amounts in major units.

    Where its buyer has a reference or an order they are columns at the end; else the file is as
    it was before there were any.
    """
    head = (
        document["number"], document["title"], document["issue_date"],
        document["period"]["label"], document["seller"]["legal_name"],
        document["buyer"]["legal_name"],
    )  # fmt: skip
    currency = document["currency"]

    def row(line: Mapping[str, Any]) -> tuple[object, ...]:
        memo = to_major(line["value_minor"], currency) if line["memo"] else None
        return (
            *head, *(line[name] for name in _LINE), to_major(line["amount_minor"], currency),
            currency, memo, "; ".join(line["explanation"]),
        )  # fmt: skip

    def tax(found: Mapping[str, Any]) -> tuple[object, ...]:
        told = f"{found['percent']} % of {to_major(found['base_minor'], currency)}"
        amount = to_major(found["amount_minor"], currency)
        return (*head, None, "tax", "", "", found["label"], *[""] * 4, amount, currency, None, told)

    rows = [row(line) for line in document["lines"]]
    rows += [tax(one) for one in document["totals"]["taxes"]]
    own = tuple(document["buyer"].get(member, "") for member in _BUYERS_OWN.values())
    if not any(own):
        return csv_bytes(DOCUMENT_HEADER, rows)
    return csv_bytes((*DOCUMENT_HEADER, *_BUYERS_OWN), [(*cells, *own) for cells in rows])
