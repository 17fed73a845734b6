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
from billing.rules.money import to_major
from tenants.rules.sayings import Said


class BadBankFile(BillingError):
    """Not a file we can read; the message says where."""


def read_camt053(content: bytes) -> list[BankEntry]:
    """The booked entries in the file's order; a batch with amounts gives one per transaction.

    Raises BadBankFile (also when a statement's balances say that an entry is missing or in it
    twice), and BadMoney for an amount that the currency can not have.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadBankFile(Said("This is no readable XML: %(error)s.", error=error)) from error
    statements = list(_all(root, "BkToCstmrStmt", "Stmt"))
    if not statements:
        raise BadBankFile(
            Said("No account statement (BkToCstmrStmt/Stmt) in it: not a CAMT.053 file.")
        )
    return [entry for statement in statements for entry in _checked(statement)]


def _checked(statement: Element) -> list[BankEntry]:
    """A statement's booked entries; they lead from its opening balance to its closing one."""
    account = _account(statement)
    found = [
        entry
        for position, booked in enumerate(_all(statement, "Ntry"), 1)
        if _status(booked) == "BOOK"
        for entry in _entries(booked, account, position)
    ]
    balances = [_balance(one, account) for one in _all(statement, "Bal")]
    opening = [one for one in balances if one[0] in ("OPBD", "PRCD")]
    closing = [one for one in balances if one[0] == "CLBD"]
    # Pages of a long statement carry one of the two, and some banks state neither.
    if len(opening) == len(closing) == 1:
        [(_, first, currency)], [(_, last, _)] = opening, closing
        booked_minor = sum(entry.amount_minor for entry in found if entry.currency == currency)
        if first + booked_minor != last:
            raise BadBankFile(
                Said(
                    "The statement of account %(account)s opens with %(first)s, books "
                    "%(booked_minor)s and closes with %(last)s %(currency)s: an entry is missing, "
                    "or is in it twice. Ask the bank for it again.",
                    account=account,
                    first=to_major(first, currency),
                    booked_minor=to_major(booked_minor, currency),
                    last=to_major(last, currency),
                    currency=currency,
                )
            )
    return found


def _balance(balance: Element, account: str) -> tuple[str, int, str]:
    """Its kind (OPBD, PRCD, CLBD, …), signed minor units, currency."""
    where = Said("a balance of account %(account)s", account=account)
    amount, currency = _amount(_one(balance, "Amt"), where)
    sign = -1 if _text(balance, "CdtDbtInd") == "DBIT" else 1
    return _text(balance, "Tp", "CdOrPrtry", "Cd"), sign * amount, currency


def _entries(booked: Element, account: str, position: int) -> Iterator[BankEntry]:
    where = Said("entry %(position)s of account %(account)s", position=position, account=account)
    signs = {"CRDT": 1, "DBIT": -1}
    sign = signs.get(_text(booked, "CdtDbtInd"))
    if sign is None:
        raise BadBankFile(Said("%(where)s says neither CRDT nor DBIT.", where=where))
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
        raise BadBankFile(Said("%(where)s has no amount.", where=where))
    try:
        amount = Decimal((element.text or "").strip())
    except InvalidOperation:
        raise BadBankFile(
            Said("%(where)s: %(text)s is not an amount.", where=where, text=f"{element.text!r}")
        ) from None
    currency = element.get("Ccy", "")
    return entry_minor(amount, currency), currency


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise BadBankFile(Said("%(where)s has no booking date (BookgDt).", where=where)) from None


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
