"""What a caller can ask: one file a verb, and the table that both doors route by.

A verb's `begin` gets the authenticated caller and what was asked, and returns the first Run (or the
Answer; or a Fetch, to begin again). The work it puts into a Run concludes it. A door adds nothing
but I/O.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cache_api.hot.admit import Caller
from cache_api.hot.dialects import ANTHROPIC, OPENAI, Dialect
from cache_api.hot.steps import Asked, Step, Voice, plainly
from cache_api.hot.verbs import (
    batch,
    dropins,
    explain,
    feedback,
    lookup,
    purge,
    purge_status,
    store,
)


@dataclass(frozen=True, slots=True)
class Verb:
    """One operation. A path that ends in "/" takes the rest as `Asked.tail`.

    `dialect` is the provider's whose clients ask there. `is_sent_again`: it is refused when it
    cannot be metered, since the caller loses nothing by sending it again.
    """

    name: str
    method: str
    path: str
    begin: Callable[[Caller, Asked], Step]
    dialect: Dialect | None = None
    is_sent_again: bool = False

    @property
    def voice(self) -> Voice:
        """How refusals are said here."""
        return plainly if self.dialect is None else self.dialect.voice


VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("lookup", "POST", "/api/overflow", lookup.begin),
        Verb("store", "POST", "/api/overflow/store", store.begin, is_sent_again=True),
        Verb("batch", "POST", "/api/overflow/batch", batch.begin),
        Verb("explain", "POST", "/api/overflow/explain", explain.begin),
        Verb("feedback", "POST", "/api/overflow/feedback", feedback.begin, is_sent_again=True),
        Verb("purge", "POST", "/api/overflow/purge", purge.begin),
        Verb("purge_status", "GET", purge.STATUS_PATH, purge_status.begin),
        Verb("chat_completions", "POST", "/v1/chat/completions", dropins.openai, OPENAI),
        Verb("responses", "POST", "/v1/responses", dropins.openai, OPENAI),
        Verb("messages", "POST", "/v1/messages", dropins.anthropic, ANTHROPIC),
    )
}
