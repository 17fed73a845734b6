"""The running month is worked out by the beat's worker; pages show it with its time, or wait."""

from datetime import timedelta

import pytest
import time_machine

from billing.models import RunningMonth
from portal import tasks
from portal.actions.running_month import estimate_month
from portal.queries import estimates
from portal.schedule import BEAT_SCHEDULE
from tenants import resolve
from tests.billing import world
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

USAGE = "/manage/usage/?range=2026-10"
POLLS = b'hx-trigger="every 10s" hx-select="#money"'


@pytest.fixture
def portal(database, partners):
    """Two settled partners, nothing estimated yet; Django is the web process."""
    resolve.forget()
    with time_machine.travel(cast.NOW, tick=False):
        cast.settled(partners)
        for partner in partners:
            cast.person(partner, "owner")
        database.login("web")
        yield partners, database
    resolve.forget()


def never(**_given):
    raise AssertionError("a page rated a month")


def test_pages_wait_for_the_worker_and_never_rate(portal, monkeypatch):
    partners, database = portal
    rated = estimates.preview_run
    monkeypatch.setattr(estimates, "preview_run", never)
    empty = signed_in(REDIS, "owner").get("/manage/")
    assert "Running month est. … being worked out at 14:20 UTC" in text(empty)
    assert POLLS in empty.content
    assert POLLS in signed_in(REDIS, "owner").get("/manage/statements/").content
    usage = signed_in(REDIS, "owner").get(USAGE)
    assert "What October 2026 costs so far is being worked out" in text(usage)
    assert b'hx-trigger="every 10s" hx-target="this" hx-select="#net"' in usage.content

    monkeypatch.setattr(estimates, "preview_run", rated)
    database.login("settle")
    for partner in partners:
        done = tasks.estimate_month.run(partner_id=str(partner.pk))
        assert done == "2026-10-05 14:20:00+00:00"
    database.login("web")
    monkeypatch.setattr(estimates, "preview_run", never)
    for host, share in ((REDIS, "$0.06 30 %"), (PINECONE, "$0.00 20 %")):
        page = signed_in(host, "owner").get("/manage/")
        assert f"Your share est. {share} · October 2026, as of 14:20 UTC" in text(page)
        assert POLLS not in page.content
    assert "charged so far, estimate" in text(signed_in(REDIS, "owner").get(USAGE))
    queued = BEAT_SCHEDULE["estimate the running month"]
    assert (queued["task"], queued["schedule"]) == (tasks.estimate_months.name, 60.0)


def test_a_month_that_can_not_be_rated_is_told_in_words(portal):
    partners, database = portal
    database.login("settle")
    estimate_month(partner_id=partners.redis.pk, now=cast.NOW)
    database.login("owner")
    for row in RunningMonth.objects.all():
        row.figures = {**row.figures, "problem": "No exchange rate of 2026-10 was entered."}
        row.save()
    database.login("web")

    page = signed_in(REDIS, "owner").get("/manage/")
    assert "Running month est. – not known yet: a price or a rate is missing" in text(page)
    assert POLLS not in page.content
    assert "What October 2026 costs so far cannot be worked out" in text(
        signed_in(REDIS, "owner").get(USAGE)
    )


def test_a_month_is_worked_out_again_when_there_is_usage_or_it_is_old(portal, monkeypatch):
    partners, database = portal
    database.login("settle")
    rated, times = estimates.preview_run, []
    monkeypatch.setattr(estimates, "preview_run", lambda **of: times.append(1) or rated(**of))

    def after(minutes):
        now = cast.NOW + timedelta(minutes=minutes)
        found = estimate_month(partner_id=partners.redis.pk, now=now)
        return len(times), found.earned_minor

    seen = [after(0), after(1), after(3)]
    database.login("owner")
    world.record(world.hit(partners.redis, "2026-10-05T14:00", "acme", 100), now=cast.NOW)
    database.login("settle")
    seen += [after(4), after(5), after(21)]
    assert seen == [(1, 6), (1, 6), (1, 6), (2, 12), (2, 12), (3, 12)]
