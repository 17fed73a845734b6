"""What an SDK's tests need, for real: `python -m tests.serve [--portal]`, one line of JSON, then
it waits until standard input closes or SIGTERM comes, and stops everything.

Two Valkeys of ours and an edge with a cast of partners; as primaries a Valkey, one in cluster mode,
and Debian's memcached where there is one; a proxy with faults in front of each. `--portal` adds
PostgreSQL and the portal's web process (statistics, reference), which takes half a minute.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import redis

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Start, print, wait, stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portal", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # also while it starts
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="agentcache-sdk-", dir=_temporary()))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        told = _start(folder, stack, with_portal=options.portal)
        asyncio.run(_serve(told))


def _temporary() -> str | None:
    given = os.environ.get("PYTEST_DEBUG_TEMPROOT")
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
    return given


def _start(folder, stack, *, with_portal):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if with_portal:
        from tests import plugin  # its import starts PostgreSQL, until we end

        plugin.until_ready()

    from portal.servers import ports
    from tests.cache_api.valkeys import Valkeys

    pair = Valkeys(folder / "valkeys", durable=True, maxmemory="64mb")
    stack.callback(pair.stop)
    cast = pair.cast()
    told = {"servers": {}}
    if with_portal:
        _open_in_postgres(cast)
    edge = pair.edge(folder / "edge", TIER_URL="off")
    stack.callback(edge.stop)
    if with_portal:
        told |= _portal(folder, pair, stack, ports.pick())
    told["servers"] = {"edge": edge.port, **_primaries(folder, stack, ports)}
    told["edge"] = f"http://127.0.0.1:{edge.port}"
    told["partners"] = {
        one.slug: {"partner_id": one.slug, "live": one.live, "test": one.test, "acme": one.acme}
        for one in (cast.redis, cast.pinecone, cast.strict, cast.suspended)
    }
    told["revoked"] = cast.key(cast.redis, revoked=True)
    told["events_url"] = pair.events.url()
    told |= {"partner": "redis-labs", "customer": "acme", "key": cast.redis.live}
    return told


def _primaries(folder, stack, ports):
    """Ports of the caller's caches: redis, cluster, and memcached where Debian's is installed."""
    from portal.servers import binaries
    from portal.servers.child import Child

    found, started = {}, {}
    valkey = [str(binaries.valkey_server()), "--save", "", "--bind", "127.0.0.1", "--dir"]
    memcached = shutil.which("memcached")
    programs = {"redis": [*valkey, str(folder)], "cluster": [*valkey, str(folder)]}
    if memcached:
        programs["memcached"] = [memcached, "-l", "127.0.0.1", "-u", "nobody"]
    for name, argv in programs.items():
        port = found[name] = ports.pick()
        more = ["-p", str(port)] if name == "memcached" else ["--port", str(port)]
        if name == "cluster":
            more += ["--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf"]
        started[name] = Child(name, [*argv, *more], data_dir=folder)
        started[name].start()
        stack.callback(started[name].kill)
    for name, child in started.items():
        child.wait_ready(lambda port=found[name]: not ports.is_free(port), timeout_s=20)
    _assign_slots(found["cluster"])
    return found


def _assign_slots(port):
    """A cluster of one node."""
    with redis.Redis(port=port) as node:
        node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        for _ in range(200):
            if node.cluster("INFO")["cluster_state"] == "ok":
                return
            time.sleep(0.05)
    raise RuntimeError("the cluster of one did not come up")


def _open_in_postgres(cast):
    """The cast's first two partners are those that the portal knows."""
    from tests.cache_api import doors
    from tests.conftest import servers

    with psycopg.connect(servers()["SUPERUSER_DATABASE_URL"]) as boss:
        ids = dict(boss.execute("SELECT slug, id FROM tenants_partner").fetchall())
    cast.redis = cast.open(
        "redis-labs", hosts=[doors.REDIS_HOST], partner_id=ids["redis-labs"], partner_share_bps=3000
    )
    cast.pinecone = cast.open(
        "pinecone", hosts=[doors.PINECONE_HOST], partner_id=ids["pinecone"], partner_share_bps=2000
    )


def _portal(folder, pair, stack, port):
    """The web door and where PostgreSQL is."""
    from portal import env
    from tests.cache_api import doors
    from tests.conftest import servers

    known = servers()
    environ = {
        **os.environ, **known, "DATA_DIR": str(env.data_dir()), "AC_DB_LOGIN": "web",
        "CACHE_URL": pair.cache.url(), "EVENTS_URL": pair.events.url(),
        "KEK_FILE": str(pair.kek_file), "STORE_DEADLINE_MS": "3000", "TIER_URL": "off",
    }  # fmt: skip
    door = doors.web(folder, port, environ).wait()
    stack.callback(door.stop)
    return {
        "portal": f"http://{doors.REDIS_HOST}:{port}",
        "postgres": known["SUPERUSER_DATABASE_URL"],
    }


async def _serve(told) -> None:
    from tests.faults import Faults

    faults = Faults(told["servers"])
    await faults.start()
    told["proxies"] = {name: one.port for name, one in faults.proxies.items()}
    told["control"] = f"http://127.0.0.1:{faults.port}"
    print(json.dumps(told), flush=True)
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)

    def until_closed() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=until_closed, daemon=True).start()
    await done.wait()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
