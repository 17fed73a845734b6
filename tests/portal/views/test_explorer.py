"""The usage explorer: rows sum to the whole however it is cut; files hold what the page shows."""

import csv
import io
import json
import re
import tracemalloc
import uuid
from collections import Counter
from datetime import timedelta

import pyarrow.parquet
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cache_api.models import Customer
from cache_api.queries import event_groups
from portal.queries.explorer import add, explorer
from portal.rules.questions import DIMENSIONS, read_question
from tenants import resolve, schema
from tenants.accounts.models import SavedView
from tests.billing import world
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

MODELS = ("gpt-4o", "gpt-4o-mini", "llama-4", "")
REASONS = ("miss", "capacity", "slow", "")
OUTCOMES = ("hit", "miss", "semantic_hit")


def events_of(partner, times):
    """40 lookups of 14 customers over ten days of October and September, each with all labels."""
    return [
        world.hit(
            partner, f"{'2026-10-0' if n % 2 else '2026-09-2'}{1 + n % 4}T0{n % 9}:00",
            f"c{n % 14:02}", times * (n + 1), outcome=OUTCOMES[n % 3], model=MODELS[n % 4],
            provider=("openai", "meta")[n % 2], region=("eu-1", "us-1", "")[n % 3],
            key_id=("", "key1", "key2")[n % 3], overflow_reason=REASONS[n % 4],
            reason="expired" if n % 3 == 1 and n % 2 else "",
            tags=({"team": "red", "5": "five"}, {"team": ""}, {"other": "x"}, {})[n % 4],
            bytes=100, tokens_in=10, tokens_out=n, cost_saved_micros=1000 * n, latency_us=100 * n,
        )
        for n in range(40)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def explored(django_db_blocker):
    """Two partners with like traffic, one a thousand times as much as the other."""
    with fresh_database(django_db_blocker) as database, time_machine.travel(cast.NOW, tick=False):
        partners = two_partners()
        cast.settled(partners)
        events = {}
        for partner, times in ((partners.redis, 1), (partners.pinecone, 1000)):
            events[partner.slug] = events_of(partner, times)
            world.record(*events[partner.slug], now=cast.NOW)
            for role in ("owner", "analyst"):
                cast.person(partner, role)
            with schema.in_partner(partner):
                customer = Customer.objects.get(external_id="acme").id
            cast.person(partner, "customer_owner", customer)
        cast.estimate(partners)
        database.login("web")
        resolve.forget()
        yield partners, events
    resolve.forget()


@pytest.fixture
def october(explored):
    with time_machine.travel(cast.NOW, tick=False):
        yield explored


def asked(partner, customer=None, money=True, **given):
    question = read_question(given, cast.NOW)
    with schema.in_partner(partner):
        return explorer(question, partner.pk, customer=customer, money=money)


@pytest.mark.parametrize("by", DIMENSIONS)
@pytest.mark.parametrize("top", ["5", "50"])
def test_rows_and_the_rest_sum_to_the_whole(october, by, top):
    partners, _ = october
    found = asked(partners.redis, range="90d", by=by, top=top, tag="team" if by == "tag" else "")

    groups = [row.group for row in found.rows] + ([found.other] if found.other else [])
    assert add(groups) == found.whole
    assert len(found.rows) <= int(top) and found.rows
    if by != "reason":
        assert found.whole.lookups == found.summary.lookups == sum(p.lookups for p in found.points)
        assert found.whole.cost_saved_micros == found.summary.cost_saved_micros
        assert found.whole.semantic_hits == found.summary.semantic_hits
    else:
        assert found.whole.lookups == found.summary.misses


EXPECTED = {
    "model": lambda e: e.model,
    "provider": lambda e: e.provider,
    "region": lambda e: e.region,
    "customer": lambda e: e.customer,
    "key": lambda e: e.key_id,
    "overflow": lambda e: e.overflow_reason,
    "tag": lambda e: (e.tags["team"] or "team") if "team" in e.tags else "",
}


@pytest.mark.parametrize("by", EXPECTED)
def test_groups_are_what_the_events_come_to(october, by):
    partners, events = october
    given = {"range": "2026-10-01..2026-10-04", "by": by, "top": "50", "tag": "team"}
    found = asked(partners.redis, **given)

    lookups, hits, saved = Counter(), Counter(), Counter()
    for event in events["redis-labs"]:
        if event.occurred_at.month == 10:
            label, is_hit = EXPECTED[by](event), event.outcome != "miss"
            lookups[label] += event.quantity
            hits[label] += event.quantity * is_hit
            saved[label] += event.quantity * event.cost_saved_micros * is_hit
    acme = {"model": "gpt-4o-mini", "customer": "acme"}.get(by, "")
    lookups[acme] += 100  # the settled world's own October
    hits[acme] += 100
    saved[acme] += 100 * 2500

    assert {row.group.label: row.group.lookups for row in found.rows} == lookups
    assert {row.group.label: row.group.hits for row in found.rows} == hits
    assert {row.group.label: row.group.cost_saved_micros for row in found.rows} == saved
    assert [row.group.lookups for row in found.rows] == sorted(lookups.values(), reverse=True)


def test_a_number_may_name_a_tag(october):
    partners, _ = october

    found = asked(partners.redis, range="90d", by="tag", tag="5")

    assert {row.group.label for row in found.rows} == {"", "five"}
    assert set(found.tags) == {"team", "other", "5"}


def test_the_period_before_is_on_cards_chart_and_rows(october):
    partners, _ = october
    found = asked(partners.redis, range="2026-09-28..2026-10-04", by="region", top="50")

    before = [row.before.lookups for row in found.rows if row.before]
    assert found.before.lookups == sum(p.lookups for p in found.points_before) > 0
    assert 0 < sum(before) <= found.before.lookups
    nothing = asked(partners.redis, range="90d", by="customer", compare="none")
    assert nothing.before.lookups == 0 and not any(row.before for row in nothing.rows)


def test_percentiles_come_from_merged_histograms_and_narrow_with_the_page(october):
    partners, _ = october
    whole = asked(partners.redis, range="90d", by="region", top="50")
    one = asked(partners.redis, range="90d", by="region", region="eu-1")

    regions = {row.group.label: row.latency for row in whole.rows}
    assert one.hit_latency == regions["eu-1"] != whole.hit_latency
    assert one.summary.lookups == next(
        row.group.lookups for row in whole.rows if row.group.label == "eu-1"
    )
    customers = asked(partners.redis, range="90d", by="customer", top="50")
    timed = [row for row in customers.rows if row.group.label != "zeta" and row.group.hits]
    assert timed and all(row.latency[95] for row in timed)


def test_who_outgrows_its_primary_is_named_by_what_does_not_fit(october):
    partners, events = october
    found = asked(partners.redis, range="90d", by="overflow")

    pressed = Counter()
    for event in events["redis-labs"]:
        pressed[event.customer] += event.quantity * (event.overflow_reason in ("capacity", "slow"))
    assert [name for name, _ in found.outgrown] == [
        name for name, n in sorted(pressed.items(), key=lambda one: (-one[1], one[0]))[:10] if n
    ]
    page = text(signed_in(REDIS, "analyst").get("/manage/usage/?range=90d&by=overflow"))
    assert "Customers that outgrow their primary cache" in page and "primary cache full" in page


def test_misses_are_ranked_by_their_reason_and_what_is_not_metered_is_said(october):
    page = text(signed_in(REDIS, "analyst").get("/manage/usage/?range=90d&by=reason"))

    assert "Misses" in page and "expired" in page
    assert "Which member of a request differed is not metered" in page


def test_net_saving_is_saved_less_the_issued_invoices(october):
    partners, _ = october
    net = asked(partners.redis, range="2026-09", by="model").net

    assert net.is_final and net.whole.charged_minor == 300  # acme $2.00, zeta $1.00
    assert net.whole.net_minor == net.whole.saved_minor - 300
    assert sum(one.charged_minor for one in net.models) == 300
    mini = next(one for one in net.models if one.model == "gpt-4o-mini")
    assert mini.break_even_hits * mini.saved_minor >= mini.charged_minor * mini.hits
    assert (mini.break_even_hits - 1) * mini.saved_minor < mini.charged_minor * mini.hits
    assert not asked(partners.redis, range="2026-10", by="model").net.is_final
    assert asked(partners.redis, money=False, range="2026-09").net is None
    narrowed = asked(partners.redis, range="2026-09", model="gpt-4o").net
    assert (narrowed.missing, narrowed.models) == ("narrowed", ())
    assert asked(partners.redis, range="2026-08").net.missing == "not_issued"


def test_an_analyst_sees_no_money_and_the_owner_does(october):
    pages = {
        role: text(signed_in(REDIS, role).get("/manage/usage/?range=2026-09"))
        for role in ("owner", "analyst")
    }

    assert "Breaks even at" in pages["owner"] and "Breaks even at" not in pages["analyst"]
    assert "Your role does not see what is charged" in pages["analyst"]


def test_too_many_single_events_are_refused_with_their_number(october, monkeypatch):
    monkeypatch.setattr(event_groups, "MOST_EVENTS", 3)

    page = text(signed_in(REDIS, "owner").get("/manage/usage/?range=90d&by=key"))

    assert "Too many requests to add up here" in page and "this range has 4" in page
    assert "Hit rate" in page  # the rest of the page is there


def rows_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    body = b"".join(answer.streaming_content)
    return answer, body


@pytest.mark.parametrize("by", DIMENSIONS)
@pytest.mark.parametrize("unit", ["day", "month"])
def test_csv_and_parquet_hold_every_row_and_sum_to_the_page(october, by, unit):
    partners, _ = october
    client = signed_in(REDIS, "owner")
    asks = f"range=90d&unit={unit}&by={by}&tag=team"
    found = asked(partners.redis, range="90d", by=by, tag="team", top="5")

    answer, body = rows_of(client, f"/manage/usage/export.csv?{asks}")
    _, raw = rows_of(client, f"/manage/usage/export.parquet?{asks}")

    lines = list(csv.DictReader(io.StringIO(body.decode())))
    table = pyarrow.parquet.read_table(io.BytesIO(raw)).to_pylist()
    assert f'filename="usage-90d-by-{by}.csv"' in answer["Content-Disposition"]
    assert sum(int(line["lookups"]) for line in lines) == found.whole.lookups
    assert sum(row["lookups"] for row in table) == found.whole.lookups
    assert sum(row["cost_saved_usd"] for row in table) * 10**6 == found.whole.cost_saved_micros
    assert [line[by] for line in lines] == [row[by] for row in table]
    assert len({(line["bucket_start"], line[by]) for line in lines}) == len(lines)


def test_a_partners_files_and_pages_hold_nothing_of_another(october):
    redis, pinecone = signed_in(REDIS, "owner"), signed_in(PINECONE, "owner")
    for by in ("model", "customer", "key"):
        mine, theirs = (
            list(csv.DictReader(io.StringIO(rows_of(
                client, f"/manage/usage/export.csv?range=90d&by={by}")[1].decode())))
            for client in (redis, pinecone)
        )  # fmt: skip
        sums = [sum(int(line["lookups"]) for line in lines) for lines in (mine, theirs)]
        assert sums == [820 + 2000, 820_000 + 77_000]


def test_a_customers_explorer_is_its_own_and_has_no_customers(october):
    client = signed_in(REDIS, "customer_owner")

    page = text(client.get("/usage/?range=2026-09&by=key&customer=zeta"))
    lines = rows_of(client, "/usage/export.csv?range=2026-09&customer=zeta")[1].decode()

    assert "1,400" in page and "Where it comes from API key" in page
    assert sum(int(one["lookups"]) for one in csv.DictReader(io.StringIO(lines))) == 1400
    assert client.get("/usage/?by=customer").status_code == 400
    assert client.get("/manage/usage/export.csv").status_code == 403


def test_the_allocation_by_tag_splits_each_bill_to_the_cent(october):
    client = signed_in(REDIS, "owner")
    asks = "/manage/usage/allocation.csv?range=2026-09-01..2026-10-04&tag=team"

    lines = list(csv.DictReader(io.StringIO(rows_of(client, asks)[1].decode())))

    assert {line["month"] for line in lines} == {"2026-09-01T00:00Z", "2026-10-01T00:00Z"}
    assert {line["team"] for line in lines} == {"", "red", "team"}
    charged = Counter()
    for line in lines:
        charged[line["month"], line["customer"]] += int(line["charged_minor"] or 0)
    assert charged["2026-09-01T00:00Z", "acme"] == 200  # the issued invoice
    assert charged["2026-10-01T00:00Z", "acme"] == 0  # not yet issued
    hidden = rows_of(signed_in(REDIS, "analyst"), asks)[1].decode()
    assert all(not line["charged_minor"] for line in csv.DictReader(io.StringIO(hidden)))
    assert client.get("/manage/usage/allocation.csv").status_code == 400


def test_formulas_in_names_stay_text_in_the_file(october):
    partners, _ = october
    with schema.in_partner(partners.redis):
        Customer.objects.filter(external_id="c01").update(name="=1+1")

    body = rows_of(signed_in(REDIS, "owner"), "/manage/usage/export.csv?range=90d&by=customer")[1]

    assert b"'=1+1" in body and b",=1+1" not in body


def test_views_are_kept_for_the_circle_and_forgotten(october):
    partners, _ = october
    owner, analyst = signed_in(REDIS, "owner"), signed_in(REDIS, "analyst")
    query = "range=90d&by=region&compare=none"

    for _ in range(2):  # the same name again is the same view
        answer = owner.post("/manage/usage/views/", {"name": " Regions  now ", "query": query})
    assert answer["Location"] == f"/manage/usage/?{query}"
    page = analyst.get("/manage/usage/").content.decode()
    assert ">Regions now</a>" in page and f"?{query.replace('&', '&amp;')}" in page
    assert "Regions now" not in signed_in(REDIS, "customer_owner").get("/usage/").content.decode()
    assert "Regions now" not in signed_in(PINECONE, "owner").get("/manage/usage/").content.decode()

    with schema.in_partner(partners.redis):
        kept = SavedView.objects.get()
    assert signed_in(PINECONE, "owner").post(
        f"/manage/usage/views/{kept.id}/forget/").status_code == 404  # fmt: skip
    assert signed_in(REDIS, "customer_owner").post(
        f"/usage/views/{kept.id}/forget/").status_code == 404  # fmt: skip
    assert analyst.post(f"/manage/usage/views/{kept.id}/forget/").status_code == 302
    assert owner.post(f"/manage/usage/views/{uuid.uuid4()}/forget/").status_code == 404
    bad = owner.post("/manage/usage/views/", {"name": "", "query": ""}, follow=True)
    assert "A view needs a name of 1 to 80 characters." in text(bad)


@pytest.mark.parametrize("by", DIMENSIONS)
def test_queries_do_not_grow_with_rows(october, by):
    client = signed_in(REDIS, "owner")
    counts = []
    for top in ("5", "50"):
        seen = [queries(client, f"/manage/usage/?range=90d&by={by}&top={top}") for _ in range(3)]
        counts.append(min(seen))  # what is known of a host is asked for again after a while

    assert counts[0] == counts[1] <= 45


def queries(client, address):
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_the_page_is_whole_without_javascript_and_swaps_itself_with_it(october):
    page = signed_in(REDIS, "owner").get("/manage/usage/?range=90d&by=model").content.decode()

    assert 'id="explorer" hx-boost="true" hx-target="#explorer" hx-select="#explorer"' in page
    assert re.search(r'<select[^>]+name="by"', page) and ">Apply</button>" in page.replace("\n", "")
    assert page.count('role="img"') >= 3  # charts drawn on the server


def test_a_long_file_is_sent_in_pieces_that_do_not_add_up_in_memory(october):
    from billing.rules.csv_text import csv_blocks

    rows = ((n, "customer", timedelta(), 10**6) for n in range(200_000))
    tracemalloc.start()
    try:
        sent = sum(len(block) for block in csv_blocks(("n", "a", "b", "c"), rows))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > 5_000_000 and peak < 2_000_000


@pytest.mark.parametrize(("role", "path"), [("owner", "/manage/usage/"),
                                            ("customer_owner", "/usage/")])  # fmt: skip
def test_chart_js_is_given_the_numbers_of_the_table(october, role, path):
    page = signed_in(REDIS, role).get(path, {"range": "90d"}).content.decode()
    scripts = re.findall(r'src="(\S+?)"', page)
    assert [one for one in scripts if "unfold/js/chart/chart" in one], scripts
    told = [json.loads(one) for one in re.findall(r'<script type="application/json">(.*?)</script>',
                                                  page, re.S)]  # fmt: skip
    requests, hit_rate, saved = told
    assert requests["series"][0]["label"] in ("Hits", "Exact hits")
    assert len(requests["days"]) == 90
    assert hit_rate["top"] == 100
    # Not one script of a kind that a browser would run inline: the policy refuses those.
    assert not re.findall(r"<script(?![^>]*(?:src=|application/json))", page)
    assert len(saved["labels"]) == 90
