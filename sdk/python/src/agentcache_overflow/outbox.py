"""What nobody waits for: stores, told-back hedges, purges to be repeated. One daemon thread.

Bounded; the oldest store goes first. Of a key that was set and could not be stored an older value
might remain: it is purged instead.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agentcache_overflow.changes import Owed
from agentcache_overflow.counts import Counts
from agentcache_overflow.transport import Late, Reply, Unreachable

GATHER_S = 0.05
MOST_UNSAID, AGAIN_S = 1000, 1.0
BATCH_ITEMS, BATCH_BYTES = 100, 4 * 1024 * 1024
WITHIN_S = 10.0  # nobody waits


@dataclass(eq=False, slots=True)
class Letter:
    """A store or feedback. `value` answers reads of the key until it is stored."""

    kind: str
    body: bytes  # JSON
    ident: str = ""
    wire_key: str = ""  # of a key that changes: purged if this cannot be stored
    value: Any = None
    gone: bool = field(default=False)


class Outbox:
    """`call(method, path, body, within_s)` sends; it raises Late or Unreachable."""

    def __init__(
        self,
        call: Callable[..., Reply],
        counts: Counts,
        owed: Owed,
        most_items: int,
        most_bytes: int,
        common: dict[str, str],
    ) -> None:
        self._call, self._counts, self.owed = call, counts, owed
        self._common = common  # customer_id and namespace
        self._most_items, self._most_bytes = most_items, most_bytes
        self._changed = threading.Condition()
        self._waiting: deque[Letter] = deque()
        self._bytes = 0
        self._under_way: list[Letter] = []
        self._latest: dict[str, Letter] = {}
        self._is_purging = False
        self._unsaid: deque[Letter] = deque(maxlen=MOST_UNSAID)  # feedback that nobody took
        self._unsaid_at = 0.0  # when it is sent again
        self._thread: threading.Thread | None = None
        self._hurry = 0
        self._closed = False

    def put(self, letter: Letter) -> None:
        """Take it on; the oldest make room. Never waits."""
        size = len(letter.body)
        with self._changed:
            if self._closed or size > self._most_bytes or self._most_items == 0:
                self._give_up(letter, "stores_dropped")
                return
            while self._waiting and (
                len(self._waiting) >= self._most_items or self._bytes + size > self._most_bytes
            ):
                oldest = self._waiting.popleft()
                self._bytes -= len(oldest.body)
                self._give_up(oldest, "stores_dropped")
            self._waiting.append(letter)
            self._bytes += size
            if letter.kind == "store":
                self._latest[letter.ident] = letter
            self._start()

    def poke(self) -> None:
        """There is something owed."""
        with self._changed:
            self._start()

    def holds(self, ident: str) -> Letter | None:
        """The store of this entry that waits or is under way."""
        letter = self._latest.get(ident)
        return letter if letter is not None and letter.value is not None else None

    def forget(self, ident: str, within_s: float) -> bool:
        """Drop what waits for an entry, wait for what is under way. False: that takes too long."""
        until = time.monotonic() + within_s
        with self._changed:
            for letter in self._waiting:
                if letter.ident == ident and letter.kind == "store":
                    letter.gone = True
            self._latest.pop(ident, None)
            while any(letter.ident == ident for letter in self._under_way):
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def forget_all(self, within_s: float) -> bool:
        """The same for all stores."""
        with self._changed:
            for letter in self._waiting:
                letter.gone = letter.gone or letter.kind == "store"
            self._latest.clear()
            if self._under_way:
                self._changed.wait_for(lambda: not self._under_way, within_s)
            return not self._under_way

    def flush(self, within_s: float) -> bool:
        """Wait until all is sent and nothing owed is due; False when the time is up."""
        with self._changed:
            self._hurry += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(self._is_empty, within_s)
            finally:
                self._hurry -= 1

    def close(self, within_s: float) -> bool:
        """Flush, try once more what is owed, then take nothing on."""
        until = time.monotonic() + within_s
        if len(self.owed) or self._unsaid:
            self.owed.hasten()
            self._unsaid_at = 0.0
            self.poke()
        done = self.flush(max(0.0, until - time.monotonic()))
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        return done

    def __len__(self) -> int:
        return len(self._waiting) + len(self._under_way)

    def _is_empty(self) -> bool:
        return not (self._waiting or self._under_way or self._is_purging or self._is_due())

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(
                target=self._work, name="agentcache-outbox", daemon=True
            )
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._is_due():
                    if self._closed:
                        return
                    self._changed.wait(self._next_s())
                if self._unsaid and time.monotonic() >= self._unsaid_at:
                    self._waiting.extend(self._unsaid)
                    self._bytes += sum(len(letter.body) for letter in self._unsaid)
                    self._unsaid.clear()
                if self._waiting and not self._hurry and not self._closed:
                    self._changed.wait(GATHER_S)
                letters = self._gather()
                self._under_way = letters
                self._is_purging = not letters
            try:
                if letters:
                    self._send(letters)
                self._purge()
            except Exception as error:  # noqa: BLE001 - this thread must not end
                self._counts.say("outbox", type(error).__name__)
                time.sleep(1)
            with self._changed:
                for letter in letters:
                    if self._latest.get(letter.ident) is letter:
                        del self._latest[letter.ident]
                self._under_way, self._is_purging = [], False
                self._changed.notify_all()

    def _is_due(self) -> bool:
        wait_s = self._next_s()
        return wait_s is not None and wait_s <= 0

    def _next_s(self) -> float | None:
        """Seconds until something is to be tried again, or None."""
        owed_s = self.owed.next_s()
        if not self._unsaid:
            return owed_s
        unsaid_s = max(0.0, self._unsaid_at - time.monotonic())
        return unsaid_s if owed_s is None else min(owed_s, unsaid_s)

    def _gather(self) -> list[Letter]:
        """Stores that go together, or one feedback."""
        found: list[Letter] = []
        size = 0
        while self._waiting and len(found) < BATCH_ITEMS:
            letter = self._waiting[0]
            if found and (letter.kind != "store" or size + len(letter.body) > BATCH_BYTES):
                break
            self._waiting.popleft()
            self._bytes -= len(letter.body)
            if letter.gone:
                continue
            found.append(letter)
            size += len(letter.body)
            if letter.kind != "store":
                break
        return found

    def _send(self, letters: list[Letter]) -> None:
        if letters[0].kind == "feedback":
            self._say(letters[0])
            return
        try:
            stored = self._stored(letters)
        except (Late, Unreachable) as error:
            stored = [False] * len(letters)
            self._counts.say("stores_failed", type(error).__name__)
        for letter, good in zip(letters, stored, strict=True):
            if good:
                self._counts.add("stores")
            else:
                self._give_up(letter, "stores_failed")

    def _say(self, letter: Letter) -> None:
        """Feedback; where nobody took it, all that waits is sent again later."""
        try:
            status = self._call("POST", "/api/overflow/feedback", letter.body, WITHIN_S).status
        except (Late, Unreachable):
            status = 0
        if status and status != 429 and status < 500:
            return
        with self._changed:
            others = [one for one in self._waiting if one.kind == "feedback"]
            self._unsaid.extend([letter, *others])
            self._unsaid_at = time.monotonic() + AGAIN_S
            self._waiting = deque(one for one in self._waiting if one.kind != "feedback")
            self._bytes -= sum(len(one.body) for one in others)

    def _stored(self, letters: list[Letter]) -> list[bool]:
        if len(letters) == 1:
            reply = self._call("POST", "/api/overflow/store", letters[0].body, WITHIN_S)
            self._note(reply.status)
            return [reply.status in (200, 201)]
        items = b",".join(b'{"op":"store",' + letter.body[1:] for letter in letters)
        reply = self._call("POST", "/api/overflow/batch", b'{"items":[' + items + b"]}", WITHIN_S)
        self._note(reply.status)
        statuses = reply.items() if reply.status == 200 else []
        if len(statuses) != len(letters):
            return [False] * len(letters)
        return [status in (200, 201) for status in statuses]

    def _note(self, status: int) -> None:
        if status not in (200, 201):
            self._counts.say("stores_failed", f"status {status}")

    def _give_up(self, letter: Letter, why: str) -> None:
        if letter.kind != "store":
            return
        if self._latest.get(letter.ident) is letter:
            del self._latest[letter.ident]
        if letter.gone:
            return
        self._counts.add(why)
        if letter.wire_key:
            self.owed.add(letter.wire_key)

    def _purge(self) -> None:
        due = self.owed.due()
        if not due:
            return
        status = self._purged([key for key in due if key])
        if "" in due:
            status = self._purged_everything()
        if status == 202:
            self.owed.done(list(due))
            self._counts.add("purges")
            return
        self._counts.add("purges_failed")
        for key, tried in due.items():
            self.owed.add(key, tried=tried + 1)

    def _purged(self, keys: list[str]) -> int:
        return self._ask({**self._common, "cache_keys": keys}) if keys else 202

    def purge_everything(self) -> bool:
        """Now, for one who waits; what fails stays owed."""
        done = self._purged_everything() == 202
        if done:
            self.owed.done([*self.owed.due(all_of_them=True), ""])
        self._counts.add("purges" if done else "purges_failed")
        self.poke()
        return done

    def _purged_everything(self) -> int:
        """All that this client may have stored: of its customer and namespace."""
        if "customer_id" in self._common:
            return self._ask(self._common)
        # A partner's key without a customer acts for `_default`; a customer's key may not name it.
        status = self._ask({**self._common, "customer_id": "_default"})
        return self._ask(self._common or {"all": True}) if status == 403 else status

    def _ask(self, body: dict[str, Any]) -> int:
        try:
            return self._call("POST", "/api/overflow/purge", body, WITHIN_S).status
        except (Late, Unreachable):
            return 0
