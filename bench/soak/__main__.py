"""`make soak` (`python -m bench.soak [--minutes 15]`): kill every process at random, lose nothing.

Starts the whole installation on throw-away data. Clients look up, store, batch, purge and give
feedback on both doors and on a second host's edge, months are settled one after the other;
meanwhile one process after the other (both Valkeys, Postgres, each row of the process table, the
settle command) dies by SIGKILL and is brought back by the supervisor. The events Valkey hangs until
usage waits in an edge's spool, and that edge dies, or its host does, for good: its spool is carried
to the other host. Then everything is drained and `reconcile` run. Exit code 1
when an answered request is not recorded, anything is there twice, a month does not come out once,
or an equation is broken. `--plant-loss` removes a recorded event before the count: that must fail.
"""

import argparse
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from bench import report
from bench.place import PARTNERS, Place, results_dir
from bench.soak import accounts
from bench.soak.clients import Door, running
from bench.soak.hosts import SECOND, Hosts, second_edge
from bench.soak.settling import Settler
from bench.soak.storm import Storm
from bench.soak.verdict import Outcome, Told, judge
from bench.supervised import supervised
from portal.servers import ServerError, ports
from portal.servers.table import Ports

MONTHS_A_MINUTE, CLIENTS_PER_DOOR = 4, 3
MOST_MONTHS = 58  # usage of more than five years ago is not taken
QUIET_S, DRAIN_S = 5.0, 120.0
# A run whose worker died after its approval is taken up by the sweep within two minutes.
FINISH_S = 300.0


def main(argv: list[str]) -> int:
    """0 nothing lost or doubled; 1 otherwise, or aborted."""
    given = _options(argv)
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    try:
        with Place() as place:
            return _soak(place, given, tell)
    except (ServerError, RuntimeError, OSError) as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=15, help="of killing")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what happens when")
    parser.add_argument("--plant-loss", action="store_true", help="must end with exit code 1")
    return parser.parse_args(argv)


def _soak(place: Place, given: argparse.Namespace, tell: Callable[[str], None]) -> int:
    months = accounts.prepare(
        place, min(max(3, round(given.minutes * MONTHS_A_MINUTE)), MOST_MONTHS)
    )
    before = set(accounts.recorded(place))
    listen = Ports(web=ports.pick(), edge=ports.pick())
    hosts = Hosts(first=place.folder, disk=place.folder / "hosts" / "host-2")
    hosts.disk.mkdir(parents=True, mode=0o711)
    second_port = ports.pick()
    supervisor = supervised(place, listen, more=[second_edge(second_port, hosts.disk)])
    settler = Settler(place, months, len(PARTNERS), 60 / MONTHS_A_MINUTE)
    tell(f"servers, two partners and {len(months)} months ready; seed {given.seed}")
    try:
        supervisor.start()
        doors = _doors(place, {"edge": listen.edge, "web": listen.web, SECOND: second_port})
        with running(doors, CLIENTS_PER_DOOR, given.seed) as answers:
            dice = random.Random(given.seed)
            storm = Storm(place.stack, supervisor, settler, answers, hosts, dice)
            storm.calm(QUIET_S)
            settler.start()
            storm.rage(given.minutes * 60, tell)
            storm.calm(QUIET_S)
        tell("no more kills: draining")
        settler.ended.set()
        outcome = _drained(storm, place, before, given.plant_loss)
        wrong = answers.wrong + hosts.left() + _settled(storm, place)
        tell("reconcile")
        wrong += accounts.reconcile(place)
        _show(storm, outcome, given.seed)
    finally:
        settler.finish(0)
        supervisor.stop()
    for line in wrong[:20]:
        print(f"  {line}")
    passed = outcome.passed and not wrong and storm.rounds > 0
    print("PASSED" if passed else f"FAILED; logs are in {_kept_logs(place)}", flush=True)
    return 0 if passed else 1


def _kept_logs(place: Place) -> Path:
    """What the processes said, beside the figures: the place itself goes."""
    kept = results_dir() / "soak-logs"
    shutil.rmtree(kept, ignore_errors=True)
    for log in place.folder.rglob("*.log"):
        target = kept / log.relative_to(place.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, target)
    return kept


def _doors(place: Place, listening: dict[str, int]) -> list[Door]:
    return [
        Door(name, port, place.host(slug), key)
        for slug, key in place.keys.items()
        for name, port in listening.items()
    ]


def _drained(storm: Storm, place: Place, before: set[UUID], plant_loss: bool) -> Outcome:
    """Wait until all that was promised, or lay on a dead process's disk, is recorded; judge."""
    answers, ends = storm.answers, time.monotonic() + DRAIN_S
    kept = answers.events | storm.hosts.orphaned
    told = Told(kept, answers.corrections, answers.twice, answers.may_be_recorded)
    if plant_loss:
        storm.calm(QUIET_S)
        accounts.steal(place, next(iter(answers.events & accounts.recorded(place).keys())))
        ends = time.monotonic() + QUIET_S
    while True:
        rows = {id_: count for id_, count in accounts.recorded(place).items() if id_ not in before}
        outcome = judge(told, rows, accounts.unmatched(place))
        if not (outcome.lost or storm.hosts.left()) or time.monotonic() > ends:
            return outcome
        storm.calm(1.0)


def _settled(storm: Storm, place: Place) -> list[str]:
    """Bring the month that is under way to its end; what is wrong with those that were begun."""
    settler, ends = storm.settler, time.monotonic() + FINISH_S
    while settler.is_alive() and time.monotonic() < ends:
        storm.calm(0.5)
    wrong = accounts.unsettled(place, settler.reached, len(PARTNERS))
    return [*wrong, settler.last_words] if wrong else []


def _show(storm: Storm, outcome: Outcome, seed: int) -> None:
    answers = storm.answers
    print()
    print(report.table([
        {"process": name, "kills": toll.kills, "requests in flight": toll.in_flight,
         "settlement under way": toll.settling, "slowest return s": round(toll.slowest_s, 1)}
        for name, toll in sorted(storm.tolls.items())
    ]))  # fmt: skip
    print()
    print(report.table([
        {"door": door, "answered": answers.answered[door],
         "refused honestly": answers.refused[door], "cut off": answers.cut_off[door]}
        for door in sorted(answers.answered)
    ]))  # fmt: skip
    print()
    print(report.facts({
        "seed": seed, "rounds": storm.rounds,
        "kills in flight": sum(toll.in_flight for toll in storm.tolls.values()),
        "events answered": len(answers.events) + len(answers.corrections),
        "hosts that died for good": storm.hosts.lost,
        "events in spools of the dead": len(storm.hosts.orphaned),
        "recorded": outcome.recorded, "of these, answer cut off": outcome.unanswered,
        "lost": len(outcome.lost), "doubled": outcome.doubled,
        "months settled": len(storm.settler.reached),
        "commands that failed on the way": storm.settler.failed,
        "answers nothing explains": len(answers.wrong),
    }))  # fmt: skip


if __name__ == "__main__":
    # Stopped either way, the servers end and their folder goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
