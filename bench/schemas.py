"""How many partners one database holds: opening, migrating, pages, memory, the catalogue.

    python -m bench.schemas [--schemas 200] [--opened 10] [--migrated 20] [--json FILE]

Needs running servers (DATA_DIR); use a throw-away one. `--opened` partners are opened as the
provisioner does, the others alike but for their tables, which are copied from the first one's
instead of migrated. Aborts unless all schemas have the same tables and every page answers 200.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

# isort: split — `bench.settlement` has set Django up
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from bench import processes, report, settlement
from bench.checks import Untrue
from bench.throwaway import address
from portal import env
from portal.servers import binaries
from tenants import resolve, schema
from tenants.accounts.models import User
from tenants.actions import provision
from tenants.actions.partners import request_partner
from tenants.models import Partner

PAGE, CONSOLE_PAGE = "/manage/", "/partners/"
SEEN = 50  # partners whose page is measured one after another
LAST = ("cache_api", "0007_unused")
# Tables and indexes a schema, and the catalogue that all of them share.
COUNTED = """
SELECT count(*) FILTER (WHERE c.relkind IN ('r', 'p')), count(*) FILTER (WHERE c.relkind = 'i'),
    sum(pg_relation_size(c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(%s)
GROUP BY n.nspname
"""
CATALOGUE = """
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
"""


def main() -> int:
    """Measure and print; 0, 1 aborted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--schemas", type=int, default=200)
    parser.add_argument("--opened", type=int, default=10)
    parser.add_argument("--migrated", type=int, default=20)
    parser.add_argument("--json", default="")
    given = parser.parse_args()
    try:
        result = _run(given)
    except Untrue as error:
        print(f"ABORTED: {error}", file=sys.stderr)
        return 1
    print(report.table(result["rows"]))
    print(report.facts(result["surroundings"]))
    if given.json:
        report.write(Path(given.json), result)
    return 0


def _run(given: argparse.Namespace) -> report.Facts:
    call_command("collectstatic", interactive=False, verbosity=0)
    settlement.login("OWNER_DATABASE_URL")
    opened, copied = _opened(given.schemas, given.opened)
    partners = list(Partner.objects.order_by("slug"))
    names = [one.schema_name for one in partners]
    rows = [_row("opened by the provisioner, s each", *opened)]
    if copied:
        rows.append(_row("the same with copied tables, s each", *copied))
    rows.append(_row("catalogue and tables", *_catalogue(names)))
    rows.append(_row("migrate_partners, nothing to do, s", _migrated("0 migrated")))
    _forget_last(names[: given.migrated])
    took = _migrated(f"{given.migrated} migrated")
    rows.append(_row(f"migrate_partners, one migration in {given.migrated}, s each",
                     round(took / given.migrated, 2)))  # fmt: skip
    rows += _pages(partners)
    return {
        "benchmark": "partner schemas", "rows": rows,
        "surroundings": {"schemas": len(partners), **report.surroundings()},
    }  # fmt: skip


def _row(what: str, figure: Any, remark: str = "") -> dict[str, Any]:
    return {"what": what, "figure": str(figure), "remark": remark}


def _opened(total: int, really: int) -> tuple[tuple[float, str], tuple[float, str] | None]:
    """Open partners until there are `total`: how long one takes, and one with copied tables."""
    missing = total - Partner.objects.count()
    took = [_open(n, provision.migrate_partner) for n in range(min(really, missing))]
    ready = Partner.objects.order_by("created_at").first()
    assert ready is not None
    copies = []
    if missing > really:
        text = _dump(ready.schema_name)
        with psycopg.connect(_url("OWNER_DATABASE_URL"), autocommit=True) as owner:

            def copy(*, schema_name: str) -> None:
                owner.execute(text.replace(ready.schema_name, schema_name).encode())

            copies = [_open(n, copy) for n in range(really, missing)]
    return _spread(took), _spread(copies) if copies else None


def _spread(took: Sequence[float]) -> tuple[float, str]:
    """The median, and what the last tenth took: growth would show there."""
    last = took[-max(1, len(took) // 10) :]
    return round(median(took), 2), f"{len(took)} of them; the last tenth {median(last):.2f} s"


def _open(number: int, migrate: Callable[..., None]) -> float:
    slug = f"bench-{number:04}"
    request_partner(slug=slug, name=slug, kind="general_cache", host=f"cache.{slug}.localhost",
                    seed_hex="#3355AA", owner_email=f"owner@{slug}.example", actor="bench",
                    now=timezone.now())  # fmt: skip
    begun, real = time.perf_counter(), provision.migrate_partner
    job = provision.claim_job(now=timezone.now())
    assert job is not None
    provision.migrate_partner = migrate
    try:
        provision.open_partner(job=job, kek=settings.KEK, clock=timezone.now)
    finally:
        provision.migrate_partner = real
    job.refresh_from_db()
    if job.state != "done":
        raise Untrue(f"{slug} was not opened: {job.detail}")
    return time.perf_counter() - begun


def _dump(schema_name: str) -> str:
    """A schema as SQL, with the rows that Django's migrations left; nobody's own."""
    argv = [str(binaries.postgres_bin("pg_dump")), "-n", schema_name, "--no-owner",
            "--no-privileges", "--inserts", "--exclude-table-data=*.accounts_*",
            f"--dbname={address('SUPERUSER_DATABASE_URL')}"]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines()
             if not line.startswith(("\\", "CREATE SCHEMA"))]  # fmt: skip
    return "\n".join(lines)


def _url(name: str) -> str:
    return str(json.loads((env.data_dir() / "servers.json").read_text())[name])


def _catalogue(names: Sequence[str]) -> tuple[str, str]:
    with psycopg.connect(address("SUPERUSER_DATABASE_URL")) as boss:
        found = boss.execute(COUNTED, [list(names)]).fetchall()
        (size,) = boss.execute(CATALOGUE).fetchone() or (0,)
    if len({row[:2] for row in found}) != 1:
        raise Untrue(f"schemas differ: { ({row[:2] for row in found}) } (tables, indexes)")
    tables, indexes, _ = found[0]
    held = float(sum(row[2] for row in found)) / len(found) / 1e6
    about = f"a schema: {tables} tables, {indexes} indexes, {held:.1f} MB"
    return f"{float(size) / 1e6:.0f} MB", about


def _migrated(wanted: str) -> float:
    """Run the command as an operator does; seconds. Raises Untrue unless it says `wanted`."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate_partners"], cwd=env.BASE_DIR, check=False,
        env={**os.environ, "AC_DB_LOGIN": "owner"}, capture_output=True, text=True,
    )  # fmt: skip
    if wanted not in done.stdout:
        raise Untrue(f"migrate_partners said {done.stdout[-300:]} {done.stderr[-300:]}")
    return round(time.perf_counter() - begun, 1)


def _forget_last(names: Sequence[str]) -> None:
    """As if the newest migration were not applied there; it changes no table."""
    with psycopg.connect(address("SUPERUSER_DATABASE_URL"), autocommit=True) as boss:
        for name in names:
            boss.execute(f'DELETE FROM "{name}".django_migrations WHERE (app, name) = (%s, %s)',
                         LAST)  # fmt: skip


def _pages(partners: Sequence[Partner]) -> list[dict[str, Any]]:
    """An owner's first page, of one partner and of many on the same connection, and the memory."""
    settlement.login("OWNER_DATABASE_URL")
    with schema.in_public():
        boss = User.objects.create_user("boss@bench.example", None, role="superadmin")
    clients = [_signed_in(one) for one in partners]
    console = Client(HTTP_HOST=settings.CONSOLE_HOST)
    console.force_login(boss)
    session = console.session
    session["scope"] = "public"
    session.save()
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
    host = f"cache.{partner.slug}.localhost"
    client = Client(HTTP_HOST=host)
    with schema.in_partner(partner):
        email = f"owner@{partner.slug}.example"
        owner = User.objects.filter(email=email).first()
        client.force_login(owner or User.objects.create_user(email, None, role="owner"))
        session = client.session
        session["scope"] = partner.schema_name
        session.save()
    return client


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
