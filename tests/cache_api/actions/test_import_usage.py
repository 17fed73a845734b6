"""A usage file: all rows or none, every bad row named, and again changes nothing."""

import csv
import subprocess
import sys

import pyarrow
import pyarrow.parquet
import pytest
from django.core.management import call_command

from bench import tenant_trace as traces
from cache_api.actions.import_usage import UnableToImport, import_usage
from cache_api.gateways.usage_files import UnreadableFile
from cache_api.reconcile import CHECKS
from tests.cache_api.cast import NOW, everything, hours, sql

HEAD = "time,customer,outcome,quantity,model\n"
GOOD = HEAD + (
    "2026-10-01T13:00Z,acme,hit,100,gpt-4o\n"
    "2026-10-01T13:00Z,acme,miss,40,gpt-4o\n"
    "2026-10-01T14:00Z,globex,hit,7,llama-4\n"
)
BAD = GOOD + "yesterday,acme,hit,ten,gpt-4o\n2026-10-01T15:00Z,acme,hit,5,gpt-4o,extra\n"


@pytest.fixture
def bring(database, partners, tmp_path):
    """Import text as a file under the recorder's login."""
    database.login("recorder")

    def run(text, slug="redis-labs", name="usage.csv", **more):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return import_usage(path=path, partner_slug=slug, now=NOW, **more)

    return run


def test_rows_become_quantities_of_that_partner_alone(bring, database, partners):
    done = bring(GOOD)
    assert (done.rows, done.inserted, done.known, done.rejected) == (3, 3, 0, 0)
    assert hours(database, partners.redis, "outcome, quantity") == [
        ("hit", 100), ("miss", 40), ("hit", 7)
    ]  # fmt: skip
    assert hours(database, partners.pinecone) == []


def test_the_same_file_again_changes_no_row(bring, database, partners):
    bring(GOOD)
    bring(GOOD, slug="pinecone")
    before = everything(database, partners)
    assert bring(GOOD).known == 3
    assert bring(GOOD, slug="pinecone", name="renamed.csv").inserted == 0
    assert everything(database, partners) == before
    assert [one for check in CHECKS for one in check.run()] == []


def test_an_overlapping_file_adds_only_what_is_new(bring, database, partners):
    bring(GOOD)
    more = HEAD + GOOD.splitlines()[3] + "\n2026-10-01T15:00Z,globex,hit,1,llama-4\n"
    done = bring(more, name="more.csv")
    assert (done.inserted, done.known) == (1, 1)
    assert sum(quantity for (quantity,) in hours(database, partners.redis)) == 148


def test_equal_rows_of_one_file_all_count_and_again_none(bring, database, partners):
    text = HEAD + "2026-10-01T13:00Z,acme,hit,1,gpt-4o\n" * 3
    assert bring(text).inserted == 3
    assert bring(text).inserted == 0
    assert hours(database, partners.redis) == [(3,)]


def test_rows_with_an_id_count_once_in_whatever_file(bring, database, partners):
    assert bring("id,time,customer\n1,2026-10-01,acme\n2,2026-10-01,acme\n").inserted == 2
    assert bring("customer,time,id\nacme,2026-10-01,2\nacme,2026-10-01,3\n").inserted == 1


def test_a_file_that_contradicts_what_is_recorded_is_refused_by_line(bring, database, partners):
    head = "id,time,customer,quantity\n"
    bring(head + "1,2026-10-01,acme,5\n")
    before = everything(database, partners)
    for rows, line, said in (
        ("2,2026-10-01,acme,1\n1,2026-10-01,acme,7\n", 3, "recorded with 5, the row says 7"),
        ("1,2026-10-01,globex,5\n", 2, "recorded with 'acme', the row says 'globex'"),
        ("3,2026-10-01,acme,1\n3,2026-10-01,acme,2\n", 2, "the row says"),
    ):
        with pytest.raises(UnableToImport, match="contradict what is recorded") as refused:
            bring(head + rows, name="again.csv")
        assert [one.line for one in refused.value.problems][-1] >= line
        assert said in str(refused.value.problems[0])
    assert everything(database, partners) == before
    assert bring(head + "1,2026-10-01,acme,5\n").known == 1


def test_one_bad_row_and_nothing_is_imported_but_every_bad_value_is_named(
    bring, database, partners
):
    before = everything(database, partners)
    with pytest.raises(UnableToImport, match="2 of 5 rows are bad; nothing was imported") as caught:
        bring(BAD)
    assert [(bad.line, bad.column) for bad in caught.value.problems] == [
        (5, "time"), (5, "quantity"), (6, "(too many cells)")
    ]  # fmt: skip
    assert everything(database, partners) == before


def test_a_line_that_was_cut_off_is_bad(bring, database, partners):
    before = everything(database, partners)
    with pytest.raises(UnableToImport) as caught:
        bring("time,customer,quantity\n2026-10-01T10:00Z,acme,7\n2026-10-01T11:00Z,acm")
    assert [str(bad) for bad in caught.value.problems] == [
        "line 3, (too few cells): the line ends before quantity; leave no cell out"
    ]
    assert everything(database, partners) == before


def test_skip_bad_imports_the_good_and_writes_the_others_with_the_reason(
    bring, database, partners, tmp_path
):
    done = bring(BAD, skip_bad=True)
    assert (done.inserted, done.rejected) == (3, 2)
    assert done.rejects_path == tmp_path / "usage.csv.rejects.csv"
    rows = list(csv.DictReader(done.rejects_path.open(newline="")))
    assert [row["quantity"] for row in rows] == ["ten", "5"]
    assert "not a date and time" in rows[0]["rejected_because"]
    mended = done.rejects_path.read_text().replace("yesterday", "2026-10-01").replace("ten", "10")
    assert bring(mended, name="mended.csv").inserted == 2
    assert sum(quantity for (quantity,) in hours(database, partners.redis)) == 162


def test_parquet_and_csv_are_the_same_events(bring, database, partners, tmp_path):
    bring(GOOD)
    before = everything(database, partners)
    cells = [line.split(",") for line in GOOD.splitlines()]
    columns = {name: [row[i] for row in cells[1:]] for i, name in enumerate(cells[0])}
    columns["quantity"] = [int(value) for value in columns["quantity"]]
    path = tmp_path / "usage.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    done = import_usage(path=path, partner_slug="redis-labs", now=NOW)
    assert (done.inserted, done.known) == (0, 3)
    assert everything(database, partners) == before
    columns["quantity"][0] = None
    columns["time"][1] = "soon"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    with pytest.raises(UnableToImport) as caught:
        import_usage(path=path, partner_slug="redis-labs", now=NOW)
    assert [(bad.line, bad.column) for bad in caught.value.problems] == [(2, "time")]


def test_files_that_are_none(bring, tmp_path):
    with pytest.raises(UnableToImport, match="no open partner 'nobody'"):
        bring(GOOD, slug="nobody")
    with pytest.raises(UnreadableFile, match="does not exist"):
        import_usage(path=tmp_path / "no.csv", partner_slug="redis-labs", now=NOW)
    with pytest.raises(UnreadableFile, match="is empty"):
        bring("")
    with pytest.raises(UnableToImport, match="no rows"):
        bring(HEAD)
    with pytest.raises(UnreadableFile, match="not a Parquet file"):
        bring(GOOD, name="usage.parquet")
    (tmp_path / "latin.csv").write_bytes(HEAD.encode() + b"2026-10-01,caf\xe9,hit,1,x\n")
    with pytest.raises(UnreadableFile, match="not a UTF-8 CSV file"):
        import_usage(path=tmp_path / "latin.csv", partner_slug="redis-labs", now=NOW)
    with pytest.raises(UnableToImport, match="columns are not as expected") as caught:
        bring("when,customer\n2026-10-01,acme\n")
    assert [bad.column for bad in caught.value.problems] == ["when", "time"]


def test_a_strict_partner_gets_no_unknown_customers(bring, database, partners):
    sql(database, "UPDATE tenants_partner SET unknown_customer_policy = 'strict'"
                  " WHERE slug = 'redis-labs'")  # fmt: skip
    with pytest.raises(UnableToImport, match="3 of 3 rows are bad"):
        bring(GOOD)
    assert bring(GOOD, slug="pinecone").inserted == 3


def test_an_import_leaves_one_audit_row(bring, database):
    bring(GOOD, actor="finance@agentcache.example")
    bring(GOOD)
    [(actor, data)] = sql(
        database, "SELECT actor, data FROM tenants_auditentry WHERE verb = 'usage.imported'"
    )
    assert (actor, data["inserted"]) == ("finance@agentcache.example", 3)
    assert len(data["sha256"]) == 64


def test_the_command_prints_every_bad_value_and_fails(database, partners, tmp_path, capsys):
    path = tmp_path / "usage.csv"
    path.write_text(BAD)
    command = [sys.executable, "manage.py", "import_usage", str(path), "--partner", "pinecone"]
    env = database.environ(AC_DB_LOGIN="recorder")
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert "line 5, quantity: 'ten' is not a whole number" in done.stderr
    assert "--skip-bad" in done.stderr
    assert "Traceback" not in done.stderr
    database.login("recorder")
    call_command("import_usage", str(path), "--partner", "pinecone", "--skip-bad")
    said = capsys.readouterr().out
    assert said.startswith("5 rows: 3 new events, 0 already known, 2 rejected")


def test_fourteen_days_of_162_real_tenants_agree_with_a_bare_sum(
    shared_data, database, partners, tmp_path
):
    tar = shared_data / "traces" / "m-large-traces.tar.gz"
    total = traces.write(tar, tmp_path / "trace.parquet")
    bare = {tenant: sum(hours.values()) for tenant, hours in traces.hourly(tar)}
    assert (len(bare), sum(bare.values())) == (162, total)
    assert total > 236_000_000
    database.login("recorder")
    done = import_usage(path=tmp_path / "trace.parquet", partner_slug="redis-labs", now=NOW)
    assert done.inserted == done.rows
    by_customer = dict(sql(database, f"""
        SELECT c.external_id, sum(r.quantity)::bigint FROM {partners.redis.schema_name}
        .cache_api_rolluphour r JOIN {partners.redis.schema_name}.cache_api_customer c
        ON c.id = r.customer_id GROUP BY 1"""))  # fmt: skip
    assert by_customer == {tenant: count for tenant, count in bare.items() if count}
    assert sql(database, "SELECT sum(quantity)::bigint FROM channel_day") == [(total,)]
    assert import_usage(
        path=tmp_path / "trace.parquet", partner_slug="redis-labs", now=NOW
    ).inserted == 0  # fmt: skip
    assert [one for check in CHECKS for one in check.run()] == []
    assert hours(database, partners.pinecone) == []
