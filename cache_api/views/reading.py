"""Answers read from Postgres: the same keys, limits and refusals as the pipeline's verbs.

Only this door has them. The edge has no database; it says where to ask.
"""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from cache_api import queries
from cache_api.hot.admit import Caller
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Answer, Asked
from cache_api.hot.verbs import Verb
from cache_api.views import answer
from tenants import away, schema
from tenants.resolve import Resolved

NOBODY = UUID(int=0)  # a customer that has its key and sent nothing yet


def answer_from_usage(
    request: HttpRequest, path: str, tell: Callable[[Caller, Asked], Answer]
) -> HttpResponse:
    """What `tell` says to an admitted caller; it runs in the schema of the host's partner.

    503 while Postgres cannot say whose host that is.
    """
    owner: Resolved | None = request.owner  # type: ignore[attr-defined]
    if owner is None:
        return away.told_programs()

    def begin(who: Caller, asked: Asked) -> Answer:
        if who.partner.partner_id != owner.partner_id:  # that schema is the host's, whoever asks
            raise Problem("not-found", "There is nothing here.")
        with schema.in_partner(owner):
            return tell(who, asked)

    return answer(request, Verb(path, "GET", path, begin))


def customer_filter(who: Caller, named: str | None) -> UUID | None:
    """Whose usage is told: a customer's id, or None for all of the partner's. Raises Problem.

    A key that is bound to a customer reads that customer's usage and no other. At most one query.
    """
    bound = who.key.customer
    if bound is not None and named not in (None, bound):
        raise Problem(
            "customer-forbidden",
            "This key belongs to one customer; leave customer out or send that customer's.",
            pointer="/customer",
        )
    wanted = bound if bound is not None else named
    if wanted is None:
        return None
    found = queries.customer_by_external_id(wanted)
    if found is None and bound is None:
        raise Problem("invalid-request", "customer: there is no such one.", pointer="/customer")
    return NOBODY if found is None else found.pk
