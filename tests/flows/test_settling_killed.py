"""Eight processes settle one month while one is killed inside each step: it comes out once."""

import subprocess
import sys

from billing.models import Document, JournalEntry, RunEvent, SettlementRun
from tests.billing.people import APPROVER, PREPARER
from tests.billing.world import breaches, documents, hit, record, sign
from tests.plugin import ROOT

# Where somebody dies: (name, table, condition on the new row), each inside its transaction.
POINTS = (
    *((state, "billing_runevent", f"NEW.state = '{state}'") for state in (
        "open", "collecting", "frozen", "rated", "in_review", "approved", "issued")),
    ("document", "billing_document", "true"),
    ("number", "billing_numberseries", "true"),
    ("journal", "billing_journalline", "true"),
)  # fmt: skip
# nextval is not rolled back, so only the first to come sleeps, and it does so once.
TRAP = """
CREATE SEQUENCE trap_{name};
CREATE FUNCTION trap_{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF {condition} AND nextval('public.trap_{name}') = 1 THEN PERFORM pg_sleep(60); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trap_{name} AFTER INSERT ON {table}
    FOR EACH ROW EXECUTE FUNCTION trap_{name}();
"""


def set_traps(database) -> None:
    with database.psql() as boss:
        for name, table, condition in POINTS:
            boss.execute(TRAP.format(name=name, table=table, condition=condition))


def sprung(database) -> set[str]:
    with database.psql() as boss:
        return {name for name, _, _ in POINTS
                if boss.execute(f"select is_called from trap_{name}").fetchone()[0]}  # fmt: skip


def test_eight_settle_at_once_and_one_is_killed_in_each_step(database, partners):
    for partner in partners:
        sign(partner, "revenue_share_platform")
        record(hit(partner, "2026-09-10", "acme", 50_005), hit(partner, "2026-09-11", "big", 700))
    set_traps(database)

    done = subprocess.run(
        [sys.executable, "-m", "tests.flows.settlers", "2026-09"], cwd=ROOT, check=False,
        env=database.environ(AC_DB_LOGIN="settle", LOG_LEVEL="ERROR"), capture_output=True,
        text=True, timeout=180,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    kills = done.stdout.count("killed ")
    print(
        f"{kills} processes killed inside a transaction, at: {', '.join(sorted(sprung(database)))}"
    )
    assert sprung(database) == {name for name, _, _ in POINTS}
    assert kills == len(POINTS)
    runs = SettlementRun.objects.values_list("state", "attempt", "preparer", "approver")
    assert list(runs) == [("issued", 1, PREPARER, APPROVER)] * 2
    for run in SettlementRun.objects.all():
        states = list(RunEvent.objects.filter(run=run).values_list("state", flat=True))
        assert states == [
            "open", "collecting", "frozen", "rated", "in_review", "approved", "issued",
        ]  # fmt: skip
        numbers = Document.objects.filter(run=run).order_by("position").values_list("number")
        assert len(set(numbers)) == len(numbers) == 3
    database.login("settle")
    for partner, share in zip(partners, (3_042, 2_028), strict=True):
        assert [minor for _, _, minor in documents(partner)] == [10_001, 140, share]
    assert JournalEntry.objects.count() == 6
    assert breaches() == []
