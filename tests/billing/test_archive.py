"""An auditor's archive: the same bytes whenever it is made, and every changed byte is noticed."""

import io
import json
import zipfile
from datetime import timedelta

import pytest

from billing.actions.archive import archive_run
from billing.actions.credit import Credit
from billing.actions.deliver import deliver_documents
from billing.actions.errors import UnknownRun
from billing.models import Document, SettlementRun
from billing.rules.archive import archive_bytes, archive_problems
from billing.rules.charging import charge
from billing.rules.documents import sha256_hex
from billing.rules.errors import WrongState
from billing.rules.snapshot import parse_run_input
from tenants.rules.ids import uuid7
from tests.billing.credit import issue_credit_note
from tests.billing.people import APPROVER
from tests.billing.world import NOW, review, settle


def run_of(partner):
    return SettlementRun.objects.get(partner_id=partner.id)


def test_the_archive_is_whole_and_the_same_whenever_it_is_made(world, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settle()
    run = run_of(world.redis)

    first = archive_run(run_id=run.id, now=NOW)
    deliver_documents(now=NOW)
    invoice = run.documents.filter(kind="customer_invoice").first()
    issue_credit_note(document_id=invoice.id, credit=Credit("k", "why"), actor=APPROVER, now=NOW)
    second = archive_run(run_id=run.id, now=NOW + timedelta(days=9))

    assert first == second
    assert archive_problems(first) == []
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    assert (manifest["run"], manifest["period"]) == (str(run.id), "2026-09")
    stems = {f"documents/platform-{paper.number}" for paper in run.documents.all()}
    assert {name for name in files if name.startswith("documents/")} == {
        f"{stem}.{form}" for stem in stems for form in ("json", "pdf", "csv")
    }
    assert {"approvals.json", "inputs/run-input.json", "journal.csv", "trial-balance.csv",
            "terms/version-1.json", "rated-lines.csv", "shares.csv"} < set(files)  # fmt: skip
    approvals = json.loads(files["approvals.json"])
    assert approvals["approver"] == APPROVER and approvals["log"][-1]["state"] == "issued"
    # From its files alone: the input gives the statement's total again.
    drafts = charge(parse_run_input(files["inputs/run-input.json"])).drafts
    statement = Document.objects.get(run=run, kind="payout_statement")
    assert drafts[-1].net_minor == statement.net_minor
    assert sha256_hex(files["inputs/run-input.json"]) == manifest["input_sha256"]
    assert b"5000,Partner share,USD,30.42,0.00,30.42" in files["trial-balance.csv"]


def test_only_issued_runs_have_an_archive(world):
    review()
    run = run_of(world.redis)
    with pytest.raises(WrongState, match="Only an issued run"):
        archive_run(run_id=run.id, now=NOW)
    with pytest.raises(UnknownRun):
        archive_run(run_id=uuid7(), now=NOW)


def changed(content, name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.namelist():
            if one != name or data is not None:
                new.writestr(one, data if one == name else old.read(one))
        if name not in old.namelist():
            new.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(("name", "data", "problem"), [
    ("a.txt", b"B", "a.txt was changed"),
    ("a.txt", None, "a.txt is missing"),
    ("c.txt", b"C", "c.txt is not in the manifest"),
    ("manifest.json", None, "no manifest"),
])  # fmt: skip
def test_every_change_is_noticed(name, data, problem):
    content = archive_bytes({"run": "1"}, {"a.txt": b"A", "b/b.txt": b"B"})

    assert archive_problems(content) == []
    assert archive_problems(changed(content, name, data)) == [problem]
    assert archive_problems(b"nothing") == ["not a readable zip: File is not a zip file"]
