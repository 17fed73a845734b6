"""`make drill` (`python -m bench.drill`): the backup of docs/operating.md, restored.

An installation has a stored answer, a person, and usage in each place where it can wait: recorded,
in the stream, in the spool of a killed edge. It is backed up, lost, and restored onto an empty
machine by the commands of the manual. Exit code 1 unless every answered request is recorded once,
`reconcile` is clean, the person logs in, and the old entry opens though the cache is empty.
`--lose spool` or `--lose kek` damages the restored machine: that must fail.
"""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import report
from bench.drill import manual, visitor
from bench.place import Place, results_dir
from bench.soak import accounts
from bench.soak.verdict import Told, judge
from bench.supervised import supervised
from portal.servers import ServerError, ports
from portal.servers.supervisor import Supervisor
from portal.servers.table import Ports

SLUG, EMAIL = "redis-labs", "restored@partner.example"
ENTRY = {"customer_id": "acme-corp", "cache_key": "kept"}
ANSWER = {"text": "stored before the fire"}
ROWS = ("edge", "recorder", "web")
EACH, PATIENCE_S = 20, 90.0


class Drill:
    """What is promised before, and asked for after. `events`: of answered requests, by place."""

    def __init__(self, folder: Path) -> None:
        self.backup, self.keys = folder / "backup", folder / "keys"
        self.password = secrets.token_urlsafe(16)
        self.api_key = ""
        self.events: dict[str, set] = {}
        self.seconds: dict[str, float] = {}

    def given(self, place: Place) -> dict[str, str]:
        """What the manual's commands know."""
        return {"DATA_DIR": str(place.folder), "BACKUP": str(self.backup), "KEYS": str(self.keys)}

    def before(self) -> None:
        """An installation with something to lose, backed up; then it is gone."""
        with Place() as place, _serving(place) as (supervisor, listen):
            self.api_key = place.keys[SLUG]
            place.run("-m", "bench.drill.person", SLUG, EMAIL, self.password)
            store = {**ENTRY, "response": ANSWER, "ttl": 3_600}
            visitor.ask(listen.edge, self.api_key, "/api/overflow/store", store)
            self._look_up(listen, "recorded")
            _until(lambda: self.events["recorded"] <= accounts.recorded(place).keys(), "recorded")
            _until(lambda: any((place.folder / "tier").rglob("*/*")), "in the second tier")
            # Nobody looks after them now: what is killed stays dead.
            dead = {one.row.name: one.child for one in supervisor.all}
            dead["recorder"].kill()
            self._look_up(listen, "in the stream")
            place.stack.servers["events"].child.kill()
            self._look_up(listen, "in the spool")
            dead["edge"].kill()
            place.stack.revive()
            with self._timed("back up"):
                manual.run("Back up", self.given(place))

    def after(self, lose: str) -> list[str]:
        """Restore onto an empty machine; what is wrong with it."""
        place = Place()
        try:
            with self._timed("restore"):
                manual.run("Restore", self.given(place))
            _damage(place.folder, lose)
            place.stack.start()
            place.run("manage.py", "collectstatic", "--noinput", "-v0")  # as every start does
            with _serving(place) as (supervisor, listen):
                wrong = list(self._wrong(place, listen))
            if wrong:
                wrong += [f"{one.row.name}: {one.child.log_end()}" for one in supervisor.all]
            return wrong
        finally:
            place.stack.stop()
            shutil.rmtree(place.folder, ignore_errors=True)

    def _wrong(self, place: Place, listen: Ports) -> Iterator[str]:
        told = visitor.ask(listen.edge, self.api_key, "/api/overflow", ENTRY)
        if told.get("response") != ANSWER:
            yield f"the old entry does not open: {told}"
        self.events["after the restore"] = {visitor.event_of(told)}
        if refused := visitor.log_in(listen.web, place.host(SLUG), EMAIL, self.password):
            yield f"the person cannot log in: {refused}"
        promised = set().union(*self.events.values())
        with self._timed("replay"):
            try:
                _until(lambda: promised <= accounts.recorded(place).keys(), "recorded")
            except RuntimeError as late:
                yield str(late)
        outcome = judge(Told(promised, {}, 0, EACH), accounts.recorded(place))
        if not outcome.passed:
            yield f"{len(outcome.lost)} lost, {outcome.doubled} doubled"
        yield from accounts.reconcile(place)

    def _look_up(self, listen: Ports, where: str) -> None:
        told = [visitor.ask(listen.edge, self.api_key, "/api/overflow", ENTRY) for _ in range(EACH)]
        self.events[where] = {visitor.event_of(one) for one in told}

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 1)


@contextmanager
def _serving(place: Place) -> Iterator[tuple[Supervisor, Ports]]:
    """Edge, recorder and web of the process table, until the block ends."""
    listen = Ports(web=ports.pick(), edge=ports.pick())
    supervisor = supervised(place, listen, ROWS)
    try:
        supervisor.start()
        yield supervisor, listen
    finally:
        supervisor.stop()


def _damage(folder: Path, lose: str) -> None:
    if lose == "spool":
        shutil.rmtree(folder / "spool")
    if lose == "kek":
        (folder / "secrets" / "kek").write_bytes(b"k" * 32)


def _until(check: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not check():
        if time.monotonic() > ends:
            raise RuntimeError(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(0.2)


def main(argv: list[str]) -> int:
    """0 restored whole; 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m bench.drill", description=__doc__)
    parser.add_argument("--lose", choices=("spool", "kek"), default="")
    given = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="drill-", dir=results_dir()))
    try:
        drill = Drill(folder)
        drill.before()
        size_mb = sum(file.stat().st_size for file in drill.backup.iterdir()) / 1e6
        wrong = drill.after(given.lose)
    except (ServerError, RuntimeError, OSError, LookupError) as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(report.facts({
        **{f"{name} s": took for name, took in drill.seconds.items()},
        "backup MB": round(size_mb, 1),
        **{f"usage {where}": len(events) for where, events in drill.events.items()},
    }))  # fmt: skip
    for line in wrong:
        print(f"  {line}")
    print("FAILED" if wrong else "RESTORED", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
