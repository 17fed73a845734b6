"""Requests one after the other, all the time that something is restarted."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any, Self

from tests.patience import PATIENCE_S, wait_for

THREADS = 4
KEPT_S = 1.0  # shorter than any server of ours keeps a silent connection


class Load:
    """Each of four threads asks in turn until the block ends; what came of it.

    `pause_s`: between two requests of a thread. What raises is a failure.
    """

    def __init__(self, *asks: Callable[[], Any], pause_s: float = 0.0) -> None:
        self.asks, self.pause_s = asks, pause_s
        self.answers: list[Any] = []
        self.failures: list[str] = []
        self.is_over = threading.Event()

    def __enter__(self) -> Self:
        self.threads = [threading.Thread(target=self._run) for _ in range(THREADS)]
        for one in self.threads:
            one.start()
        self.more()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        for one in self.threads:
            one.join(PATIENCE_S)

    def more(self, count: int = 12) -> None:
        """Wait until so many more were answered."""
        wanted = len(self.answers) + count
        assert wait_for(lambda: len(self.answers) >= wanted or self.failures)

    def _run(self) -> None:
        while not self.is_over.is_set():
            for ask in self.asks:
                try:
                    self.answers.append(ask())
                except (OSError, HTTPException, AssertionError) as error:
                    self.failures.append(repr(error))
                time.sleep(self.pause_s)


class Kept:
    """A caller with a connection per thread that is kept, as browsers, SDKs and balancers have one.

    On a kept connection each request must be answered. A new one may be refused, or end without a
    byte: then the next of the `ports` is asked.
    """

    def __init__(self, ports: Callable[[], list[int]]) -> None:
        self.ports, self._local = ports, threading.local()

    def call(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Status and body. Raises what ends a kept connection."""
        link, asked_at = getattr(self._local, "link", (None, 0.0))
        self._local.link = (None, 0.0)
        if link is not None and time.monotonic() - asked_at < KEPT_S:
            return self._ask(link, method, path, body, headers)
        for port in [*self.ports(), *self.ports()]:
            with suppress(ConnectionError):
                link = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
                return self._ask(link, method, path, body, headers)
        raise AssertionError("nobody answered")

    def _ask(self, link: HTTPConnection, *asked: Any) -> tuple[int, bytes]:
        asked_at = time.monotonic()
        link.request(*asked)
        answer = link.getresponse()
        found = answer.status, answer.read()
        if link.sock is not None:  # else the answer said that it was the last
            self._local.link = (link, asked_at)
        return found
