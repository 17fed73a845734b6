"""The embedding model behind semantic matching: chosen by name, loaded and run in one thread.

EMBEDDER names a callable `package.module:name` that makes an Embedder, or "none". Left out it is
the packaged local model. Nothing is loaded before the first text comes, and nobody waits for that.
Without its packages semantic matching is off and `status` says so; nothing raises.

Commands, as the pipeline sends them: EMBED text → (model id, vector), NEAREST vector least-bps
most vector… → [(position, bps)], COMPARE text text → bps; None where there is no answer.
"""

import importlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from cache_api.hot.steps import Command
from cache_api.hot.work import COMPARE, EMBED, NEAREST

log = logging.getLogger(__name__)
DEFAULT = "cache_api.gateways.minilm:MiniLm"
NONE = "none"
MAX_WAITING = 8  # at 5 ms each, the last one is done before its request gives up
Replies = list[Any]


class Embedder(Protocol):
    """What a model must offer. Only one thread calls it."""

    id: str  # names model and version: vectors of two ids never meet

    def embed(self, text: str) -> bytes | None:
        """The text's vector as `rules.semantic.vectors.pack` makes it; None: it has no vector."""


class EmbedderThread:
    """One process's model. `submit` never blocks, never raises and never queues without bound."""

    def __init__(self, name: str, deadline_s: float) -> None:
        """`deadline_s`: commands begun later than that after they were submitted are left out, and
        while some take longer, others are turned away.
        """
        self._name, self.deadline_s = name, deadline_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")
        self._lock = threading.Lock()
        self._loading: Future[None] | None = None
        self._model: Embedder | None = None
        self._off = "semantic matching is off: EMBEDDER=none" if name == NONE else ""
        self._waiting = 0
        self._busy_since = 0.0  # 0 = idle

    @property
    def status(self) -> str:
        """ "ready", "not loaded yet", or why semantic matching is off."""
        if self._off:
            return self._off
        return "not loaded yet" if self._model is None else "ready"

    @property
    def word(self) -> str:
        """The same in a word for strangers: ok, idle (not loaded yet) or off."""
        if self._off:
            return "off"
        return "idle" if self._model is None else "ok"

    def submit(self, commands: Sequence[Command]) -> "Future[Replies] | None":
        """The replies to come, or None: no model (yet), or too busy. The first call loads it."""
        if self._model is None:
            self._load()
            return None
        late = self._busy_since and time.monotonic() - self._busy_since > self.deadline_s
        if late or self._waiting >= MAX_WAITING:
            return None
        with self._lock:
            self._waiting += 1
        until = time.monotonic() + self.deadline_s
        future = self._thread.submit(self._run, commands, until)
        future.add_done_callback(self._done)  # also when its request gave up and cancelled it
        return future

    def wait_until_loaded(self) -> str:
        """Load now and say how that went (`status`): for checks, benchmarks and tests."""
        loading = self._load()
        if loading is not None:
            loading.result()
        return self.status

    def close(self) -> None:
        """Drop what waits; what runs is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _run(self, commands: Sequence[Command], until: float) -> Replies:
        replies: Replies = []
        for command in commands:
            self._busy_since = time.monotonic()
            replies.append(self._one(command) if self._busy_since <= until else None)
        self._busy_since = 0.0
        return replies

    def _one(self, command: Command) -> Any:
        try:
            return _COMMANDS[command[0]](self, *command[1:])
        except Exception as error:  # noqa: BLE001 - a model's trouble is a miss, whatever it is
            # Not its message, which may quote the text.
            log.error("the embedding model failed: %s", type(error).__name__)
            return None

    def _embed(self, text: bytes) -> tuple[str, bytes] | None:
        assert self._model is not None
        vector = self._model.embed(text.decode())
        return None if vector is None else (self._model.id, vector)

    def _nearest(self, asked: bytes, least: bytes, most: bytes, *stored: bytes) -> Any:
        return self._vectors.nearest(asked, stored, at_least_bps=int(least), limit=int(most))

    def _compare(self, one: bytes, other: bytes) -> int | None:
        a, b = self._embed(one), self._embed(other)
        if a is None or b is None:
            return None
        return int(self._vectors.similarity_bps(a[1], b[1]))

    def _done(self, _: "Future[Replies]") -> None:
        with self._lock:
            self._waiting -= 1

    def _load(self) -> "Future[None] | None":
        with self._lock:
            if self._off:
                return None
            if self._loading is None:
                self._loading = self._thread.submit(self._load_now)
            return self._loading

    def _load_now(self) -> None:
        try:
            model = load(self._name)
            self._vectors = importlib.import_module("cache_api.rules.semantic.vectors")
        except (NoEmbedder, ImportError) as error:
            self._off = f"semantic matching is off: {error}"
            log.warning(self._off)
            return
        self._model = model
        log.info("semantic matching: %s", model.id)


_COMMANDS: dict[bytes, Callable[..., Any]] = {
    EMBED: EmbedderThread._embed,
    NEAREST: EmbedderThread._nearest,
    COMPARE: EmbedderThread._compare,
}


class NoEmbedder(ValueError):
    """There is no such model here; the text says why and what to do."""


def named() -> str:
    """What EMBEDDER names, or the default."""
    return os.environ.get("EMBEDDER") or DEFAULT


def load(name: str) -> Embedder:
    """Import and make the model named `package.module:callable`. Raises NoEmbedder."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise NoEmbedder(f"EMBEDDER={name!r} must be package.module:callable, or none")
    try:
        make: Callable[[], Embedder] = getattr(importlib.import_module(module_name), attribute)
        return make()
    except ImportError as error:
        hint = "; pip install -r requirements-semantic.txt" if name == DEFAULT else ""
        raise NoEmbedder(f"{error}{hint}") from error
    except Exception as error:  # somebody else's code: whatever it is, the API answers without it
        raise NoEmbedder(f"{name} failed: {error!r}") from error
