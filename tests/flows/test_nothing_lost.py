"""kill -9 of edge, recorder, events Valkey and Postgres while requests flow.

Every answered request is one event row, none is there twice. `--kill-rounds N` does more rounds.
The last test moves the append behind the answer in a copy of the code, and the same check must
then find lost events: a kill test that cannot fail proves nothing.
"""

import random
import shutil
import time
from pathlib import Path

import pytest

from tests import patience
from tests.flows.harness import Installation, wait_for
from tests.flows.load import Answers, running_clients
from tests.patience import PATIENCE_S
from tests.plugin import ROOT

VICTIMS = ("edge", "events", "recorder", "edge", "postgres")
CLIENTS = 16
KILLS_IN_FLIGHT = 50
REST_S = 0.1  # between a client's requests, where nobody is about to die


def answer_before_append(code: Path) -> None:
    """The mistake the check is there for: the answer leaves, the append follows a moment later."""
    meter = code / "cache_api" / "edge" / "meter.py"
    text = meter.read_text()
    changes = {
        "self._loop.call_soon(self._append)": "self._loop.call_later(0.05, self._append)",
        "tick.then.append(then)": (
            "tick.then.append(lambda _: None); self._loop.call_soon(then, True)"
        ),
    }
    for durable, later in changes.items():
        assert text.count(durable) == 1
        text = text.replace(durable, later)
    meter.write_text(text)  # and so the edge runs from its sources: none of it is compiled


@pytest.fixture
def installation(tmp_path: Path):
    whole = Installation(tmp_path / "installation")
    whole.folder.mkdir()
    try:
        whole.start()
        yield whole
    finally:
        whole.stop()


def storm(
    installation: Installation, rounds: int, victims: tuple[str, ...], seed: int
) -> tuple[Answers, int]:
    """Clients all the time; in each round one process dies at a random moment and comes back.

    They ask as fast as they can just before that, until it comes back.

    Processes are started from this, the main thread: they are tied to the thread that starts them.
    """
    dice, hits = random.Random(seed), 0
    with running_clients(installation, CLIENTS, REST_S) as answers:
        for number in range(rounds):
            time.sleep(dice.uniform(0.1, 0.4))
            answers.pause_s = 0.0
            time.sleep(dice.uniform(0.1, 0.2) + REST_S)
            before, busy = answers.resets, answers.in_flight
            installation.kill(victims[number % len(victims)])
            time.sleep(dice.uniform(0.05, 0.3))
            # A dead edge resets its clients; any other victim dies under the requests in flight.
            hits += max(answers.resets - before, 1 if busy else 0)
            answers.pause_s = REST_S
            installation.revive()
            wait_for(installation.edge_answers, "the edge is back")
        time.sleep(0.5)
    return answers, hits


def recorded(installation: Installation) -> dict[str, int]:
    """Event id → rows, as Postgres has them."""
    with installation.psql() as db:
        rows = db.execute("select event_id::text, count(*) from usage_event group by 1").fetchall()
    return dict(rows)


def missing_after_quiet(installation: Installation, answers: Answers, seconds: float) -> set[str]:
    """Answered requests without an event row, once everything had time to be shipped."""
    with installation.psql() as db:

        def all_are_there() -> bool:
            (rows,) = db.execute("select count(*) from usage_event").fetchone() or (0,)
            return (  # every id is asked for only once there are rows enough
                rows >= len(answers.acked) and answers.acked.keys() <= recorded(installation).keys()
            )

        patience.wait_for(all_are_there, seconds)
    return answers.acked.keys() - recorded(installation).keys()


def test_every_answer_is_one_event_whatever_is_killed(installation, request, capsys):
    rounds = request.config.getoption("--kill-rounds")

    answers, hits = storm(installation, rounds, VICTIMS, seed=rounds)
    lost = missing_after_quiet(installation, answers, seconds=PATIENCE_S)

    with capsys.disabled():
        print(f"\n  {rounds} kills, {hits} requests hit in flight, {len(answers.acked)} answered, "
              f"{len(lost)} lost, {answers.resets} resets")  # fmt: skip
    assert answers.other[:3] == []
    # A store that a starved machine's cache did not take in time is refused honestly, and rarely.
    assert answers.told_to_retry <= len(answers.acked) // 100
    assert lost == set()
    assert set(recorded(installation).values()) == {1}
    assert answers.event_ids_seen_twice == 0
    assert hits >= KILLS_IN_FLIGHT
    assert len(answers.acked) > rounds * 20
    assert "BREACH" not in installation.manage("reconcile")


def test_the_check_finds_events_lost_by_an_append_behind_the_answer(tmp_path: Path):
    """The same storm over code that answers first must lose events and be caught."""
    code = tmp_path / "code"
    shutil.copytree(ROOT, code, ignore=shutil.ignore_patterns(".*", "node_modules", "tests"))
    (code / "tests").symlink_to(ROOT / "tests")
    answer_before_append(code)
    broken = Installation(tmp_path / "installation", root=code)
    broken.folder.mkdir()
    try:
        broken.start()
        answers, _ = storm(broken, 8, ("edge",), seed=1)
        lost = missing_after_quiet(broken, answers, seconds=8)
    finally:
        broken.stop()

    assert lost
