"""Requests one after the other, all the time that something is restarted."""

import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, Self

from tests.patience import PATIENCE_S, wait_for

THREADS = 4


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
