"""CAMT.053, the bank's account statement (ISO 20022), versions 2 to 13: bytes to bank entries.

Read by element names in any namespace; entities and external references are refused.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from billing.rules.bank import BankEntry, entry_minor
from billing.rules.errors import BillingError


class BadBankFile(BillingError):
    """Not a file we can read; the message says where."""


def read_camt053(content: bytes) -> list[BankEntry]:
    """The booked entries in the file's order; a batch with amounts gives one per transaction.

    Raises BadBankFile, and BadMoney for an amount that the currency can not have.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadBankFile(f"This is no readable XML: {error}.") from error
    statements = list(_all(root, "BkToCstmrStmt", "Stmt"))
    if not statements:
        raise BadBankFile("No account statement (BkToCstmrStmt/Stmt) in it: not a CAMT.053 file.")
    return [
        entry
        for statement in statements
        for position, booked in enumerate(_all(statement, "Ntry"), 1)
        if _status(booked) == "BOOK"
        for entry in _entries(booked, _account(statement), position)
    ]


def _entries(booked: Element, account: str, position: int) -> Iterator[BankEntry]:
    where = f"entry {position} of account {account}"
    signs = {"CRDT": 1, "DBIT": -1}
    sign = signs.get(_text(booked, "CdtDbtInd"))
    if sign is None:
        raise BadBankFile(f"{where} says neither CRDT nor DBIT.")
    amount, currency = _amount(_one(booked, "Amt"), where)
    booked_date = _date(_text(booked, "BookgDt", "Dt") or _text(booked, "BookgDt", "DtTm"), where)
    bank_id = _text(booked, "AcctSvcrRef") or _text(booked, "NtryRef")
    parts = list(_all(booked, "NtryDtls", "TxDtls"))
    amounts = [_part_amount(part, where) for part in parts]
    if len(parts) < 2 or sum(one or 0 for one in amounts) != amount or None in amounts:
        part = parts[0] if len(parts) == 1 else booked
        yield _entry(part, account, booked_date, sign * amount, currency, bank_id, sign)
        return
    for number, (part, part_amount) in enumerate(zip(parts, amounts, strict=True), 1):
        own_id = _text(part, "Refs", "AcctSvcrRef") or (f"{bank_id}/{number}" if bank_id else "")
        yield _entry(part, account, booked_date, sign * (part_amount or 0), currency, own_id, sign)


def _entry(
    part: Element, account: str, booked_date: date, amount: int, currency: str, bank_id: str,
    sign: int,
) -> BankEntry:  # fmt: skip
    texts = [one.text or "" for one in _all(part, "RmtInf", "Ustrd")]
    texts += [one.text or "" for one in _all(part, "RmtInf", "Strd", "CdtrRefInf", "Ref")]
    other = "Dbtr" if sign > 0 else "Cdtr"
    name = _text(part, "RltdPties", other, "Nm") or _text(part, "RltdPties", other, "Pty", "Nm")
    end_to_end = _text(part, "Refs", "EndToEndId")
    return BankEntry(
        account=account, booked_date=booked_date, amount_minor=amount, currency=currency,
        payer=name[:200], text=" ".join(texts).strip() or _text(part, "AddtlNtryInf"),
        bank_id=bank_id, end_to_end_id="" if end_to_end == "NOTPROVIDED" else end_to_end[:80],
    )  # fmt: skip


def _part_amount(part: Element, where: str) -> int | None:
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt")):
        found = _one(part, *path)
        if found is not None:
            return _amount(found, where)[0]
    return None


def _amount(element: Element | None, where: str) -> tuple[int, str]:
    if element is None:
        raise BadBankFile(f"{where} has no amount.")
    try:
        amount = Decimal((element.text or "").strip())
    except InvalidOperation:
        raise BadBankFile(f"{where}: {element.text!r} is not an amount.") from None
    currency = element.get("Ccy", "")
    return entry_minor(amount, currency), currency


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise BadBankFile(f"{where} has no booking date (BookgDt).") from None


def _account(statement: Element) -> str:
    iban = _text(statement, "Acct", "Id", "IBAN")
    return (iban or _text(statement, "Acct", "Id", "Othr", "Id"))[:40]


def _status(booked: Element) -> str:
    return _text(booked, "Sts", "Cd") or _text(booked, "Sts")


def _all(element: Element, *path: str) -> Iterator[Element]:
    """Every descendant by this path of local names."""
    found = [element]
    for name in path:
        found = [child for one in found for child in one if child.tag.rpartition("}")[2] == name]
    yield from found


def _one(element: Element, *path: str) -> Element | None:
    return next(_all(element, *path), None)


def _text(element: Element, *path: str) -> str:
    found = _one(element, *path)
    return (found.text or "").strip() if found is not None else ""
