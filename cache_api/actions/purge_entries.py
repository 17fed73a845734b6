"""A person purges a customer's entries: the API's own verb, asked without a key."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from cache_api.gateways import blocking
from cache_api.gateways.config import BadConfig
from cache_api.hot.facts import KeyFacts
from cache_api.hot.steps import Asked
from cache_api.hot.verbs import VERBS
from tenants import audit
from tenants.rules.sayings import Said

VERB = "cache.purged"
_JSON = {b"content-type": b"application/json"}
_DONE = 202


class PurgeRefused(RuntimeError):
    """Nothing was purged; the message says why."""


def purge_entries(
    *, partner_id: uuid.UUID, customer: str, livemode: bool, tag: str, actor: str, now: datetime
) -> uuid.UUID:
    """Purge what a customer (the partner's id of it) has under `tag`, a name or `name=text`, or
    everything where that is ""; the purge's id. It is durable, and every door knows it within five
    seconds. Written into the audit log.

    Raises PurgeRefused. Safe to repeat: what is gone stays gone.
    """
    wanted = _selectors(tag)
    key = KeyFacts("portal", partner_id, livemode, "", customer)
    asked = Asked(json.dumps(wanted).encode(), dict(_JSON), int(now.timestamp() * 1000))
    with transaction.atomic():
        audit.record(actor=actor, verb=VERB, target=customer, at=now, partner_id=partner_id,
                     data={**wanted, "livemode": livemode})  # fmt: skip
        try:
            answer = blocking.service().answer_for(key, VERBS["purge"], asked)
        except BadConfig as error:
            raise PurgeRefused(Said("The cache is not set up on this server.")) from error
        told = json.loads(answer.body)
        if answer.status != _DONE:
            raise PurgeRefused(told.get("detail", ""))
    return uuid.UUID(told["purge_id"])


def _selectors(tag: str) -> dict[str, Any]:
    name, is_pair, text = tag.partition("=")
    if not tag:
        return {"all": True}
    return {"tags": {name: text} if is_pair else [name]}
