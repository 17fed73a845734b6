"""POST /api/overflow/explain: two provider requests, and member by member why one missed the other.

Nothing is stored, looked up or metered, and no text comes back: shapes and short hashes only.
"""

import orjson

from cache_api.hot import members
from cache_api.hot.admit import Caller
from cache_api.hot.problems import Problem
from cache_api.hot.steps import Answer, Asked
from cache_api.rules import explain
from cache_api.rules.identity import BadRequestMember


def begin(who: Caller, asked: Asked) -> Answer:
    """The comparison. Raises Problem."""
    body = members.document(asked.body, asked.headers)
    try:
        told = explain.explain(body.get("left"), body.get("right"))
    except BadRequestMember as error:
        detail = f"{error.detail} Send two provider requests as left and right."
        raise Problem("invalid-request", detail, pointer=error.pointer) from error
    return Answer(200, orjson.dumps(told))
