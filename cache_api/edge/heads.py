"""A connection's last request line and headers: most often its next request has the same.

Such a request is known without parsing it. What is kept lives as long as the connection, since it
holds the caller's key.
"""

from collections.abc import Mapping

from cache_api.hot import admit
from cache_api.hot.admit import Caller
from cache_api.hot.limits import Bar
from cache_api.hot.steps import Answer, Heard
from cache_api.hot.verbs import Verb
from cache_api.rules import controls

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_LONGEST = 4 * 1024  # bytes of a head that are worth a connection's memory


class Head:
    """A parsed head of a request with a body, and its bytes around the number of Content-Length.

    `is_traced`: its answers repeat the caller's own trace. `barred` is kept by the express way.
    """

    __slots__ = ("_after", "_before", "barred", "headers", "heard", "is_traced", "verb")

    def __init__(
        self, before: bytes, after: bytes, verb: Verb, headers: Mapping[bytes, bytes]
    ) -> None:
        self._before, self._after = before, after
        self.verb, self.headers = verb, headers
        self.heard = Heard(admit.name_of(headers))
        self.barred: tuple[Caller, Bar, Answer] | None = None
        self.is_traced = controls.trace_id(headers) != ""

    def body(self, data: bytes) -> bytes | None:
        """The body, where `data` is one whole request with this head and nothing else."""
        start = data.find(_END) + len(_END)
        head = b"%b%d%b" % (self._before, len(data) - start, self._after)
        return data[start:] if len(head) == start and data.startswith(head) else None


def of(data: bytes, verb: Verb, headers: Mapping[bytes, bytes]) -> Head | None:
    """The head of a request that was parsed from `data`; None where it is no such one."""
    start = data.find(_END) + len(_END)
    number = b"%d" % (len(data) - start)
    at = data[:start].lower().find(_LENGTH) + len(_LENGTH)
    at += data[at : at + 1] == b" "
    if start > _LONGEST or b"transfer-encoding" in headers:
        return None
    if headers.get(b"content-length") != number:
        return None
    others = {name: value for name, value in headers.items() if name != b"content-length"}
    head = Head(data[:at], data[at + len(number) : start], verb, others)
    return head if head.body(data) is not None else None
