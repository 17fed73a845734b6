"""Take in a bank file: every line once, matched or kept for a person with the reason."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time

from django.db import transaction

from billing.actions.payments import Receipt, apply_payment, record_payment
from billing.actions.payouts import settle_payout
from billing.gateways.bank_csv import read_bank_csv
from billing.gateways.camt053 import BadBankFile, read_camt053
from billing.gateways.locks import lock_money
from billing.models import BankFile, BankLine, Payout
from billing.queries.payments import open_invoices, our_invoices
from billing.rules.bank import BankEntry, Match, entry_keys, match_line
from billing.rules.errors import BillingError, WrongState
from billing.rules.payments import BANK
from billing.rules.payouts import SENT
from tenants import audit
from tenants.rules.sayings import Said

DESK = uuid.UUID(int=0)  # one bank file at a time
MAX_BYTES = 10 * 1024 * 1024
READERS: dict[str, Callable[[bytes], list[BankEntry]]] = {
    BankFile.Kind.CAMT053: read_camt053,
    BankFile.Kind.CSV: read_bank_csv,
}


def take_bank_file(
    *, name: str, content: bytes, actor: str, now: datetime
) -> tuple[BankFile, bool]:
    """Read a CAMT.053 or CSV file, book what is clear, and keep the rest for a person;
    also whether it was new.

    One transaction: all lines or none. Raises BadBankFile, BadMoney. Safe to repeat: the same file
    is taken once, and a line that another file brought before is kept as a double and books
    nothing.
    """
    if len(content) > MAX_BYTES:
        raise BadBankFile(
            Said(
                "The file has %(content)s bytes; %(max_bytes)s are the most.",
                content=len(content),
                max_bytes=MAX_BYTES,
            )
        )
    sha256 = hashlib.sha256(content).hexdigest()
    known = BankFile.objects.filter(sha256=sha256).first()
    if known is not None:
        return known, False
    kind = BankFile.Kind.CAMT053 if content.lstrip()[:1] == b"<" else BankFile.Kind.CSV
    entries = READERS[kind](content)
    if not entries:
        raise BadBankFile(Said("The file holds no booked line."))
    with transaction.atomic():
        lock_money(DESK)
        desk = _Desk({entry.currency for entry in entries})
        file = BankFile.objects.create(sha256=sha256, name=name[:200], kind=kind, uploaded_by=actor,
                                       line_count=len(entries), uploaded_at=now)  # fmt: skip
        for position, (entry, key) in enumerate(zip(entries, entry_keys(entries), strict=True), 1):
            desk.take(file, position, entry, key, actor, now)
        audit.record(actor=actor, verb="bankfile.taken", target=name[:200], at=now,
                     data={"sha256": sha256, "lines": len(entries)})  # fmt: skip
    return file, True


def assign_line(
    *, line_id: uuid.UUID, document_id: uuid.UUID, actor: str, now: datetime
) -> BankLine:
    """A person says which invoice an unmatched line pays; what is too much stays with the payment.

    Raises WrongState (decided already, a double), UnknownInvoice, CurrencyMismatch, BadMoney.
    Safe to repeat: the same answer again changes nothing.
    """
    with transaction.atomic():
        line = _locked(line_id)
        if (
            line.payment is not None
            and line.payment.applications.filter(document_id=document_id).exists()
        ):
            return line
        _undecided(line)
        if line.amount_minor <= 0:
            raise WrongState(Said("This is money out: it pays no invoice."))
        document = our_invoices().filter(pk=document_id).first()
        if document is None:
            raise WrongState(Said("Choose one of our open invoices."))
        payment = record_payment(partner_id=document.partner_id, receipt=_receipt(line), pays=(),
                                 actor=actor, now=now)  # fmt: skip
        apply_payment(payment_id=payment.id, document_id=document_id, actor=actor, now=now)
        line.partner_id, line.payment = document.partner_id, payment
        return _decide(line, BankLine.State.MATCHED, f"by {actor}", actor, now)


def ignore_line(*, line_id: uuid.UUID, reason: str, actor: str, now: datetime) -> BankLine:
    """A person says that a line is none of our business here, and why. Raises WrongState."""
    with transaction.atomic():
        line = _locked(line_id)
        if not reason.strip():
            raise WrongState(Said("Say why the line is left out: an auditor reads this."))
        _undecided(line)
        return _decide(line, BankLine.State.IGNORED, reason.strip(), actor, now)


class _Desk:
    """One file's lines against the invoices still open, which each booked line makes fewer."""

    def __init__(self, currencies: set[str]) -> None:
        self.invoices = {one.id: one for one in open_invoices(currencies=sorted(currencies))}
        self.numbers = set(our_invoices().values_list("number", flat=True))

    def take(
        self, file: BankFile, position: int, entry: BankEntry, key: str, actor: str, now: datetime
    ) -> None:
        line = BankLine(
            file=file, position=position, key=key, account=entry.account, payer=entry.payer,
            booked_date=entry.booked_date, amount_minor=entry.amount_minor,
            currency=entry.currency, text=entry.text, end_to_end_id=entry.end_to_end_id,
        )  # fmt: skip
        twin = BankLine.objects.filter(key=key).exclude(state=BankLine.State.DOUBLE).first()
        if twin is not None:
            line.state = BankLine.State.DOUBLE
            line.reason = Said(
                "The same as line %(line)s of %(file)s: booked once only.",
                line=twin.position,
                file=twin.file.name,
            )
        else:
            self._book(line, entry, actor, now)
        line.save(force_insert=True)

    def _book(self, line: BankLine, entry: BankEntry, actor: str, now: datetime) -> None:
        payout = _payout_of(entry)
        try:
            if payout is not None:
                _settle(line, payout, actor, now)
                return
            paid = self.numbers - {one.number for one in self.invoices.values()}
            match = match_line(entry, self.invoices.values(), paid)
            if match.parts:
                self._pay(line, match, actor, now)
            else:
                line.state, line.reason = BankLine.State.UNMATCHED, match.reason
        except BillingError as error:
            line.state, line.reason = BankLine.State.UNMATCHED, str(error)

    def _pay(self, line: BankLine, match: Match, actor: str, now: datetime) -> None:
        partner_id = uuid.UUID(match.parts[0][0].partner_id)
        pays = [(uuid.UUID(invoice.id), amount) for invoice, amount in match.parts]
        line.payment = record_payment(partner_id=partner_id, receipt=_receipt(line), pays=pays,
                                      actor=actor, now=now)  # fmt: skip
        line.partner_id, line.state = partner_id, BankLine.State.MATCHED
        for invoice, amount in match.parts:
            left = replace(invoice, open_minor=invoice.open_minor - amount)
            self.invoices[invoice.id] = left
            if not left.open_minor:
                del self.invoices[invoice.id]


def _payout_of(entry: BankEntry) -> Payout | None:
    """The payout that money out belongs to, by the reference we gave the transfer."""
    if entry.amount_minor >= 0 or not entry.end_to_end_id:
        return None
    return Payout.objects.filter(reference=entry.end_to_end_id).first()


def _settle(line: BankLine, payout: Payout, actor: str, now: datetime) -> None:
    line.partner_id = payout.partner_id
    if (payout.amount_minor, payout.currency) != (-line.amount_minor, line.currency):
        raise WrongState(
            Said(
                "It names payout %(reference)s, but the amounts differ.", reference=payout.reference
            )
        )
    if payout.state != SENT:
        raise WrongState(
            Said(
                "It names payout %(reference)s, which is %(state)s.",
                reference=payout.reference,
                state=payout.state,
            )
        )
    settle_payout(payout_id=payout.id, actor=actor, now=now)
    line.state, line.reason = BankLine.State.MATCHED, f"settles payout {payout.reference}"


def _receipt(line: BankLine) -> Receipt:
    return Receipt(
        key=f"bank line {line.key}", method=BANK, amount_minor=line.amount_minor,
        currency=line.currency, payer=line.payer, reference=line.text,
        received_at=datetime.combine(line.booked_date, time(), UTC),
    )  # fmt: skip


def _locked(line_id: uuid.UUID) -> BankLine:
    rows = BankLine.objects.select_for_update(of=("self",)).select_related("file", "payment")
    line = rows.filter(pk=line_id).first()
    if line is None:
        raise WrongState(Said("There is no bank line %(line_id)s.", line_id=line_id))
    return line


def _undecided(line: BankLine) -> None:
    if line.state != BankLine.State.UNMATCHED:
        raise WrongState(
            Said("This line is %(state)s already; nothing is left to decide.", state=line.state)
        )


def _decide(line: BankLine, state: str, reason: str, actor: str, now: datetime) -> BankLine:
    line.state, line.reason, line.decided_by, line.decided_at = state, reason, actor, now
    line.save(update_fields=["state", "reason", "partner_id", "payment", "decided_by",
                             "decided_at"])  # fmt: skip
    audit.record(actor=actor, verb=f"bankline.{state}", target=str(line.id), at=now,
                 partner_id=line.partner_id, data={"reason": reason})  # fmt: skip
    return line
