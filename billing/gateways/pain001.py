"""pain.001, the order to our bank to pay partners (ISO 20022): `sepaxml`, checked by its schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError

from billing.rules.errors import BillingError
from billing.rules.money import exponent
from tenants.rules.sayings import Said

SCHEMA = "pain.001.001.03"


class CannotExport(BillingError):
    """A payout that this format can not say; the message names it."""


@dataclass(frozen=True, slots=True)
class Debtor:
    """Our own account, from which payouts are paid."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment order; `reference` is its end-to-end id, by which the bank's file names it."""

    reference: str
    name: str
    iban: str
    bic: str
    amount_minor: int
    currency: str
    text: str


def pain001(
    *, debtor: Debtor, transfers: Sequence[Transfer], execution_date: date, message_id: str
) -> bytes:
    """The file. All transfers in one currency of two decimals; banks refuse a `message_id` twice.

    Euro goes out as SEPA, others without a service level. Raises CannotExport.
    """
    currencies = {transfer.currency for transfer in transfers}
    if len(currencies) != 1:
        raise CannotExport(
            Said("One file is in one currency, not %(currencies)s.", currencies=sorted(currencies))
        )
    currency = currencies.pop()
    if exponent(currency) != 2:
        raise CannotExport(
            Said(
                "pain.001 files are made for currencies of two decimals: %(currency)s.",
                currency=currency,
            )
        )
    config = {"name": debtor.name, "IBAN": debtor.iban, "batch": True, "currency": currency,
              "domestic": currency != "EUR"}  # fmt: skip
    order = SepaTransfer(config | ({"BIC": debtor.bic} if debtor.bic else {}), schema=SCHEMA)
    for transfer in transfers:
        order.add_payment({
            "name": transfer.name, "IBAN": transfer.iban, "amount": transfer.amount_minor,
            "description": transfer.text, "endtoend_id": transfer.reference,
            "execution_date": execution_date, **({"BIC": transfer.bic} if transfer.bic else {}),
        })  # fmt: skip
    try:
        content: bytes = order.export(validate=True)
    except ValidationError as error:
        raise CannotExport(
            Said("The bank's schema refuses the file: %(error)s.", error=error.__cause__)
        ) from error
    return content.replace(order.msg_id.encode(), message_id.encode())
