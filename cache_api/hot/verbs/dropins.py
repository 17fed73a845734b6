"""POST /v1/chat/completions, /v1/responses, /v1/messages: a provider's API, out of the cache only.

The body is the provider's request, the answer what the provider answered, as JSON or as its stream.
A miss is 504.
"""

from collections.abc import Callable

from cache_api.hot import dialects
from cache_api.hot.admit import Caller
from cache_api.hot.dialects import Dialect
from cache_api.hot.steps import Asked, Step
from cache_api.hot.verbs import lookup


def _begin(dialect: Dialect) -> Callable[[Caller, Asked], Step]:
    way = lookup.Way(dialect.read, dialect.form, dialects.HEARS)
    return lambda who, asked: lookup.begin(who, asked, way)


openai = _begin(dialects.OPENAI)
anthropic = _begin(dialects.ANTHROPIC)
