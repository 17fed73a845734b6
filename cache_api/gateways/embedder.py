"""The embedding model behind semantic matching: chosen by name, loaded and run in one thread.

EMBEDDER names a callable `package.module:name` that makes an Embedder, or "none". Left out it is
the packaged local model. Nothing is loaded before the first text comes, and nobody waits for that.
Without its packages semantic matching is off and `status` says so; nothing raises.
"""

import importlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

log = logging.getLogger(__name__)
DEFAULT = "cache_api.gateways.minilm:MiniLm"
NONE = "none"
MAX_WAITING = 8  # texts; at 5 ms each, the last one is done before its request gives up


class Embedder(Protocol):
    """What a model must offer. Only one thread calls it."""

    id: str  # names model and version: vectors of two ids never meet

    def embed(self, text: str) -> bytes | None:
        """The text's vector as `rules.semantic.vectors.pack` makes it; None: it has no vector."""


class EmbedderThread:
    """One process's model. `embed` never blocks, never raises and never queues without bound."""

    def __init__(self, name: str, deadline_s: float) -> None:
        """`deadline_s`: once a text takes longer, others are turned away until it is done."""
        self._name, self._deadline_s = name, deadline_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")
        self._lock = threading.Lock()
        self._loading: Future[None] | None = None
        self._model: Embedder | None = None
        self._off = "semantic matching is off: EMBEDDER=none" if name == NONE else ""
        self._waiting = 0
        self._busy_since = 0.0  # 0 = idle

    @property
    def id(self) -> str | None:
        """The model's id once it is loaded; the first question sets that going."""
        if self._model is None:
            self._load()
            return None
        return self._model.id

    @property
    def status(self) -> str:
        """ "ready", "not loaded yet", or why semantic matching is off."""
        if self._off:
            return self._off
        return "not loaded yet" if self._model is None else "ready"

    def embed(self, text: str) -> "Future[bytes | None] | None":
        """The vector to come (None in it: this text has none), or None: no model, or too busy."""
        model = self._model
        if model is None:
            self._load()
            return None
        late = self._busy_since and time.monotonic() - self._busy_since > self._deadline_s
        if late or self._waiting >= MAX_WAITING:
            return None
        with self._lock:
            self._waiting += 1
        future = self._thread.submit(self._run, model, text)
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

    def _run(self, model: Embedder, text: str) -> bytes | None:
        self._busy_since = time.monotonic()
        try:
            return model.embed(text)
        except Exception as error:  # noqa: BLE001 - a model's trouble is a miss, whatever it is
            # Not its message, which may quote the text.
            log.error("the embedding model failed: %s", type(error).__name__)
            return None
        finally:
            self._busy_since = 0.0

    def _done(self, _: "Future[bytes | None]") -> None:
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
            self._model = load(self._name)
            log.info("semantic matching: %s", self._model.id)
        except NoEmbedder as error:
            self._off = f"semantic matching is off: {error}"
            log.warning(self._off)


class NoEmbedder(ValueError):
    """There is no such model here; the text says why and what to do."""


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
