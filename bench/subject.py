"""A row of the table: a server, what it is asked, and what shows that it did what it claims."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import load, loop
from bench.checks import Tally, Untrue, check_answers, check_body
from bench.proofs import Proof
from bench.servers import Server

AT_ONCE = 8  # connections while nothing is measured


def _as_stored(response: bytes) -> bytes:
    return response


@dataclass
class Subject:
    """One row: a server, what it is asked by index and customer, and what shows that it was true.

    `value_after`: the text right before the value. `hit_mark`: by which the server says that it
    was a hit, "" when it does not say. `kept`: the part of a response that it keeps as it is.
    `least_s`: its shortest round, where a shorter one could end before the first answer.
    """

    name: str
    server: Server
    ask: Callable[[int, str], bytes]
    proof: Proof
    value_after: bytes = b""
    hit_mark: str = ""
    kept: Callable[[bytes], bytes] = _as_stored
    least_s: float = 0
    requests: Sequence[bytes] = ()
    values: Sequence[bytes] = ()
    folder: Path = field(default_factory=Path)
    next_index: int = 0

    def lay_out(self, folder: Path, customer: str, responses: Sequence[bytes]) -> None:
        """Requests for all responses, and what each must be answered, here and in a deck."""
        self.requests = [self.ask(index, customer) for index in range(len(responses))]
        self.values = [self.kept(response) for response in responses]
        self.folder, self.next_index = folder, 0
        load.lay(folder, self.requests, self.values)

    def prove(self) -> str:
        """Ask for every value once and compare; SHA-256 over all of them. Raises Untrue."""
        with self._named():
            self.server.settle()
            self.proof.begin()
            found = loop.ask(self.server.port, self.requests, AT_ONCE)
            hashes = [
                check_body(answer.body, self.value_after, value)
                for answer, value in zip(found, self.values, strict=True)
            ]
            self.proof.check(self._seen(found))
        return hashlib.sha256("".join(hashes).encode()).hexdigest()

    def round(self, connections: int, seconds: float) -> tuple[Tally, float]:
        """One round, compared before it counts, and the server's CPU seconds. Raises Untrue."""
        with self._named():
            self.server.settle()
            self._check_one()
            self.proof.begin()
            order = load.Order(
                str(self.folder), self.hit_mark, self.server.port, connections,
                max(seconds, self.least_s), self.next_index,
            )  # fmt: skip
            cpu_s = self.server.cpu_s()
            tally = load.fire(order)
            cpu_s = self.server.cpu_s() - cpu_s
            check_answers(tally, connections)
            self.proof.check(tally)
            # On from there: a proxy's own memory of the last few keys shall not answer.
            self.next_index = (self.next_index + tally.sent) % len(self.requests)
        return tally, cpu_s

    def _seen(self, found: Sequence[loop.Answer]) -> Tally:
        """A tally of answers whose bodies have been compared. Raises Untrue."""
        count, mark = len(found), self.hit_mark.encode()
        ok = sum(answer.status == 200 for answer in found)
        hits = sum(mark in answer.body for answer in found)
        tally = Tally(1, count, count, ok, hits, count, 0, 0, 0)
        check_answers(tally, AT_ONCE)
        return tally

    def _check_one(self) -> None:
        """The next key, by a client of our own that knows whose answer it must be."""
        index = self.next_index
        (answer,) = loop.ask(self.server.port, [self.requests[index]])
        check_body(answer.body, self.value_after, self.values[index])
        self.next_index = (index + 1) % len(self.requests)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except Untrue as error:
            raise Untrue(f"{self.name}: {error}\n{self.server.child.log_end()}") from error
