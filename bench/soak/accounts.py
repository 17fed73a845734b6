"""What the soak reads from outside: rows, runs and documents, as the superuser."""

import json
import subprocess
import sys
from collections import Counter
from uuid import UUID

import psycopg

from bench.place import Place
from portal import env

ROWS = "SELECT event_id, count(*) FROM usage_event GROUP BY 1"
UNMATCHED = "SELECT event_id FROM usage_event WHERE kind = 'feedback' AND outcome = 'unmatched'"
NOT_ISSUED = """
SELECT to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM') || ' ' || state || ' ' || reason
FROM billing_settlementrun WHERE state NOT IN ('issued', 'delivered', 'closed')
"""
PAPERS = """
SELECT run_id::text, kind, customer_external_id FROM billing_document
WHERE kind <> 'credit_note'
"""
ISSUED = """
SELECT to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM'), count(DISTINCT agreement_id), count(*)
FROM billing_settlementrun WHERE kind = 'regular' GROUP BY 1 ORDER BY 1
"""
# Triggers refuse to delete an event; a thief with the superuser's login would turn them off.
THEFT = """
SET session_replication_role = replica;
DELETE FROM usage_event WHERE event_id = '{}'
"""


def prepare(place: Place, months: int) -> list[str]:
    """People, terms and usage of so many past months; their names."""
    return list(json.loads(place.run("-m", "bench.soak.world", str(months))))


def recorded(place: Place) -> dict[UUID, int]:
    """Event id → rows."""
    with _boss(place) as database:
        return dict(database.execute(ROWS).fetchall())


def unmatched(place: Place) -> set[UUID]:
    """Recorded feedback that fitted no hit when it came."""
    with _boss(place) as database:
        return {event for (event,) in database.execute(UNMATCHED)}


def steal(place: Place, event: UUID) -> None:
    """Remove one recorded event, as nobody may."""
    with _boss(place) as database:
        database.execute(THEFT.format(event))


def unsettled(place: Place, months: list[str], partners: int) -> list[str]:
    """What is wrong with the months that were begun: runs that are missing, waiting or double."""
    with _boss(place) as database:
        waiting = [text for (text,) in database.execute(NOT_ISSUED)]
        runs = {month: (who, count) for month, who, count in database.execute(ISSUED)}
        papers = Counter(database.execute(PAPERS).fetchall())
    wrong = [f"{month}: {runs.get(month, (0, 0))[1]} runs" for month in months
             if runs.get(month) != (partners, partners)]  # fmt: skip
    twice = [f"{' '.join(paper)}: {count} documents"
             for paper, count in papers.items() if count > 1]  # fmt: skip
    return [*waiting, *wrong, *twice]


def documents(place: Place) -> int:
    """How many were issued."""
    with _boss(place) as database:
        return len(database.execute(PAPERS).fetchall())


def reconcile(place: Place) -> list[str]:
    """What does not hold: every line that is no equation that holds, with its breaches."""
    done = subprocess.run(
        [sys.executable, "manage.py", "reconcile"], cwd=env.BASE_DIR, env=place.environ, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return []
    broken = [line for line in done.stdout.splitlines() if not line.startswith("OK")]
    return broken or [done.stderr[-500:]]


def _boss(place: Place) -> psycopg.Connection:
    return psycopg.connect(place.stack.urls["SUPERUSER_DATABASE_URL"], autocommit=True)
