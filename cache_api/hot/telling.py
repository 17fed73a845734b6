"""What a hit's answer is made of when it is told again: bytes, but for what each time differs."""


class Telling:
    """A hit's 200 but for its event's id and the microseconds it took.

    Both stand in the body around `middle`. A provider's own body (`start` alone) has neither: there
    the id is the header `id_header`.
    """

    __slots__ = ("content_type", "end", "id_header", "middle", "start")

    def __init__(
        self,
        start: bytes,
        middle: bytes,
        end: bytes,
        content_type: bytes,
        id_header: bytes = b"",
    ) -> None:
        self.start, self.middle, self.end = start, middle, end
        self.content_type, self.id_header = content_type, id_header

    def body(self, event_id: bytes, elapsed_us: int) -> bytes:
        """The body; `event_id` as text."""
        if not self.middle:
            return self.start
        latency = b"%d.%03d" % (elapsed_us // 1000, elapsed_us % 1000)
        return b"".join((self.start, latency, self.middle, event_id, self.end))

    def line(self, event_id: bytes) -> bytes:
        """The header line that only this answer has, or b""."""
        return b"%b: %b\r\n" % (self.id_header, event_id) if self.id_header else b""


class Lines:
    """Header lines of a hit whenever it is told; a stale one has a `ttl` below zero.

    `pattern` takes ttl and age in seconds, then milliseconds and the microseconds beyond them.
    """

    __slots__ = ("created_at_ms", "expires_at_ms", "pattern")

    def __init__(self, pattern: bytes, created_at_ms: int, expires_at_ms: int) -> None:
        self.pattern = pattern
        self.created_at_ms, self.expires_at_ms = created_at_ms, expires_at_ms

    def at(self, now_ms: int, elapsed_us: int) -> bytes:
        """The lines of an answer of now (Unix ms) that took so many microseconds."""
        left_s = (self.expires_at_ms - now_ms) // 1000
        age_s = max(0, (now_ms - self.created_at_ms) // 1000)
        return self.pattern % (left_s, age_s, elapsed_us // 1000, elapsed_us % 1000)
