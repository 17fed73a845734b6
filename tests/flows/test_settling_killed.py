"""Eight processes settle one month while one is killed inside each step: it comes out once."""

import subprocess
import sys

from billing.models import Document, JournalEntry, Payment, RunEvent, SettlementRun
from billing.rules.templates import Deal
from cache_api.models import Customer
from tenants.schema import in_partner
from tests.billing.people import APPROVER, PREPARER
from tests.billing.world import breaches, documents, hit, record, sign
from tests.plugin import ROOT

# Where somebody dies: (name, table, condition on the new row), each inside its transaction.
POINTS = (
    *((state, "billing_runevent", f"NEW.state = '{state}'") for state in (
        "open", "collecting", "frozen", "rated", "in_review", "approved", "issued", "delivered",
        "closed")),
    ("document", "billing_document", "true"),
    ("number", "billing_numberseries", "true"),
    ("journal", "billing_journalline", "true"),
    ("mail", "billing_documentevent", "NEW.kind = 'delivered'"),
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


def test_eight_settle_at_once_and_one_is_killed_in_each_step(database, partners, tmp_path):
    for partner in partners:
        # Below the least payout, a statement closes without one: payouts have their own tests.
        sign(partner, "revenue_share_platform", deal=Deal(min_payout_minor=100_00))
        record(hit(partner, "2026-09-10", "acme", 50_005), hit(partner, "2026-09-11", "big", 700))
        with in_partner(partner):
            Customer.objects.update(billing={"email": "pay@customer.example"})
    set_traps(database)

    done = subprocess.run(
        [sys.executable, "-m", "tests.flows.settlers", "2026-09", tmp_path], cwd=ROOT, check=False,
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
    assert list(runs) == [("closed", 1, PREPARER, APPROVER)] * 2
    for run in SettlementRun.objects.all():
        states = list(RunEvent.objects.filter(run=run).values_list("state", flat=True))
        assert states == [
            "open", "collecting", "frozen", "rated", "in_review", "approved", "issued",
            "delivered", "closed",
        ]  # fmt: skip
        numbers = Document.objects.filter(run=run).order_by("position").values_list("number")
        assert len(set(numbers)) == len(numbers) == 3
    database.login("settle")
    for partner, share in zip(partners, (3_042, 2_028), strict=True):
        assert [minor for _, _, minor in documents(partner)] == [10_001, 140, share]
    assert Payment.objects.count() == 4
    # One entry a document, and of each payment that it came and that it pays.
    assert JournalEntry.objects.count() == 6 + 2 * 4
    mails = "".join(one.read_text() for one in tmp_path.iterdir())
    assert [mails.count(f"<document.{paper.id}@") for paper in Document.objects.all()] == [1] * 6
    assert breaches() == []
