"""Two people enter a rate or status and write an invoice off: the tests' short way."""

from billing.actions import taxes
from billing.actions.decide_request import approve_request
from billing.actions.write_off import ask_write_off
from tests.billing.credit import ASKER


def _by_two(ask):
    def entered(*, actor, now, **facts):
        """Asked for by somebody of finance, approved by `actor`."""
        asked = ask(actor=ASKER, now=now, **facts)
        return approve_request(request_id=asked.id, actor=actor, now=now)

    return entered


enter_fx_rate = _by_two(taxes.ask_fx_rate)
enter_tax_rate = _by_two(taxes.ask_tax_rate)
enter_tax_status = _by_two(taxes.ask_tax_status)
write_off_invoice = _by_two(ask_write_off)
