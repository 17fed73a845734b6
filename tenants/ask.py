"""May a certificate be ordered for this name? Caddy asks before a handshake it knows nothing of.

Answered from memory: no database, no partner's schema. Unknown names are refused; when the list
cannot be read anew, the last one that was read keeps sites up.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenants.gateways.served_hosts import HostsUnavailable, ServedHosts
from tenants.rules.hostnames import InvalidHostname, normalise

log = logging.getLogger(__name__)
PATH = "/internal/tls/permission"
FRESH_S = 5.0
MISS_FRESH_S = 0.5  # a host verified a moment ago; scanners cost two reads a second at most
LOG_LINES_A_MINUTE = 60
_STATUS = {"allowed": 200, "unknown": 404, "unready": 503}


class Permission:
    """The list of served hosts, kept in this process. `read` raises HostsUnavailable."""

    def __init__(
        self, read: Callable[[], frozenset[str]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read, self._clock = read, clock
        self._hosts: frozenset[str] | None = None
        self._tried_at = float("-inf")
        self._reading = threading.Lock()
        self._logged_at, self._lines = float("-inf"), 0
        self.counts: Counter[str] = Counter()

    def answer(self, raw: str) -> str:
        """`allowed`, `unknown` or, as long as no list was ever read, `unready`."""
        try:
            host = normalise(raw)
        except (InvalidHostname, ValueError):
            host = ""
        self._refresh(FRESH_S)
        if self._hosts is not None and host and host not in self._hosts:
            self._refresh(MISS_FRESH_S)
        said = "allowed" if host in (self._hosts or ()) else "unknown"
        said = "unready" if self._hosts is None else said
        self._count(said, host or raw[:80])
        return said

    def _refresh(self, age_s: float) -> None:
        """Read again what is older, one thread at a time; others go on with what is known."""
        if self._clock() - self._tried_at < age_s:
            return
        if not self._reading.acquire(blocking=self._hosts is None):
            return
        try:
            if self._clock() - self._tried_at >= age_s:
                self._tried_at = self._clock()
                self._hosts = self._read()
        except HostsUnavailable as error:
            log.warning("hosts could not be read, the last list stays: %s", error)
        finally:
            self._reading.release()

    def _count(self, said: str, host: str) -> None:
        self.counts[said] += 1
        if self._clock() - self._logged_at >= 60.0:
            self._logged_at, self._lines = self._clock(), 0
        self._lines += 1
        if self._lines <= LOG_LINES_A_MINUTE:
            log.info("tls permission %s: %r; so far %s", said, host, dict(self.counts))


def is_ask(request: HttpRequest) -> bool:
    """Whether this is our own Caddy, asking on loopback by address and not for a visitor."""
    return request.path == PATH and from_loopback(request)


def from_loopback(request: HttpRequest) -> bool:
    """Whether a program of this machine asks this machine, by address and not for a visitor."""
    if "HTTP_X_FORWARDED_FOR" in request.META:
        return False
    asked = request.META.get("HTTP_HOST", "").rsplit(":", 1)[0].strip("[]")
    return all(map(_is_loopback, (request.META.get("REMOTE_ADDR", ""), asked)))


def answer(request: HttpRequest) -> HttpResponse:
    """2xx allows; Caddy takes anything else as a refusal."""
    said = permission().answer(request.GET.get("domain", ""))
    return HttpResponse(f"{said}\n", status=_STATUS[said], content_type="text/plain")


@lru_cache(maxsize=1)
def permission() -> Permission:
    """This process's list."""
    return Permission(ServedHosts(settings.EVENTS_URL).read)


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False
