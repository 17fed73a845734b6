"""New prices, or a new price list: one person asks, a second one publishes by approving."""

from datetime import datetime
from typing import Any

from billing.actions.finance_requests import ask
from billing.actions.rate_cards import (
    create_rate_card,
    price_facts,
    publish_rate_version,
    refuse_settled,
)
from billing.models import FinanceRequest, RateCard
from billing.rules.errors import BadTerms, WrongState
from billing.rules.finance_requests import PRICES
from billing.rules.periods import whole_hour
from billing.rules.price_lines import parse_prices
from billing.rules.rates import parse_rate_card
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said

AUDIENCES = (RateCard.Audience.EVERYONE, RateCard.Audience.INTERNAL)


def ask_prices(
    *, code: str, lines: str, valid_from: datetime, actor: str, now: datetime, name: str = "",
    currency: str = "USD", audience: str = RateCard.Audience.EVERYONE, seen: str | None = None,
) -> FinanceRequest:  # fmt: skip
    """Prices of the platform's list `code` from a full UTC hour on, as `price_lines` are written.

    Where there is no such list, a new one with this name, currency and audience. Raises BadTerms
    (a line, a meter, a currency; the same prices), BadPeriod, TermsInTheWay (a month after it is
    issued), ChangedMeanwhile (`seen`, the mark of the last version's number, is no longer so).
    Safe to repeat until a second person decides.
    """
    rates = parse_prices(lines)
    card = RateCard.objects.filter(code=code).first()
    if card is not None:
        if card.partner_id is not None:
            raise BadTerms(Said("%(name)s is the partner's own price list.", name=card.name))
        name, currency, audience = card.name, card.currency, card.audience
        last = card.versions.order_by("number").last()
        if last is not None and [rate.definition for rate in last.rates.all()] == rates:
            raise BadTerms(Said("These are the prices of %(name)s already.", name=card.name))
        refuse_changed(seen, last.number if last else 0)
    if not name.strip() or audience not in AUDIENCES:
        raise BadTerms(Said("A new price list has a name, and is for everyone or internal."))
    parse_rate_card({"version_id": "new", "name": name, "currency": currency, "rates": rates})
    refuse_settled(whole_hour(valid_from, "start of the prices"))
    card = card or RateCard(code=code, name=name, currency=currency, audience=audience)
    facts = price_facts(card, rates, valid_from)
    return ask(kind=PRICES, facts=facts, actor=actor, now=now)


def enter_prices(request: FinanceRequest, now: datetime) -> RateCard:
    """Publish what an approved request asked for; see `decide_request`. Raises TermsInTheWay,
    WrongState (it was asked for before an update, and says less than is compared now)."""
    facts = request.facts
    if "rates" not in facts:
        raise WrongState(
            Said(
                "These prices were asked for before prices were compared with their "
                "approval. Decline them, and ask for them again."
            )
        )
    by: dict[str, Any] = {"actor": request.asked_by, "now": now, "request": request,
                          "rates": facts["rates"],
                          "valid_from": datetime.fromisoformat(facts["valid_from"])}  # fmt: skip
    card = create_rate_card(
        code=facts["code"], name=facts["name"], currency=facts["currency"],
        audience=facts["audience"], **by,
    )  # fmt: skip
    publish_rate_version(card_id=card.id, **by)
    return card
