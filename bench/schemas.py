"""How many partners one database holds: opening, migrating, pages, memory, the catalogue (P9).

    python -m bench.schemas [--schemas 200] [--opened 5] [--migrated 20] [--json FILE]

Needs running servers (DATA_DIR); use a throw-away one. `--opened` partners are opened as the
provisioner does before the others are there and as many after; those between are copied
(`bench/many_partners.py`). Aborts unless all schemas have the same tables, columns, indexes and
constraints, and every page answers 200.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

# isort: split — `bench.settlement` has set Django up
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from bench import many_partners, processes, report, settlement
from bench.checks import Untrue
from bench.place import Place
from bench.throwaway import address
from portal import env
from tenants import resolve, schema
from tenants.accounts.models import User
from tenants.models import Partner

PAGE, CONSOLE_PAGE = "/manage/", "/partners/"
SEEN = 50  # partners whose page is asked for again
LAST = ("cache_api", "0007_unused")  # changes no table, so it can be applied once more
OPEN_S, NOTHING_S, NOTHING_SCHEMAS = 3.0, 5.0, 200  # P9
# What a schema is made of, and its bytes.
COUNTED = """
SELECT n.nspname, count(*) FILTER (WHERE c.relkind IN ('r', 'p')),
    count(*) FILTER (WHERE c.relkind = 'i'),
    (SELECT count(*) FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
        WHERE t.relnamespace = n.oid AND t.relkind IN ('r', 'p') AND a.attnum > 0
        AND NOT a.attisdropped),
    (SELECT count(*) FROM pg_constraint o WHERE o.connamespace = n.oid),
    sum(pg_relation_size(c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(%s)
GROUP BY n.oid, n.nspname
"""
CATALOGUE = """
SELECT sum(pg_total_relation_size(c.oid))::float8 FROM pg_class c
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
"""


def main() -> int:
    """Measure and print; 0, 1 aborted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--schemas", type=int, default=200)
    parser.add_argument("--opened", type=int, default=5)
    parser.add_argument("--migrated", type=int, default=20)
    parser.add_argument("--json", default="")
    given = parser.parse_args()
    try:
        result = _run(given)
    except Untrue as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    print(report.table(result["rows"]))
    print(report.table(result["bars"]))
    print(report.facts(result["surroundings"]))
    if given.json:
        report.write(Path(given.json), result)
    return 0


def _run(given: argparse.Namespace) -> report.Facts:
    call_command("collectstatic", interactive=False, verbosity=0)
    settlement.login("OWNER_DATABASE_URL")
    with _told("opening"):
        first, copies, last = _opened(given.schemas, given.opened)
    partners = list(Partner.objects.filter(state=Partner.State.ACTIVE).order_by("slug"))
    names = [one.schema_name for one in partners]
    with _told("the catalogue"):
        catalogue = _catalogue(names)
    with _told("migrating"):
        nothing, each = _migrating(names[: given.migrated])
    with _told("pages"):
        pages = _pages(partners)
    rows = [
        _row("opened by the provisioner, s each", *_spread(first)),
        _row("the same with copied tables, s each", *_spread(copies)),
        _row("opened by the provisioner beside all others, s each", *_spread(last)),
        _row("catalogue", *catalogue),
        _row("migrate_partners, nothing to do, s", nothing),
        _row("migrate_partners, one migration, s each", each, f"in {given.migrated} schemas"),
        *pages,
    ]
    return {
        "benchmark": "partner schemas (P9)",
        "rows": [row for row in rows if row["figure"]],
        "bars": _bars(len(partners), median(last or first), nothing),
        "surroundings": {"schemas": len(partners), **report.surroundings()},
    }


@contextmanager
def _told(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


def _row(what: str, figure: Any, remark: str = "") -> dict[str, Any]:
    return {"what": what, "figure": str(figure), "remark": remark}


def _bars(schemas: int, opening: float, nothing: float) -> list[dict[str, Any]]:
    bars = [("opening a partner, median s", OPEN_S, round(opening, 2))]
    if schemas <= NOTHING_SCHEMAS:
        bars.append((f"{schemas} schemas with nothing to migrate, s", NOTHING_S, nothing))
    return [
        {"bar": "P9", "what": what, "asked": f"≤ {most:g}", "measured": measured,
         "met": "met" if measured <= most else "NOT MET"}
        for what, most, measured in bars
    ]  # fmt: skip


def _opened(total: int, really: int) -> tuple[list[float], list[float], list[float]]:
    """Partners until there are `total`: opened, copied, and opened beside them; seconds each."""
    have = Partner.objects.count()
    before = min(total, have + really)
    between = max(before, total - really)
    return (
        many_partners.opened(range(have, before)),
        many_partners.copied(range(before, between)),
        many_partners.opened(range(between, total)),
    )


def _spread(took: Sequence[float]) -> tuple[str, str]:
    """The median, and what the last tenth took: growth would show there. '' of none."""
    if not took:
        return "", ""
    last = took[-max(1, len(took) // 10) :]
    return f"{median(took):.2f}", f"{len(took)} of them; the last tenth {median(last):.2f} s"


def _catalogue(names: Sequence[str]) -> tuple[str, str]:
    """Its size once vacuumed, as autovacuum keeps it; what one schema holds. Raises Untrue."""
    with psycopg.connect(address("SUPERUSER_DATABASE_URL"), autocommit=True) as boss:
        for table in ("pg_class", "pg_attribute", "pg_index", "pg_constraint", "pg_depend"):
            boss.execute(f"VACUUM ANALYZE pg_catalog.{table}".encode())
        found = boss.execute(COUNTED, [list(names)]).fetchall()
        size = (boss.execute(CATALOGUE).fetchone() or (0.0,))[0]
    kinds = {row[1:5] for row in found}
    if len(found) != len(names) or len(kinds) != 1:
        told = "tables, indexes, columns, constraints"
        raise Untrue(f"{len(found)} of {len(names)} schemas; they differ: {kinds} ({told})")
    tables, indexes, columns, constraints = kinds.pop()
    held = float(sum(row[5] for row in found)) / len(found) / 1e6
    about = (f"a schema: {tables} tables, {columns} columns, {indexes} indexes, "
             f"{constraints} constraints, {held:.1f} MB")  # fmt: skip
    return f"{size / 1e6:.0f} MB", about


def _migrating(names: Sequence[str]) -> tuple[float, float]:
    """Seconds of the command with nothing to do; of each schema that lacks one migration."""
    nothing = _migrated("0 migrated")
    if LAST not in MigrationLoader(None).graph.leaf_nodes():
        raise Untrue(f"{LAST} is not the newest migration any more: name another in LAST")
    with psycopg.connect(address("SUPERUSER_DATABASE_URL"), autocommit=True) as boss:
        for name in names:
            boss.execute(f'DELETE FROM "{name}".django_migrations'
                         " WHERE (app, name) = (%s, %s)".encode(), LAST)  # fmt: skip
    return nothing, round(_migrated(f"{len(names)} migrated") / len(names), 2)


def _migrated(wanted: str) -> float:
    """Run the command as an operator does; seconds. Raises Untrue unless it says `wanted`."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate_partners"], cwd=env.BASE_DIR, check=False,
        env={**os.environ, "AC_DB_LOGIN": "owner"}, capture_output=True, text=True,
    )  # fmt: skip
    took = time.perf_counter() - begun
    if wanted not in done.stdout:
        raise Untrue(f"migrate_partners said {done.stdout[-300:]} {done.stderr[-300:]}")
    return round(took, 1)


def _pages(partners: Sequence[Partner]) -> list[dict[str, Any]]:
    """An owner's first page, of one partner and of many on the same connection, and the memory."""
    settlement.login("OWNER_DATABASE_URL")
    clients = [_signed_in(one) for one in partners]
    console = _on_console()
    for client in (*clients, console):
        client.handler = console.handler  # one stack of middleware, as a web process has
    settlement.login("DATABASE_URL")
    resolve.forget()
    one = [_timed(clients[0], PAGE) for _ in range(SEEN)]
    before = _memory()
    many = [_timed(client, PAGE) for client in clients]
    after = _memory()
    warm = [_timed(client, PAGE) for client in clients[-SEEN:]]
    cockpit = [_timed(console, CONSOLE_PAGE) for _ in range(5)]
    return [
        _row(f"{PAGE} of one partner, p50 ms", _ms(one[1:])),
        _row(f"{PAGE} of every partner in turn, p50 ms", _ms(many),
             "each partner's first page on this connection"),
        _row(f"{PAGE} of {len(warm)} partners again, p50 ms", _ms(warm)),
        _row(f"console {CONSOLE_PAGE}, p50 ms", _ms(cockpit[1:])),
        _row("memory of the connection's backend, MB", after[0],
             f"after all partners' pages; {before[0]} after one partner's"),
        _row("memory of the web process, MB", after[1], f"{before[1]} before"),
    ]  # fmt: skip


def _signed_in(partner: Partner) -> Client:
    client = Client(HTTP_HOST=Place.host(partner.slug))
    with schema.in_partner(partner):
        email = many_partners.email_of(partner.slug)
        owner = User.objects.filter(email=email).first()
        client.force_login(owner or User.objects.create_user(email, None, role="owner"))
        _bind(client, partner.schema_name)
    return client


def _on_console() -> Client:
    client = Client(HTTP_HOST=settings.CONSOLE_HOST)
    with schema.in_public():
        boss = User.objects.create_user("boss@bench.example", None, role="superadmin")
        client.force_login(boss)
        _bind(client, "public")
    return client


def _bind(client: Client, scope: str) -> None:
    session = client.session
    session["scope"] = scope
    session.save()


def _timed(client: Client, page: str) -> float:
    begun = time.perf_counter()
    answer = client.get(page)
    if answer.status_code != 200:
        raise Untrue(f"{page} answered {answer.status_code}")
    return time.perf_counter() - begun


def _ms(took: Sequence[float]) -> int:
    return round(median(took) * 1000)


def _memory() -> tuple[int, int]:
    """MB: private to this connection's backend (Linux), and resident in this process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return round(private / 1024), round(processes.rss_mb(os.getpid()))


if __name__ == "__main__":
    sys.exit(main())
