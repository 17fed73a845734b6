"""Files of the bank to entries: CAMT.053 of two versions, CSV, and what is refused."""

from datetime import date

import pytest

from billing.gateways.bank_csv import read_bank_csv
from billing.gateways.camt053 import BadBankFile, read_camt053
from billing.rules.bank import BankEntry
from billing.rules.errors import BadMoney

HEAD = '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{v}">'
STATEMENT = (
    HEAD + "<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt><Id>S1</Id>"
    "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{entries}</Stmt></BkToCstmrStmt>"
    "</Document>"
)


def entry(amount="100.01", sign="CRDT", status="<Sts>BOOK</Sts>", details="", ref="R1", ccy="USD"):
    return (
        f'<Ntry><Amt Ccy="{ccy}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}'
        f"<BookgDt><Dt>2026-10-05</Dt></BookgDt><AcctSvcrRef>{ref}</AcctSvcrRef>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(amount="", name="<Nm>Acme Inc</Nm>", text="INV-2026-000001", end="E1"):
    amounts = f'<AmtDtls><TxAmt><Amt Ccy="USD">{amount}</Amt></TxAmt></AmtDtls>' if amount else ""
    return (
        f"<TxDtls><Refs><EndToEndId>{end}</EndToEndId></Refs>{amounts}<RltdPties><Dbtr>{name}"
        f"</Dbtr></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
    )


def camt(*entries, version="02"):
    return STATEMENT.format(v=version, entries="".join(entries)).encode()


def test_an_entry_of_an_old_and_of_a_new_version():
    wanted = BankEntry("DE89370400440532013000", date(2026, 10, 5), 100_01, "USD", "Acme Inc",
                       "INV-2026-000001", "R1", "E1")  # fmt: skip
    new = detail(name="<Pty><Nm>Acme Inc</Nm></Pty>")

    assert read_camt053(camt(entry(details=detail()))) == [wanted]
    assert read_camt053(
        camt(entry(details=new, status="<Sts><Cd>BOOK</Cd></Sts>"), version="08")
    ) == [wanted]


def test_a_batch_gives_one_entry_per_transaction_when_its_amounts_add_up():
    parts = detail("60.00", text="one") + detail("40.01", text="two", end="NOTPROVIDED")

    found = read_camt053(camt(entry(details=parts), entry("100.02", details=parts, ref="R2")))

    assert [(one.amount_minor, one.text, one.bank_id) for one in found] == [
        (60_00, "one", "R1/1"), (40_01, "two", "R1/2"), (100_02, "", "R2"),
    ]  # fmt: skip


def test_money_out_is_negative_and_what_is_not_booked_does_not_count():
    found = read_camt053(camt(entry(sign="DBIT"), entry(status="<Sts>PDNG</Sts>", ref="R2"),
                              entry("500", ccy="JPY", ref="R3"),
                              entry("1.234", ccy="KWD", ref="R4")))  # fmt: skip

    assert [(one.amount_minor, one.currency) for one in found] == [
        (-100_01, "USD"), (500, "JPY"), (1234, "KWD"),
    ]  # fmt: skip


def balance(kind, amount, sign="CRDT"):
    return (f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"USD\">{amount}</Amt>"
            f"<CdtDbtInd>{sign}</CdtDbtInd></Bal>")  # fmt: skip


def test_entries_lead_from_the_opening_balance_to_the_closing_one():
    opened, closed = balance("OPBD", "50.00", "DBIT"), balance("CLBD", "50.01")
    paid, pending = entry(), entry("7.00", status="<Sts>PDNG</Sts>", ref="R2")
    assert len(read_camt053(camt(opened, closed, paid, pending))) == 1
    assert len(read_camt053(camt(balance("PRCD", "0.00"), balance("ITBD", "1.00"), paid))) == 1
    for entries in ((), (paid, paid), (paid, entry("0.01", ref="R9"))):
        with pytest.raises(BadBankFile, match="missing, or is in it twice") as refused:
            read_camt053(camt(opened, closed, *entries))
    assert "opens with -50.00, books 100.02 and closes with 50.01 USD" in str(refused.value)


BOMB = b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'
THIEF = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>'


@pytest.mark.parametrize(("content", "why"), [
    (b"<Document>", "no readable XML"), (BOMB, "no readable XML"), (THIEF, "no readable XML"),
    (b"<Document/>", "not a CAMT.053 file"), (camt(entry(sign="?")), "neither CRDT nor DBIT"),
    (camt(entry("much")), "'much' is not an amount"),
    (camt(entry()).replace(b"<Dt>2026-10-05</Dt>", b""), "no booking date"),
])  # fmt: skip
def test_a_file_that_is_none_is_refused_in_words(content, why):
    with pytest.raises(BadBankFile, match=why):
        read_camt053(content)


def test_an_amount_that_the_currency_can_not_have():
    with pytest.raises(BadMoney, match="more decimals"):
        read_camt053(camt(entry("1.001")))


@pytest.mark.parametrize("amount", ["1e30", "NaN", "-Infinity", "9999999999999"])
def test_an_amount_nobody_books(amount):
    with pytest.raises(BadMoney, match="no amount a bank books"):
        read_bank_csv(f"date,amount,currency\n2026-10-05,{amount},USD\n".encode())


def test_csv_with_commas_or_semicolons():
    text = "Date,Amount,Currency,Payer,Text,Id\n2026-10-05,100.01,usd,Acme Inc,INV-2026-000001,R1\n"
    wanted = BankEntry("", date(2026, 10, 5), 100_01, "USD", "Acme Inc", "INV-2026-000001", "R1")

    assert read_bank_csv(text.encode()) == [wanted]
    assert read_bank_csv(b"\xef\xbb\xbf" + text.replace(",", ";").encode()) == [wanted]


@pytest.mark.parametrize(("content", "why"), [
    (b"date,amount\n", "currency is missing"), (b"\xff\xfe", "not UTF-8"),
    (b"date,amount,currency\n5.10.2026,1.00,USD\n", "Line 2: '5.10.2026' and '1.00'"),
    (b"date,amount,currency\n2026-10-05,1.00,USD\0\n", "zero bytes"),
    (b'date,amount,currency\n2026-10-05,"1.00\n', "is no CSV"), (b"", "date, amount, currency"),
])  # fmt: skip
def test_a_csv_that_is_none_is_refused_in_words(content, why):
    with pytest.raises(BadBankFile, match=why):
        read_bank_csv(content)
