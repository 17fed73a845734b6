"""`make bench` (`python -m bench [NAME …] [--full]`): the quick benchmarks, or those named.

Each prints a table and its method and leaves JSON in DATA_DIR/bench. They measure in throw-away
servers of their own. A figure below its bar is no failure; a round that did not do what it claims
is: it aborts with exit code 1.
"""

import argparse
import dataclasses
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import (
    banking,
    bodies,
    cluster,
    edge,
    field,
    hitrate,
    meaning,
    memory,
    neighbours,
    regions,
    report,
)
from bench.checks import Untrue
from bench.place import Place, results_dir
from cache_api.gateways import embedder
from portal import env
from portal.servers import ServerError

EVENTS = 100_000  # five of the recorder's batches; more by `python -m bench.recorder --events`
MANY_CUSTOMERS = ("--customers=10000", "--hours=2", "--rounds=1")
Options = argparse.Namespace


_OF_HITS = ("rows", "sizes", "rounds", "seconds", "minutes")


def hits(place: Place, given: Options) -> None:
    """P1–P4."""
    plan = edge.FULL if given.full else edge.QUICK
    chosen = {name: getattr(given, name) for name in _OF_HITS}
    plan = dataclasses.replace(plan, **{name: one for name, one in chosen.items() if one})
    _keep("edge", edge.run(place, plan), edge.show)


def memory_of_processes(place: Place, given: Options) -> None:
    """P11, and memory that stays flat."""
    _keep("memory", memory.run(place, memory.FULL if given.full else memory.QUICK), memory.show)


def beside_a_flood(place: Place, given: Options) -> None:
    """S12: a partner beside one that sends five times its limit."""
    rounds, seconds = given.rounds or neighbours.ROUNDS, given.seconds or neighbours.SECONDS
    _keep("neighbours", neighbours.run(place, rounds, seconds), neighbours.show)


def hit_rate(place: Place, given: Options) -> None:
    """The 75 % goal by eviction policy."""
    if told := hitrate.missing(given.trace):
        print(told)
        return
    _keep(
        "hitrate", hitrate.run(place, given.trace, given.minutes or hitrate.MINUTES), hitrate.show
    )


def recorder(place: Place, given: Options) -> None:
    """P5, in a process of its own: Django reads DATA_DIR once."""
    _apart(place, "recorder", f"--events={EVENTS}")


def semantic(place: Place, given: Options) -> None:
    """P12 through the edge; then the quality of semantic matching, in a process of its own."""
    if not banking.DATA.is_dir():
        return print(f"left out: {banking.DATA} does not exist")
    try:
        embedder.load(embedder.DEFAULT)
    except embedder.NoEmbedder as error:
        return print(f"left out: {error}")
    _keep("semantic_lookup", meaning.run(place), meaning.show)
    print()
    return _apart(place, "semantic")


def sdk(place: Place, given: Options) -> None:
    """What the Python SDK adds to a call, in a process of its own."""
    _apart(place, "sdk")


def _apart(place: Place, name: str, *options: str) -> None:
    file = results_dir() / f"{name}.json"
    argv = [sys.executable, "-m", f"bench.{name}", *options, f"--json={file}"]
    done = subprocess.run(argv, cwd=env.BASE_DIR, env=place.environ, check=False)
    if done.returncode:
        raise Untrue(f"the {name} benchmark ended without a figure (see above)")


def settlement(place: Place, given: Options) -> None:
    """P6, P7, in a process of its own; with --full the memory of 10,000 customers."""
    _apart(place, "settlement", *(MANY_CUSTOMERS if given.full else ()))


def tenants(place: Place, given: Options) -> None:
    """Two months of a real trace of 162 tenants, in a process of its own."""
    _apart(place, "tenants")


def in_parts(place: Place, given: Options) -> None:
    """Hits with a Valkey Cluster as `cache`."""
    found = cluster.run(place, given.rounds or 3, given.seconds or 3)
    _keep("cluster", found, cluster.show)


def far_apart(place: Place, given: Options) -> None:
    """Three regions with long lines."""
    _keep("regions", regions.run(place, given.links), regions.show)


def schemas(place: Place, given: Options) -> None:
    """Many partners in one database, in a process of its own; name it last: they stay."""
    _apart(place, "schemas", f"--schemas={given.schemas}")


def recorders(place: Place, given: Options) -> None:
    """One recorder and two on a stream in shards, in a process of its own."""
    _apart(place, "recorders")


def workers(place: Place, given: Options) -> None:
    """Two Celery workers, one killed; `--broker` names a RabbitMQ, else it is Valkey."""
    place.open_partners({"weaviate": "vector_db", "qdrant": "vector_db"})
    _apart(place, "workers", *([f"--broker={given.broker}"] if given.broker else []))


def papers(place: Place, given: Options) -> None:
    """P10, in a process of its own."""
    _apart(place, "papers")


def pages(place: Place, given: Options) -> None:
    """P8, in a process of its own."""
    _apart(place, "pages")


BENCHMARKS: dict[str, Callable[[Place, Options], None]] = {
    "edge": hits,
    "memory": memory_of_processes,
    "neighbours": beside_a_flood,
    "recorder": recorder,
    "hitrate": hit_rate,
    "semantic": semantic,
    "settlement": settlement,
    "tenants": tenants,
    "papers": papers,
    "pages": pages,
    "sdk": sdk,
    "cluster": in_parts,
    "regions": far_apart,
    "recorders": recorders,
    "workers": workers,
    "schemas": schemas,
}
QUICK = ("edge", "memory", "recorder")  # within three minutes


def options(argv: list[str]) -> Options:
    """The command line; ends the process with 2 and the reason when it is not one."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--full", action="store_true", help="every size, concurrency and rival")
    parser.add_argument("--rows", type=_rows, help=f"of edge: {','.join(field.NAMES)}")
    parser.add_argument("--sizes", type=_sizes, help="bytes of responses of edge: 512,2048,…")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int, help="of one round")
    parser.add_argument(
        "--trace", type=Path, default=hitrate.TRACE, help="key sequence for hitrate"
    )
    parser.add_argument("--schemas", type=int, default=200, help="partners of schemas")
    parser.add_argument("--broker", default="", help="of workers: amqp://user:password@host/vhost")
    parser.add_argument("--links", type=_links, default=(80.0, 150.0), help="of regions, in ms")
    told = f"of edge: all rounds in about; of hitrate: a day's trace in ({hitrate.MINUTES:g})"
    parser.add_argument("--minutes", type=float, help=told)
    given = parser.parse_args(argv)
    unknown = [name for name in given.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    return given


def _links(text: str) -> tuple[float, ...]:
    return tuple(float(one) for one in text.split(","))


def _rows(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in field.NAMES]:
        raise argparse.ArgumentTypeError(
            f"no row {', '.join(unknown)}; there are: {', '.join(field.NAMES)}"
        )
    return names


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(map(int, text.split(",")))
    if unknown := [size for size in sizes if size not in bodies.SIZES]:
        raise argparse.ArgumentTypeError(f"no size {unknown[0]}; there are: {bodies.SIZES}")
    return sizes


def _keep(name: str, result: report.Facts, show: Callable[[report.Facts], None]) -> None:
    show(result)
    report.write(results_dir() / f"{name}.json", result)


def main(argv: list[str]) -> int:
    """Run them; 0, or 1 aborted."""
    given = options(argv)
    names = given.names or (tuple(BENCHMARKS) if given.full else QUICK)
    started = time.monotonic()
    try:
        with Place() as place:
            print(f"servers and two partners ready after {time.monotonic() - started:.0f} s")
            for name in names:
                print(f"\n== {name}", flush=True)
                BENCHMARKS[name](place, given)
    except (Untrue, ServerError, RuntimeError, OSError) as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    print(f"\nJSON in {results_dir()}; {time.monotonic() - started:.0f} s in all")
    return 0


if __name__ == "__main__":
    # Stopped either way, the servers end and their folder goes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
