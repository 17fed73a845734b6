"""Totals: an upgrade fills them from the rollups as the recorder would have; who may write them."""

import importlib

import psycopg
import pytest

from tests.cache_api.actions.test_rebuild_rollups import traffic  # noqa: F401 - a fixture
from tests.cache_api.cast import sql

FILL = importlib.import_module("cache_api.migrations.0005_totals").fill
FILL_MONTHS = importlib.import_module("cache_api.migrations.0008_months").FILL
SUMS = """SELECT bucket_at, livemode, outcome, region, sum(events), sum(quantity), sum(bytes),
    sum(cost_saved_micros), {} FROM {}.cache_api_total{} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
HISTOGRAM = ", ".join(f"sum(buckets[{n}])" for n in range(1, 49))


@pytest.mark.parametrize("unit", ["hour", "day"])
def test_an_upgrade_fills_what_the_recorder_would_have(traffic, database, partners, unit):  # noqa: F811
    schema = partners.redis.schema_name
    sums = SUMS.format(HISTOGRAM, schema, unit)
    people = f"SELECT t::text FROM {schema}.cache_api_customer{unit} t ORDER BY 1"
    before = sql(database, sums), sql(database, people)
    assert all(before)

    with database.psql("owner") as owner:
        owner.execute(f"SET search_path TO {schema}, public")
        owner.execute(f"TRUNCATE cache_api_total{unit}, cache_api_customer{unit}")
        for text in FILL(unit):
            owner.execute(text)

    assert (sql(database, sums), sql(database, people)) == before


def test_an_upgrade_fills_the_months_the_recorder_would_have(traffic, database, partners):  # noqa: F811
    months = "SELECT t::text FROM {}.cache_api_customermonth t ORDER BY 1"
    before = [sql(database, months.format(partner.schema_name)) for partner in partners]
    assert all(before)
    for partner in partners:
        with database.psql("owner") as owner:
            owner.execute(f"SET search_path TO {partner.schema_name}, public")
            owner.execute("TRUNCATE cache_api_customermonth")
            owner.execute(FILL_MONTHS)
    assert [sql(database, months.format(partner.schema_name)) for partner in partners] == before


@pytest.mark.parametrize("table", [
    "totalhour", "totalday", "customerhour", "customerday", "customermonth"
])  # fmt: skip
def test_a_partner_reads_its_own_totals_and_writes_none(traffic, database, partners, table):  # noqa: F811
    mine, theirs = partners.redis.schema_name, partners.pinecone.schema_name
    with database.psql("web") as web:
        web.execute(f'SET ROLE "{mine}"')
        assert web.execute(f"SELECT count(*) FROM {mine}.cache_api_{table}").fetchone()[0] > 0
        for refused in (
            f"SELECT * FROM {theirs}.cache_api_{table}",
            f"DELETE FROM {mine}.cache_api_{table}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), web.transaction():
                web.execute(refused)
