"""`make bench` (`python -m bench [NAME …]`): every benchmark, or those named.

Each prints a table and its method and leaves JSON in DATA_DIR/bench. They measure in throw-away
servers of their own. A figure below its bar is no failure; a round that did not do what it claims
is: it aborts with exit code 1.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable

from bench import edge, report
from bench.checks import Untrue
from bench.place import Place, results_dir
from cache_api.gateways import embedder
from portal import env
from portal.servers import ServerError

EVENTS = 100_000  # five of the recorder's batches; more by `python -m bench.recorder --events`


def edge_beside_webdis(place: Place) -> None:
    """P1, P3."""
    report.write(results_dir() / "edge.json", edge.run(place))


def recorder(place: Place) -> None:
    """P5, in a process of its own: Django reads DATA_DIR once."""
    _apart(place, "recorder", f"--events={EVENTS}")


def semantic(place: Place) -> None:
    """P12 and the quality of semantic matching, in a process of its own: it takes one core."""
    try:
        embedder.load(embedder.DEFAULT)
    except embedder.NoEmbedder as error:
        return print(f"left out: {error}")
    return _apart(place, "semantic")


def _apart(place: Place, name: str, *options: str) -> None:
    file = results_dir() / f"{name}.json"
    argv = [sys.executable, "-m", f"bench.{name}", *options, f"--json={file}"]
    done = subprocess.run(argv, cwd=env.BASE_DIR, env=place.environ, check=False)
    if done.returncode:
        raise Untrue(f"the {name} benchmark ended without a figure (see above)")


BENCHMARKS: dict[str, Callable[[Place], None]] = {
    "edge": edge_beside_webdis,
    "recorder": recorder,
    "semantic": semantic,
}


def main(names: list[str]) -> int:
    """Run them; 0, or 1 aborted, or 2 for a name that does not exist."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    started = time.monotonic()
    try:
        with Place() as place:
            print(f"servers and two partners ready after {time.monotonic() - started:.0f} s")
            for name in names or BENCHMARKS:
                print(f"\n== {name}", flush=True)
                BENCHMARKS[name](place)
    except (Untrue, ServerError, RuntimeError) as error:
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
