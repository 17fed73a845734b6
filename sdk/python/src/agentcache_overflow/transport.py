"""HTTP to the overflow: one attempt, within a time. The only file that knows urllib3."""

# Loaded with us: urllib3 uses it from its first connection on, and a process that forks while a
# thread imports a module leaves the child a lock that nobody will release.
import encodings.idna  # noqa: F401
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, TimeoutError

from agentcache_overflow.options import Options

MAX_BYTES = 16 * 1024 * 1024
JSON = "application/json"


class Late(Exception):
    """No complete answer in time."""


class Unreachable(Exception):
    """No connection, or a broken one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes
    retry_after_s: float = 1.0
    age_s: float | None = None  # how long an entry had been stored, by the edge's clock

    def json(self) -> Any:
        """The body, or None where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def items(self) -> list[int]:
        """The statuses of a batch's items; none where it is no such answer."""
        told = self.json()
        items = told.get("items") if type(told) is dict else None
        if type(items) is not list:
            return []
        return [one.get("status", 0) if type(one) is dict else 0 for one in items]


class Transport:
    """A pool of connections to one base address."""

    def __init__(self, options: Options, url: str, user_agent: str) -> None:
        parts = urlsplit(url)
        self._prefix = parts.path.rstrip("/")
        self._connect_s = options.ms("connect_timeout") / 1000
        host = parts.hostname or ""
        self._headers = {
            "authorization": f"Bearer {options.api_key}", "user-agent": user_agent,
            "content-type": JSON,
        }  # fmt: skip
        more: dict[str, Any] = {}
        if host == "localhost" or host.endswith(".localhost"):
            # Browsers resolve these by themselves, resolvers need not (RFC 6761 §6.3).
            self._headers["host"] = parts.netloc.rpartition("@")[2]
            if parts.scheme == "https":
                more = {"assert_hostname": host, "server_hostname": host}
            host = "127.0.0.1"
        kind = (
            urllib3.HTTPSConnectionPool if parts.scheme == "https" else urllib3.HTTPConnectionPool
        )
        self._pool = kind(
            host, port=parts.port, maxsize=options.max_in_flight, block=False, retries=False, **more
        )

    def close(self) -> None:
        """Close what is idle."""
        self._pool.close()

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | bytes | None,
        within_s: float,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request. Raises Late, Unreachable."""
        until = time.monotonic() + within_s
        raw = dump(body) if isinstance(body, dict) else body
        timeout = urllib3.Timeout(connect=min(self._connect_s, within_s), read=within_s)
        response = None
        try:
            response = self._pool.urlopen(
                method, self._prefix + path, body=raw, headers={**self._headers, **(headers or {})},
                timeout=timeout, preload_content=False, redirect=False, assert_same_host=False,
            )  # fmt: skip
            data = self._read(response, until)
            told = response.headers
            reply = Reply(
                response.status, data, _seconds(told.get("retry-after")), _age(told.get("age"))
            )
            response.release_conn()
            return reply
        except TimeoutError as error:
            _drop(response)
            if isinstance(error, NewConnectionError):  # refused, or a name that is not known
                raise Unreachable(f"no connection, {type(error).__name__}") from None
            if "connect" in type(error).__name__.lower():
                raise Unreachable("connecting took too long") from None
            raise Late("no answer in time") from None
        except (HTTPError, OSError, ValueError) as error:
            _drop(response)
            raise Unreachable(type(error).__name__) from None
        except Late:
            _drop(response)
            raise

    def _read(self, response: urllib3.BaseHTTPResponse, until: float) -> bytes:
        chunks, size = [], 0
        while chunk := response.read1(65_536):
            size += len(chunk)
            if size > MAX_BYTES:
                raise ValueError("the answer is too long")
            if time.monotonic() > until:
                raise Late("the answer drips")
            chunks.append(chunk)
        expected = response.headers.get("content-length")
        if expected is not None and expected != str(size):
            raise ValueError("the answer is cut off")
        return b"".join(chunks)


def dump(body: Any) -> bytes:
    """JSON bytes. Raises TypeError, ValueError for what is no JSON."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8")


def _drop(response: urllib3.BaseHTTPResponse | None) -> None:
    if response is not None:
        response.close()


def _age(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None


def _seconds(text: str | None) -> float:
    try:
        return min(max(float(text or 1), 0.0), 60.0)
    except ValueError:
        return 1.0
