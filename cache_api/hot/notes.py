"""What is noted of one semantic hit: whose answer it was and how near, for whoever judges it."""

from dataclasses import dataclass

from cache_api.hot import envelope, work
from cache_api.hot.admit import Caller
from cache_api.hot.envelope import Entry, Meta
from cache_api.hot.keyring import Scope
from cache_api.hot.marks import Subject
from cache_api.hot.steps import Command
from cache_api.hot.work import SET


@dataclass(frozen=True, slots=True)
class Note:
    """The digest of the request whose answer was chosen, and the similarity in 1/10,000."""

    digest: str
    similarity_bps: int


def noting(subject: Subject, scope: Scope, key: bytes, note: Note, keep_ms: int) -> Command:
    """The command that keeps a note under `key`, sealed like an entry. Run it on the cache lane."""
    who, now_ms = subject.who, subject.now_ms
    meta = Meta(now_ms, now_ms + keep_ms, seq=who.purge_seq)
    entry = Entry(meta, f"{note.digest} {note.similarity_bps}".encode("ascii"))
    sealed = envelope.seal_entry(who.ring, scope, key, who.partner.generation, entry)
    return (SET, key, sealed, b"PX", b"%d" % keep_ms)


def noted(
    who: Caller, scope: Scope, key: bytes, sealed: bytes | None, alarms: list[str]
) -> Note | None:
    """The note that lay under `key`; None where there is none, or none that opens there."""
    if sealed is None:
        return None
    found = work.opened(who, scope, key, sealed, alarms)
    if type(found) is not Entry:
        return None
    digest, _, bps = found.response.decode("ascii").partition(" ")
    return Note(digest, int(bps))
