"""Partners by the hundred in a throw-away database: some opened for real, the others copied.

A copy differs from an opened one in one step only: its tables come from one schema's SQL, dumped
once, instead of some eighty migrations. Meanwhile the server does not wait for its disk: hundreds
of new files a schema would be synced at every checkpoint. What is measured runs durable again.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bench.settlement  # noqa: F401 - sets Django up

# isort: split
import psycopg
from django.conf import settings
from django.utils import timezone

from bench.checks import Untrue
from bench.place import Place
from bench.throwaway import address
from portal.servers import binaries
from tenants.actions import provision
from tenants.actions.partners import request_partner
from tenants.models import Partner

SHOWN_EVERY = 50
RELOAD_S = 10


def opened(numbers: range) -> list[float]:
    """Open partners exactly as the provisioner does; the seconds of each. Raises Untrue."""
    return [_open(number, provision.migrate_partner) for number in numbers]


def copied(numbers: range) -> list[float]:
    """Open partners with copied tables; the seconds of each. Raises Untrue."""
    if not numbers:
        return []
    ready = Partner.objects.filter(state=Partner.State.ACTIVE).order_by("created_at").first()
    if ready is None:
        raise Untrue("there is no opened partner to copy the tables of")
    text, took = dump(ready.schema_name), []
    with _in_a_hurry(), psycopg.connect(address("OWNER_DATABASE_URL"), autocommit=True) as owner:

        def copy(*, schema_name: str) -> None:
            owner.execute(text.replace(ready.schema_name, schema_name).encode())

        for number in numbers:
            took.append(_open(number, copy))
            if number % SHOWN_EVERY == 0:
                print(f"{number} partners, {sum(took):.0f} s", file=sys.stderr, flush=True)
    return took


def email_of(slug: str) -> str:
    """The first owner's address."""
    return f"owner@{slug}.example"


def dump(schema_name: str) -> str:
    """A schema as SQL for one call, with the rows that Django's migrations left; nobody's own."""
    argv = [str(binaries.postgres_bin("pg_dump")), "-n", schema_name, "--no-owner",
            "--no-privileges", "--inserts", "--exclude-table-data=*.accounts_*",
            f"--dbname={address('SUPERUSER_DATABASE_URL')}"]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    unwanted = ("\\", "--", "CREATE SCHEMA")
    return "\n".join(
        line for line in done.stdout.splitlines() if line and not line.startswith(unwanted)
    )


def _open(number: int, migrate: Callable[..., None]) -> float:
    slug = f"bench-{number:04}"
    request_partner(slug=slug, name=slug, kind="general_cache", host=Place.host(slug),
                    seed_hex="#3355AA", owner_email=email_of(slug), actor="bench",
                    now=timezone.now())  # fmt: skip
    begun, real = time.perf_counter(), provision.migrate_partner
    job = provision.claim_job(now=timezone.now())
    assert job is not None
    provision.migrate_partner = migrate
    try:
        provision.open_partner(job=job, kek=settings.KEK, clock=timezone.now)
    finally:
        provision.migrate_partner = real
    took = time.perf_counter() - begun
    job.refresh_from_db()
    if job.state != "done":
        raise Untrue(f"{slug} was not opened: {job.detail}")
    return took


@contextmanager
def _in_a_hurry() -> Iterator[None]:
    """The server loses what it did last if the machine falls; nobody else's data are here."""
    _set_fsync("off")
    try:
        yield
    finally:
        _set_fsync("on")


def _set_fsync(value: str) -> None:
    with psycopg.connect(address("SUPERUSER_DATABASE_URL"), autocommit=True) as boss:
        boss.execute("CHECKPOINT")
        boss.execute(f"ALTER SYSTEM SET fsync = {value}".encode())
        boss.execute("SELECT pg_reload_conf()")
        ends = time.monotonic() + RELOAD_S
        while boss.execute("SHOW fsync").fetchone() != (value,):
            if time.monotonic() > ends:
                raise Untrue(f"fsync is not {value} after {RELOAD_S} s")
            time.sleep(0.05)
