"""Bank lines as CSV: `date,amount,currency`, and where known the other columns of `KNOWN`.

UTF-8, comma or semicolon, a header line, ISO dates, amounts with a decimal point, money out
negative.
"""

import csv
import io
from datetime import date
from decimal import Decimal, InvalidOperation

from billing.gateways.camt053 import BadBankFile
from billing.rules.bank import BankEntry, entry_minor
from tenants.rules.sayings import Said

NEEDED = ("date", "amount", "currency")
KNOWN = (*NEEDED, "payer", "text", "id", "account", "end_to_end_id")


def read_bank_csv(content: bytes) -> list[BankEntry]:
    """The lines in the file's order. Raises BadBankFile naming the line, and BadMoney."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBankFile(Said("The file is not UTF-8: %(error)s.", error=error)) from error
    if "\0" in text:
        raise BadBankFile(Said("The file holds zero bytes: it is no text."))
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",", strict=True)
    names = [(name or "").strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise BadBankFile(
            Said(
                "The first line must name the columns; %(missing)s is missing. Known: %(known)s.",
                missing=", ".join(missing),
                known=", ".join(KNOWN),
            )
        )
    reader.fieldnames = names
    try:
        return [_entry(row, number) for number, row in enumerate(reader, 2)]
    except csv.Error as error:
        raise BadBankFile(
            Said("Line %(line_num)s is no CSV: %(error)s.", line_num=reader.line_num, error=error)
        ) from error


def _entry(row: dict[str, str | None], number: int) -> BankEntry:
    facts = {name: (row.get(name) or "").strip() for name in KNOWN}
    try:
        booked_date = date.fromisoformat(facts["date"])
        amount = Decimal(facts["amount"])
    except (ValueError, InvalidOperation):
        raise BadBankFile(
            Said(
                "Line %(number)s: %(date)s and %(amount)s are no date and amount. Write them as "
                "2026-10-05 and 1234.56.",
                number=number,
                date=f"{facts['date']!r}",
                amount=f"{facts['amount']!r}",
            )
        ) from None
    currency = facts["currency"].upper()
    return BankEntry(
        account=facts["account"][:40], booked_date=booked_date, currency=currency,
        amount_minor=entry_minor(amount, currency),
        payer=facts["payer"][:200], text=facts["text"], bank_id=facts["id"][:80],
        end_to_end_id=facts["end_to_end_id"][:80],
    )  # fmt: skip
