"""Entries are sealed and opened by many threads at once: each gets its own bytes back."""

import threading
import uuid

from cache_api.hot import envelope
from cache_api.hot.envelope import Entry, Meta
from cache_api.hot.keyring import Keyring

THREADS, ROUNDS = 4, 3_000


def test_threads_never_get_each_others_bodies():
    ring = Keyring(uuid.uuid4(), {1: b"k" * 32})
    scope = ring.scope(livemode=True, customer="acme", namespace="")
    meta = Meta(created_at_ms=0, expires_at_ms=1)
    bodies = [b"".join(b'"%d-%d"' % (n, part) for part in range(300)) for n in range(100)]
    wrong: list[object] = []

    def work(thread: int) -> None:
        try:
            for count in range(ROUNDS):
                body = bodies[(count * 7 + thread * 31) % len(bodies)]
                sealed = envelope.seal_entry(ring, scope, b"key", 0, Entry(meta, body))
                opened = envelope.unseal(ring, scope, b"key", 0, sealed)
                if not isinstance(opened, Entry) or opened.response != body:
                    wrong.append(body)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not happen
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
