"""The parts without I/O: breaker, budget, memory of the process, changes, Redis's commands."""

import time

import pytest
from agentcache_overflow import answer
from agentcache_overflow.breaker import Breaker, Budget
from agentcache_overflow.changes import MOST, Changes, Owed
from agentcache_overflow.l1 import L1
from agentcache_overflow.options import duration_ms
from agentcache_overflow.wrappers import commands
from agentcache_overflow.wrappers.commands import SETS, TAKES, TAKES_ALL, Meaning


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_breaker_opens_at_five_in_a_row(clock):
    breaker = Breaker(clock)
    for _ in range(4):
        breaker.failed("slow")
    breaker.succeeded()
    for _ in range(4):
        breaker.failed("slow")
    assert breaker.admits() and not breaker.is_open
    breaker.failed("error")
    assert breaker.is_open and not breaker.admits() and breaker.because == "error"


def test_a_breaker_opens_at_half_of_twenty_within_ten_seconds(clock):
    breaker = Breaker(clock)
    for _ in range(9):
        breaker.succeeded()
        breaker.failed("slow")
    assert not breaker.is_open  # eighteen
    breaker.succeeded()
    breaker.failed("slow")
    assert breaker.is_open
    calm = Breaker(clock)
    for _ in range(30):
        clock.now += 1.2  # never twenty within ten seconds
        calm.succeeded()
        calm.failed("slow")
    assert not calm.is_open


def test_a_breaker_probes_singly_and_ever_more_seldom(clock):
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.failed("slow")
    waits = []
    for _ in range(8):
        began = clock.now
        while not breaker.admits():
            clock.now += 0.05
        waits.append(clock.now - began)
        assert not breaker.admits()  # one at a time
        breaker.failed("slow")
    for wait, around in zip(waits, (1, 2, 4, 8, 16, 32, 60, 60), strict=True):
        assert around * 0.89 <= wait <= around * 1.11 + 0.1
    clock.now += 70
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.admits() and breaker.admits() and not breaker.is_open
    for _ in range(5):
        breaker.failed("slow")
    clock.now += 1.2
    assert breaker.admits()  # the first wait again


def test_a_probe_that_is_lost_blocks_for_five_seconds_only(clock):
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.failed("slow")
    clock.now += 2
    assert breaker.admits() and not breaker.admits()
    clock.now += 5.1
    assert breaker.admits()


def test_a_tenth_of_the_reads_may_be_hedged():
    budget = Budget(0.1)
    assert [budget.take() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(1000):
        budget.earn()
    assert sum(budget.take() for _ in range(50)) in (9, 10)  # ten saved up, less rounding
    assert not Budget(0).take()


def test_memory_is_bounded_in_bytes_and_time(clock):
    memory = L1(800, 10_000, clock)
    for number in range(10):
        memory.keep(f"k{number}", answer.hit(number, "overflow"), 100)
    assert memory.bytes == 800 and memory.get("k1") is None and memory.get("k2").response == 2
    memory.keep("k10", answer.hit(10, "overflow"), 100)
    assert memory.get("k3") is None and memory.get("k2") is not None  # used a moment ago
    memory.keep("huge", answer.hit(0, "overflow"), 101)
    assert memory.get("huge") is None
    clock.now += 10
    assert memory.get("k2") is None
    off = L1(800, 0, clock)
    off.keep("k", answer.hit(1, "overflow"), 1)
    assert off.get("k") is None


def test_changes_are_never_missed_though_old_ones_are_forgotten():
    changes = Changes()
    changes.add("a")
    since = changes.now
    assert not changes.since(since, "a") and changes.since(since - 1, "a")
    for number in range(MOST + 5):
        changes.add(f"k{number}")
    assert changes.since(since, "never seen")  # a miss more, never a deleted value
    assert not changes.since(changes.now, "a")
    changes.add_all()
    assert changes.since(changes.now - 1, "a")


def test_too_many_owed_purges_become_one_of_everything(clock):
    owed = Owed(clock)
    for number in range(MOST + 1):
        owed.add(f"k{number}", tried=1)
    assert owed.everything and "anything" in owed
    clock.now += 1.1
    assert "" in owed.due()
    owed.done([*owed.due(), ""])
    assert "anything" not in owed


@pytest.mark.parametrize(
    ("given", "ms"), [(100, 100), ("100ms", 100), ("2s", 2000), ("1.5 s", 1500), ("1m", 60_000)]
)
def test_durations(given, ms):
    assert duration_ms("threshold", given) == ms


def sets(*pairs, conditional=False):
    return Meaning(SETS, pairs=pairs, is_conditional=conditional)


@pytest.mark.parametrize(
    ("command", "meaning"),
    [
        (("GET", "k"), Meaning("read", ("k",))), ((b"get", "k"), Meaning("read", ("k",))),
        (("MGET", "a", "b"), Meaning("read_many", ("a", "b"))),
        (("SET", "k", "v"), sets(("k", "v", None))),
        (("SET", "k", "v", "EX", 5), sets(("k", "v", 5.0))),
        (("SET", "k", "v", b"px", b"1500"), sets(("k", "v", 1.5))),
        (("SET", "k", "v", "NX", "EX", 5), sets(("k", "v", 5.0), conditional=True)),
        (("SET", "k", "v", "KEEPTTL"), Meaning(TAKES, ("k",))),
        (("SET", "k", "v", "EX", 5, "GET"), Meaning(TAKES, ("k",))),
        (("SET", "k", "v", "IFEQ", "w"), Meaning(TAKES, ("k",))),
        (("SETEX", "k", 7, "v"), sets(("k", "v", 7.0))),
        (("PSETEX", "k", 700, "v"), sets(("k", "v", 0.7))),
        (("SETNX", "k", "v"), sets(("k", "v", None), conditional=True)),
        (("MSET", "a", 1, "b", 2), sets(("a", 1, None), ("b", 2, None))),
        (("MSETNX", "a", 1, "b", 2), Meaning(TAKES, ("a", "b"))),
        (("MSETEX", 2, "a", 1, "b", 2, "EX", 5), Meaning(TAKES, ("a", "b"))),
        (("DEL", "a", "b"), Meaning(TAKES, ("a", "b"))),
        (("RENAME", "a", "b"), Meaning(TAKES, ("a", "b"))),
        (("COPY", "a", "b", "REPLACE"), Meaning(TAKES, ("b",))),
        (("BITOP", "AND", "d", "a", "b"), Meaning(TAKES, ("d",))),
        (("GETEX", "k", "EX", 5), Meaning(TAKES, ("k",))), (("GETEX", "k"), None),
        (("EVAL", "return 1", 2, "a", "b", "x"), Meaning(TAKES, ("a", "b"))),
        (("FCALL", "f", 0, "x"), Meaning(TAKES, ())),
        (("SORT", "l", "LIMIT", 0, 1, "STORE", "d"), Meaning(TAKES, ("d",))),
        (("SORT", "l"), None), (("FLUSHALL", "ASYNC"), Meaning(TAKES_ALL)),
        (("HSET", "h", "f", "v"), None), (("PING",), None), (("CLIENT", "INFO"), None),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_a_command_means(command, meaning):
    assert commands.meaning(command) == meaning


def test_lifetimes_that_are_instants():
    ((_, _, seconds),) = commands.meaning(("SET", "k", "v", "EXAT", int(time.time()) + 100)).pairs
    assert 98 <= seconds <= 100
    ((_, _, seconds),) = commands.meaning(("SET", "k", "v", "PXAT", 1000)).pairs
    assert seconds < 0
