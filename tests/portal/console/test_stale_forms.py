"""The console's forms that somebody else may have overtaken: told, not overwritten."""

from billing.models import Agreement, AgreementVersion
from tenants import schema
from tenants.models import Prospect
from tests.portal.console.cast import signed_in
from tests.portal.console.test_agreements import amend
from tests.portal.console.test_incidents import FORM as INCIDENT
from tests.portal.console.test_incidents import publish
from tests.portal.console.test_pipeline import FORM as PROSPECT
from tests.portal.console.test_pipeline import add
from tests.portal.stale import TOLD, opened, overtaken
from tests.portal.views.cast import text


def test_prospects(console):
    manager = signed_in("partner_manager")
    page = add(manager)["Location"]
    step = {"text": "", "next_step": "Call", "next_step_on": "2026-11-01"}

    assert overtaken(manager, f"{page}edit/", "", {**PROSPECT, "product": "One"},
                     {**PROSPECT, "product": "Two"})  # fmt: skip
    assert overtaken(manager, page, f"{page}move/", {"stage": "pitched"}, {"stage": "lost"})
    assert overtaken(manager, page, f"{page}note/", step, {**step, "next_step": "Write"})

    with schema.in_console():
        row = Prospect.objects.get()
    assert (row.product, row.stage, row.next_step) == ("One", "pitched", "Call")


def test_incidents_and_accounts(console):
    admin = signed_in("superadmin")
    page = publish(admin, **INCIDENT)["Location"]
    update = {"state": "identified", "text": "A disk."}

    assert overtaken(admin, page, "", update, {"state": "monitoring", "text": "A cable."})
    one, other = ({"account": "1000", "code": code, "name": "Bank"} for code in ("1800", "1810"))
    assert overtaken(admin, "/books/accounts/", "", one, other)
    assert "1810" not in text(admin.get("/books/accounts/"))


def test_an_amendment_of_terms_that_were_amended_meanwhile(console):
    preparer, approver = signed_in("finance_preparer"), signed_in("finance_approver")
    with schema.in_console():
        agreement = Agreement.objects.filter(code__startswith="redis").get()
    page = f"/agreements/{agreement.id}/"
    seen = opened(preparer, page, f"{page}amend/")
    amend(preparer, agreement, seen=seen)
    with schema.in_console():
        version = AgreementVersion.objects.get(agreement=agreement, number=2)
    approver.post(f"/agreements/versions/{version.id}/approve/")

    late = amend(preparer, agreement, seen=seen, day="2026-12-01", figure_payment_days="60")

    assert TOLD in text(late)
    with schema.in_console():
        assert AgreementVersion.objects.filter(agreement=agreement).count() == 2


def test_prices_that_were_changed_meanwhile(console):
    preparer = signed_in("finance_preparer")
    answer = preparer.get("/prices/")
    [row] = [row for row, _ in answer.context["lists"] if row.card.audience == "everyone"][:1]
    code, form = row.card.code, row.mark
    assert f'name="{code}-seen" value="{form}"' in answer.content.decode()
    given = {"prefix": code, f"{code}-code": code, f"{code}-currency": "USD", f"{code}-name": "",
             f"{code}-audience": "everyone", f"{code}-day": "2026-11-01",
             f"{code}-lines": "cached_requests 0.004"}  # fmt: skip

    late = preparer.post("/prices/ask/", {**given, f"{code}-seen": "seen before"})
    good = preparer.post("/prices/ask/", {**given, f"{code}-seen": form}, follow=True)

    assert TOLD in text(late)
    assert "Asked. A second person publishes it by approving." in text(good)
