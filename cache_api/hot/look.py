"""What an answer looks like from outside: header lines, under the name of whoever it comes from.

Everything that can be is formatted once per brand; an answer costs one `%`. The fields:
`Cache-Status` (RFC 9211), `Age` and a strong `ETag` of the stored response, `Server-Timing`, a word
for people (`AgentCache-Status`), and `Cache-Control: no-store`, because an answer is for one key
and no cache on the way may keep it. There is nothing to `Vary`: no answer is negotiated.
"""

from collections.abc import Mapping

from cache_api.hot.telling import Lines
from cache_api.rules.controls import OWN_PREFIX

NO_STORE = b"cache-control: no-store\r\n"
# Why the response must come from the provider, in RFC 9211's words; `miss` where nothing is said.
_FORWARDED = {
    "expired": b"stale",
    "no_cache": b"request",
    "too_old": b"request",
    "not_fresh": b"request",
    "off": b"bypass",
    "quota": b"bypass",
    "not_canonical": b"bypass",
}


class Look:
    """One brand's header lines and names. All texts are header-safe ASCII."""

    __slots__ = ("_hit", "_miss", "_name", "_prefix", "_stored", "problem_base", "source")

    def __init__(self, header_prefix: str, cache_name: str, problem_base: str, source: str) -> None:
        self.problem_base, self._prefix = problem_base, header_prefix
        self.source = source.encode("ascii")
        self._name = b"cache-status: " + cache_name.encode("ascii")
        status = b"%b-status: " % header_prefix.lower().encode("ascii")
        end = b"\r\nserver-timing: total;dur=%%d.%%03d\r\n%b%%b\r\n%b" % (status, NO_STORE)
        later = end.replace(b"%d.%03d", b"%%d.%%03d")  # what each answer fills in anew
        self._hit = self._name + b'; hit; ttl=%%d\r\nage: %%d\r\netag: "%b"' + later
        self._stored = self._name + b'; fwd=method; stored; ttl=%d\r\netag: "%b"' + end
        self._miss = self._name + b"; fwd=%b; detail=%b" + end

    def heard(self, headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        """A request's headers with the brand's own prefix made ours."""
        if self._prefix == OWN_PREFIX:
            return headers
        theirs = f"{self._prefix}-".lower().encode("ascii")
        ours = f"{OWN_PREFIX}-".lower().encode("ascii")
        return {
            ours + name[len(theirs) :] if name.startswith(theirs) else name: value
            for name, value in headers.items()
        }

    def worded(self, detail: str) -> str:
        """A text for the caller: our headers bear the brand's prefix there too."""
        return detail if self._prefix == OWN_PREFIX else detail.replace(OWN_PREFIX, self._prefix)

    def hit(self, outcome: str, created_at_ms: int, expires_at_ms: int, etag: str) -> Lines:
        """Lines of a hit, whenever it is told."""
        pattern = self._hit % (etag.encode("ascii"), outcome.encode("ascii"))
        return Lines(pattern, created_at_ms, expires_at_ms)

    def miss(self, reason: str, elapsed_us: int) -> bytes:
        """Lines of a miss."""
        forwarded = _FORWARDED.get(reason, b"miss")
        timing = divmod(elapsed_us, 1000)
        return self._miss % (forwarded, reason.encode("ascii"), *timing, b"miss")

    def stored(self, outcome: str, ttl_ms: int, etag: str, elapsed_us: int) -> bytes:
        """Lines of what was stored, or was there already."""
        numbers = (max(0, ttl_ms // 1000), etag.encode("ascii"), *divmod(elapsed_us, 1000))
        return self._stored % (*numbers, outcome.encode("ascii"))

    def problem(self, detail: str) -> bytes:
        """Lines of an answer that neither hit nor missed; `detail` is a word of ours."""
        return b"%b; detail=%b\r\n%b" % (self._name, detail.encode("ascii"), NO_STORE)


DEFAULT = Look(OWN_PREFIX, "AgentCache", "/problems/", "edge-cache")
