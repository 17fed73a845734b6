"""Embedding models that behave badly, named by the tests as EMBEDDER."""

import threading
import time

gate = threading.Event()
entered = threading.Event()


class Stuck:
    """Embeds when the gate opens."""

    id = "stuck/1"

    def embed(self, text):
        entered.set()
        gate.wait(30)
        return text.encode()


class Slow:
    """Takes longer than anybody waits."""

    id = "slow/1"

    def embed(self, text):
        time.sleep(0.5)
        return b"\1"


class Failing:
    """Fails on every text but one."""

    id = "failing/1"

    def embed(self, text):
        if text == "fine":
            return b"\1"
        raise RuntimeError(f"cannot embed {text}")


class Unmakeable:
    """Cannot be made."""

    def __init__(self):
        raise OSError("no such device")
