"""Signed notices to the portal: in order, or twice and shuffled when told so."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import queue
import random
import threading
import time
from typing import Any
from urllib.parse import urlsplit


def signature(payload: bytes, secret: str, at: int) -> str:
    """Stripe's header over the raw bytes."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


class Webhooks:
    """One sender on its own thread; a portal that is away is tried again for a minute."""

    def __init__(self, url: str, secret: str, host: str = "") -> None:
        self.url, self.secret, self.host = urlsplit(url), secret, host
        self.held: list[dict[str, Any]] | None = None
        self._waiting: queue.SimpleQueue[tuple[dict[str, Any], int]] = queue.SimpleQueue()
        if url:
            threading.Thread(target=self._run, daemon=True).start()

    def send(self, events: list[dict[str, Any]]) -> None:
        """Send, or keep them while held."""
        if self.held is not None:
            self.held += events
            return
        for event in events:
            self._waiting.put((event, 0))

    def release(self, seed: int) -> list[dict[str, Any]]:
        """What was held, each twice and in a random order, sent at once; returns it."""
        events = [event for event in self.held or [] for _ in range(2)]
        random.Random(seed).shuffle(events)  # noqa: S311 - an order, not a secret
        self.held = None
        self.send(events)
        return events

    def _run(self) -> None:
        while True:
            event, tries = self._waiting.get()
            if not self._post(event) and tries < 20:
                time.sleep(3)
                self._waiting.put((event, tries + 1))

    def _post(self, event: dict[str, Any]) -> bool:
        payload = json.dumps(event).encode()
        signed = signature(payload, self.secret, int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Host": self.host or self.url.netloc,
            "Stripe-Signature": signed,
        }
        link = http.client.HTTPConnection(self.url.hostname or "", self.url.port or 80, timeout=10)
        try:
            link.request("POST", self.url.path, payload, headers)
            return link.getresponse().status == 200
        except OSError:
            return False
        finally:
            link.close()
