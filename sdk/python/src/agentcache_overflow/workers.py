"""Daemon threads that wait for work: the hand-over of a call costs about ten microseconds.

The standard library's executor is joined at the interpreter's end, where a server that does not
answer would hold it up.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Job = Callable[[], None]
IDLE_S = 30.0


class Workers:
    """At most `limit` threads; work beyond waits its turn. Jobs must not raise."""

    def __init__(self, name: str, limit: int) -> None:
        self._name, self._limit = name, limit
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._waiting: deque[Job] = deque()
        self.count = 0

    def run(self, job: Job) -> None:
        """Start it now, or as soon as a thread is free."""
        with self._lock:
            if self._idle:
                worker = self._idle.pop()
            elif self.count < self._limit:
                self.count += 1
                worker = _Worker(self)
            else:
                self._waiting.append(job)
                return
        worker.give(job)

    def next(self, worker: "_Worker") -> Job | None:
        """The next job that waits; None: the worker is idle from now on."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._idle.append(worker)
            return None

    def retire(self, worker: "_Worker") -> bool:
        """Whether an idle worker may end: nobody has given it work meanwhile."""
        with self._lock:
            if worker not in self._idle:
                return False
            self._idle.remove(worker)
            self.count -= 1
            return True


class _Worker:
    def __init__(self, pool: Workers) -> None:
        self._pool = pool
        self._job: Job | None = None
        self._wake = threading.Lock()
        self._wake.acquire()
        self._thread: threading.Thread | None = None

    def give(self, job: Job) -> None:
        self._job = job
        if self._thread is None:
            name = f"agentcache-{self._pool._name}"
            self._thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._thread.start()
        else:
            self._wake.release()

    def _work(self) -> None:
        while True:
            job = self._job
            while job is not None:
                self._job = None
                job()
                job = None  # nothing of a call is kept while idle
                job = self._pool.next(self)
            while not self._wake.acquire(timeout=IDLE_S):
                if self._pool.retire(self):
                    return


async def in_thread(workers: Workers, work: Callable[[], Any]) -> Any:
    """What `work` returns or raises, done by one of the threads."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def finish(value: Any, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(value)
        else:
            done.set_exception(error)

    def run() -> None:
        value, failed = None, None
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - it goes to the one who waits
            failed = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(finish, value, failed)

    workers.run(run)
    return await done
