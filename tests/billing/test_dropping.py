"""Years after a partner left: its schema and role go, once; the other one and the books stay."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from billing.actions import drop_partner as module
from billing.actions.adjust import adjust_due
from billing.actions.drop_partner import drop_partner
from billing.actions.errors import AlreadySettled
from billing.actions.offboard import CannotLeave, Farewell, offboard_partner, receipt_problems
from billing.actions.open_runs import settle_period
from billing.actions.terminate import approve_termination, ask_termination
from billing.models import Agreement, Document
from cache_api.actions.record_events import record_events
from cache_api.actions.seal_days import seal_days
from cache_api.actions.usage_days import drop_day, export_day, old_days
from tenants import resolve, schema
from tenants.actions import provision
from tenants.actions.partners import request_partner
from tenants.models import AuditEntry, Partner
from tests.billing.people import APPROVER, PREPARER, utc
from tests.billing.test_offboarding import KEK, of_schema
from tests.billing.world import NOW, SEPTEMBER, breaches, fingerprint, hit, record, settle, sign
from tests.conftest import fresh_database, two_partners
from tests.portal.console import cast

LEAVES, SOON, LATER = utc("2026-10-01"), utc("2028-10-01"), utc("2029-01-10")
EXISTS = ("select (select count(*) from pg_namespace where nspname = %(name)s),"
          " (select count(*) from pg_roles where rolname = %(name)s)")  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_blocker, tmp_path_factory):
    """Weaviate was opened, settled, and has left; Redis Labs is there. Archive and receipt."""
    folder = tmp_path_factory.mktemp("leaving")
    resolve.forget()
    with fresh_database(django_db_blocker) as database:
        cast.people()
        weaviate, redis = opened("weaviate"), two_partners().redis
        for partner in (weaviate, redis):
            sign(partner, "revenue_share_platform")
            record(hit(partner, "2026-09-10", "acme", 50_005))
        database.login("settle")
        settle()
        database.login("owner")
        given = {"agreement_id": Agreement.objects.get(partner_id=weaviate.pk).pk, "now": NOW}
        ask_termination(ends_at=LEAVES, reason="they go", actor=PREPARER, **given)
        approve_termination(approved_by=APPROVER, **given)
        offboard_partner(partner_id=weaviate.pk, folder=folder, kek=KEK, actor="kim", now=NOW)
        yield database, weaviate, redis, Farewell.of("weaviate", folder)
    resolve.forget()


def opened(slug):
    """By the provisioner: its role is in no other database, so that it can be dropped."""
    request_partner(slug=slug, name=slug, kind="vector_db", host="", seed_hex="#3355AA",
                    owner_email="", actor="kim", now=NOW)  # fmt: skip
    provision.open_partner(job=provision.claim_job(now=NOW), kek=KEK, clock=lambda: NOW)
    return Partner.objects.get(slug=slug, state="active")


def drop(partner, made, now=LATER):
    return drop_partner(partner_id=partner.pk, folder=made.archive.parent, actor="kim", now=now)


def usage_leaves(folder):
    seal_days(now=LATER)
    for day in old_days(LATER):
        export_day(day=day, folder=folder, now=LATER)
        drop_day(day=day, folder=folder, actor="kim", now=LATER)


def command(*arguments, **options):
    out = io.StringIO()
    call_command("offboard_partner", *arguments, stdout=out, **options)
    return out.getvalue()


def test_it_goes_once_whole_and_alone_when_nothing_rests_on_it(world, tmp_path, monkeypatch):
    database, weaviate, redis, made = world
    folder = made.archive.parent
    for partner, now, files, reasons in (
        (redis, LATER, tmp_path, ["No such file", "redis-labs has not left"]),
        (weaviate, SOON, folder, ["kept until 2028-11-15", "Usage events of it"]),
    ):
        with pytest.raises(CannotLeave) as refused:
            drop_partner(partner_id=partner.pk, folder=files, actor="kim", now=now)
        for told, reason in zip(refused.value.reasons, reasons, strict=True):
            assert reason in told
    assert "weaviate cannot be dropped yet" in command("weaviate", drop=True)
    with pytest.raises(CommandError, match="Nothing was changed"):
        command("weaviate", drop=True, confirm="weaviate", folder=folder, actor="kim")
    usage_leaves(tmp_path)
    archive = made.archive.read_bytes()
    made.archive.write_bytes(archive + b" ")
    with pytest.raises(CannotLeave, match="not the one of this receipt"):
        drop(weaviate, made)
    made.archive.write_bytes(archive)
    with database.psql() as boss:
        assert boss.execute(EXISTS, {"name": weaviate.schema_name}).fetchone() == (1, 1)
    other, books = of_schema(database, redis), fingerprint(database)

    with monkeypatch.context() as broken:  # between the end and its receipt
        broken.setattr(module, "write_whole", boom)
        with pytest.raises(RuntimeError, match="power"):
            drop(weaviate, made)
    receipt = drop(weaviate, made).read_bytes()

    assert drop(weaviate, made).read_bytes() == receipt
    assert "weaviate can be dropped" in command("weaviate", drop=True)
    with database.psql() as boss:
        assert boss.execute(EXISTS, {"name": weaviate.schema_name}).fetchone() == (0, 0)
    assert of_schema(database, redis) == other and fingerprint(database) == books
    assert Partner.objects.get(pk=weaviate.pk).state == "gone"
    assert AuditEntry.objects.filter(verb="partner.dropped").count() == 1
    told = json.loads(receipt)
    assert told["rows"]["cache_api_customer"] == 1 and told["kept"]["documents"] == 2
    assert receipt_problems(receipt, archive) == [] and made.problems() == []
    assert "as they were signed" in command("weaviate", folder=folder, verify=True)
    made.dropped.write_bytes(receipt.replace(b'"by":"kim"', b'"by":"tim"'))
    assert made.problems() == ["The receipt was changed, or another installation signed it."]
    made.dropped.write_bytes(receipt)


def boom(*_):
    raise RuntimeError("the power went")


@pytest.fixture
def gone(world, tmp_path):
    """The same world afterwards, whichever test comes first."""
    database, weaviate, _, made = world
    if Partner.objects.get(pk=weaviate.pk).state != "gone":
        usage_leaves(tmp_path)
        drop(weaviate, made)
    yield world
    database.login("owner")


def test_its_papers_are_read_and_what_lay_in_the_schema_is_said_to_be_gone(gone):
    database, weaviate, _, _ = gone
    paper = Document.objects.get(partner_id=weaviate.pk, kind="customer_invoice")
    database.login("web")
    console = cast.signed_in("superadmin")
    console.raise_request_exception = False

    def status(name, **named):
        return console.get(reverse(name, "portal.urls.console", kwargs=named)).status_code

    of_paper = {"document_id": paper.pk}
    for name in ("console_document", "document_pdf", "document_json", "document_csv"):
        assert status(name, **of_paper) == 200, name
    assert status("console_run", run_id=paper.run_id) == 200
    assert console.get("/partners/weaviate/").status_code == 200
    assert console.get("/partners/").status_code == 200
    assert console.get("/finance/?month=2026-09").status_code == 200
    assert status("console_line", position=1, **of_paper) == 410
    assert status("console_archive", **of_paper) == 410
    assert console.get("/partners/weaviate/counts/").status_code == 410
    page = console.get(reverse("console_line", "portal.urls.console",
                               kwargs={"position": 1, **of_paper}))  # fmt: skip
    assert "This partner is gone" in page.content.decode()


def test_everything_goes_on_without_it(gone):
    database, weaviate, redis, _ = gone
    call_command("migrate_partners", "--check", stdout=io.StringIO())
    with pytest.raises(schema.PartnerGone), schema.in_partner(Partner.objects.get(pk=weaviate.pk)):
        pass
    seal_days(now=LATER)
    database.login("recorder")
    late = [hit(one, "2029-01-09", "acme") for one in (weaviate, redis)]
    outcome = record_events(events=late, source="test", now=LATER)
    assert (outcome.inserted, outcome.dead) == (1, 1)
    database.login("settle")
    assert adjust_due(now=utc("2026-12-01")) == 0
    with pytest.raises(AlreadySettled, match="no usage changed since"):
        settle_period(period=SEPTEMBER, actor=PREPARER, now=LATER)
    assert [one for one in breaches() if "dead letters" not in one] == []
