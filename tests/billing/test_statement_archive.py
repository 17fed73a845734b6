"""The archive of a settled month: the partner's role writes it, a clean room recomputes it."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import date
from uuid import UUID

import pytest

from billing.models import Document
from billing.queries import ledger
from billing.queries.archive import archived_run, hours_behind, write_archive
from billing.queries.hours import UsageGone
from billing.rules.templates import Deal
from billing.rules.trust import archive
from cache_api.actions.seal_days import seal_days
from cache_api.metering.models import DayRoot
from cache_api.queries.roots import inclusion_proof
from cache_api.reconcile import CHECKS, DAY_ROOTS
from tenants import schema
from tenants.models import Partner
from tests.billing.rules.trust.files import MODULE, independent, zipped
from tests.billing.test_feedback import wrong
from tests.billing.world import NOW, breaches, customer, hit, record, settle, sign

ROOT = MODULE.parents[4]


def paper(partner, kind):
    return Document.objects.get(partner_id=partner.id, kind=kind)


def archive_of(database, partner, kind="payout_statement"):
    """The bytes that the partner's own role writes."""
    document = paper(partner, kind)
    database.login("web")
    buffer = io.BytesIO()
    with schema.in_partner(partner):
        found = archived_run(document.id, partner.id)
        written = write_archive(found, buffer)
    database.login("settle")
    return buffer.getvalue(), written.seal


def clean_room(tmp_path, data, *more):
    """A process with nothing but the module and the files: no environment, no network."""
    room = tmp_path / "room"
    room.mkdir(exist_ok=True)
    shutil.copy(MODULE, room / "statements.py")
    (room / "archive.zip").write_bytes(data)
    walls = ["unshare", "-rn"] if _can_unshare() else []
    done = subprocess.run(
        [*walls, sys.executable, "-I", "-S", str(room / "statements.py"), "archive.zip", *more],
        cwd=room, env={}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def _can_unshare():
    tool = shutil.which("unshare")
    return bool(tool) and subprocess.run([tool, "-rn", "true"], check=False).returncode == 0


def test_a_clean_room_gives_the_statement_to_the_cent(database, september, tmp_path):
    data, seal = archive_of(database, september.redis)
    again, _ = archive_of(database, september.redis)
    other, _ = archive_of(database, september.pinecone)

    code, said = clean_room(tmp_path, data)

    # 50,705 cached requests at $0.002 are $101.41; 30 % of $100.01 and of $1.40.
    issued = paper(september.redis, "payout_statement")
    number = issued.number
    assert f"{number} has the fingerprint {issued.sha256}" in said
    assert (code, f"{number}: 30.42 USD stated, 30.42 recomputed" in said) == (0, True), said
    assert f"archive seal {seal}" in said and data == again
    assert "0.20 USD stated" in clean_room(tmp_path, other)[1]
    raw = bytearray(data)
    raw[raw.index(b"rates.json") + 50] ^= 1
    code, said = clean_room(tmp_path, bytes(raw))
    assert code == 1 and "rates.json is damaged" in said


def test_our_own_engine_verifies_it_without_a_database(database, september, tmp_path):
    data, seal = archive_of(database, september.redis)
    (tmp_path / "good.zip").write_bytes(data)
    files, _ = archive.read_archive(io.BytesIO(data))
    changed = {**files, archive.USAGE: files[archive.USAGE].replace(b",700,", b",701,")}
    (tmp_path / "bad.zip").write_bytes(zipped(changed))

    def run(name):
        command = [sys.executable, "manage.py", "verify-statement", str(tmp_path / name)]
        done = subprocess.run(command, cwd=ROOT, env={"DATA_DIR": str(tmp_path)}, check=False,
                              capture_output=True, text=True, timeout=60)  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    code, said = run("good.zip")
    assert (code, seal in said, "$30.42 stated, $30.42 computed" in said) == (0, True, True), said
    code, said = run("bad.zip")
    assert code == 1 and "usage.csv was changed" in said


DEALS = {
    "revenue_share_platform": Deal(base_yearly_minor=10_000_000),
    "revenue_share_partner": Deal(share_bps=3_333, minimum_minor=100_000),
    "poc": Deal(poc_months=9),
    "oem": Deal(base_interval="quarterly"),
    "wholesale": Deal(discount_mode="graduated", discount_tiers=((1_000, 500), (None, 1_000))),
    "direct": Deal(),
}


def test_every_kind_of_agreement_comes_out(database, partners, tmp_path):
    """Each template in its own month of one partner, with the other one beside it."""
    redis, pinecone = partners
    database.login("owner")
    months = {}
    sign(pinecone, "revenue_share_platform", "2025-01-01")
    for n, (template, deal) in enumerate(DEALS.items(), 1):
        ends = Deal(**{**_facts(deal), "term_months": 1})
        sign(redis, template, f"2026-0{n}-01", deal=ends, code=f"deal-{n}")
        months[f"2026-0{n}"] = template
    for name, plan in (("acme", "enterprise"), ("beta", "")):
        customer(redis, name, plan)
    for n in range(1, 7):
        record(
            hit(redis, f"2026-0{n}-10", "acme", 50_005, bytes=321, model="gpt-4o"),
            hit(redis, f"2026-0{n}-11T07", "beta", 777, bytes=999_999_999, tokens_in=9),
            hit(pinecone, f"2026-0{n}-11", "acme", 777),
        )
    database.login("settle")
    from billing.rules.periods import parse_month

    for month, template in months.items():
        settle(parse_month(month))
        rows = Document.objects.filter(
            partner_id=redis.id, run__agreement__code=f"deal-{month[-1]}"
        )
        assert rows.exists(), template
        buffer = io.BytesIO()
        with schema.in_partner(redis):
            write_archive(rows[0], buffer)
        path = tmp_path / f"{template}.zip"
        path.write_bytes(buffer.getvalue())
        result = independent().verify(path)
        assert result.ok and result.totals, (template, result.text())
        invoices = {d.number: d.total_minor for d in rows if not d.statement}
        assert invoices.items() <= {n: one.stated for n, one in result.totals.items()}.items()
    books_tie(date(2026, 1, 1), date(2026, 6, 30))


def books_tie(first, last):
    """Of every kind together: the trial balance is even, and says what its sub-ledgers say."""
    closing = Counter()
    for row in ledger.trial_balance(first, last):
        closing[row.account.code] += row.closing_minor
    assert sum(closing.values()) == 0
    assert {"1100", "1110", "2100", "2300", "4000", "4100", "4110", "4200", "4300", "5000"} <= {
        account for account, amount in closing.items() if amount
    }
    for accounts, side in ((ledger.RECEIVABLE, 1), (ledger.PAYABLE, -1)):
        aged = sum(row.open_minor for row in ledger.ageing(accounts, last))
        assert aged == side * sum(closing[account] for account in accounts)
    rolled = ledger.deferred_roll_forward(last)
    assert -closing["2300"] == rolled[-1].closing_minor > 0
    assert breaches() == []


def _facts(deal):
    return {name: getattr(deal, name) for name in Deal.__dataclass_fields__}


def test_late_usage_leaves_the_archive_as_it_was(database, world, tmp_path):
    mine = hit(world.redis, "2026-09-12T05", "fed", 3, bytes=10)
    database.login("recorder")
    record(mine)
    database.login("settle")
    settle()
    data, _ = archive_of(database, world.redis)
    database.login("recorder")
    record(hit(world.redis, "2026-09-12T06", "fed", 40), hit(world.pinecone, "2026-09-12", "x", 4))
    record(wrong(hit(world.redis, "2026-09-12T05", "fed")))
    database.login("settle")

    after, _ = archive_of(database, world.redis)

    assert after == data
    document = paper(world.redis, "payout_statement")
    with schema.in_partner(world.redis):
        fed = [row for row in hours_behind(document) if row.external_id == "fed"]
    assert [(f"{row.hour:%dT%H}", row.counts[2]) for row in fed] == [("12T05", 3)]


def test_usage_whose_events_are_gone_is_refused_not_guessed(database, september):
    with database.psql() as boss:
        name = Partner.objects.get(pk=september.redis.id).schema_name
        boss.execute(f'update "{name}".cache_api_rolluphour set quantity = quantity + 1')
        boss.execute("drop table usage_event_20260910")
    document = paper(september.redis, "payout_statement")

    with schema.in_partner(september.redis), pytest.raises(UsageGone, match="no longer kept"):
        write_archive(document, io.BytesIO())


def test_another_partners_document_does_not_exist(database, september):
    document = paper(september.redis, "payout_statement")

    assert archived_run(document.id, september.pinecone.id) is None
    database.login("web")
    with schema.in_partner(september.pinecone):
        assert archived_run(document.id) is None


def test_an_event_is_proved_to_be_in_the_statement(database, world, tmp_path):
    mine = [hit(world.redis, f"2026-09-12T0{n}", "fed", n + 1) for n in range(5)]
    database.login("recorder")
    record(*mine)
    database.login("settle")
    assert seal_days(now=NOW) == 4 and seal_days(now=NOW) == 0
    settle()
    data, _ = archive_of(database, world.redis)
    bound = int(json.loads(zipfile.ZipFile(io.BytesIO(data)).read("manifest.json"))["batch_bound"])
    with schema.in_partner(world.redis):
        proof = inclusion_proof(world.redis.id, mine[2].event_id, bound)
        nowhere = UUID("faa606a3-d458-4c29-965f-a02dbf072c04")  # of the year 10703, as typed
        assert inclusion_proof(world.redis.id, nowhere, bound) is None
    (tmp_path / "room").mkdir()
    path = tmp_path / "room" / "proof.json"
    path.write_text(json.dumps(proof))

    assert clean_room(tmp_path, data, "proof.json")[0] == 0
    # Forged: a smaller quantity; another partner's archive; a day without a root.
    path.write_text(json.dumps({**proof, "event": {**proof["event"], "quantity": "1"}}))
    code, said = clean_room(tmp_path, data, "proof.json")
    assert code == 1 and "PROOF  the event is not in the tree" in said
    other, _ = archive_of(database, world.pinecone)
    path.write_text(json.dumps(proof))
    code, said = clean_room(tmp_path, other, "proof.json")
    assert code == 1 and "has no root for 2026-09-12" in said


def test_late_events_add_to_the_tree_and_the_old_root_stays(database, world):
    database.login("settle")
    seal_days(now=NOW)
    database.login("recorder")
    late = hit(world.redis, "2026-09-10T01", "acme")
    record(late)
    database.login("settle")

    assert seal_days(now=NOW) == 1
    rows = DayRoot.objects.filter(partner_id=world.redis.id, day="2026-09-10").order_by("size")
    assert [row.size for row in rows] == [1, 2]
    with schema.in_partner(world.redis):
        before = inclusion_proof(world.redis.id, late.event_id, rows[0].batch_bound)
        after = inclusion_proof(world.redis.id, late.event_id, rows[1].batch_bound)
    assert before is None and after["root"] == rows[1].root and after["index"] == 1


def test_roots_are_final_and_each_partner_sees_its_own(database, world):
    seal_days(now=NOW)
    with database.psql("owner") as owner:
        for verb in ("update usage_day_root set size = 9", "delete from usage_day_root"):
            with pytest.raises(Exception, match="day roots are final"):
                owner.execute(verb)
    database.login("web")
    with schema.in_partner(world.redis):
        assert {row.partner_id for row in DayRoot.objects.all()} == {world.redis.id}


def test_an_event_changed_past_the_application_breaks_its_day(database, world):
    seal_days(now=NOW)
    roots = next(one for one in CHECKS if one.name == DAY_ROOTS)
    assert roots.run() == []
    with database.psql() as boss:
        boss.execute("set session_replication_role = replica")
        boss.execute(
            "update usage_event set quantity = quantity - 1 where partner_id = %s", [world.redis.id]
        )

    told = [(one.partner, one.detail) for one in roots.run()]
    assert [partner for partner, _ in told] == ["redis-labs", "redis-labs"]
    assert "2026-09-11: 1 events no longer give the sealed root of 1" in told[0][1]
