"""An incident from the console to the status pages of those whom it concerns, and nobody else."""

import uuid
from datetime import timedelta

import psycopg
import pytest
from django.test import Client

from cache_api.gateways.region_states import RegionState
from portal.queries.status import BEHIND, Status, check
from portal.templatetags.fmt import lasted
from tenants import schema
from tenants.models import AuditEntry, Incident, IncidentUpdate
from tenants.rules.status import Level
from tests.billing.people import utc
from tests.portal.console.cast import HOST, signed_in
from tests.portal.views.cast import PINECONE, REDIS, text

FORM = {"title": "Slow answers in eu", "component": "answers", "impact": "degraded",
        "text": "We see slow answers."}  # fmt: skip


def publish(client, **more):
    return client.post("/incidents/", {**FORM, "incident_id": str(uuid.uuid4()), **more})


def page(host):
    return text(Client(HTTP_HOST=host).get("/status/"))


def up(name, **more):
    told = {"is_home": True, "cache_up": True, "events_up": True, "processes": 1, **more}
    return RegionState(name, **told)


@pytest.mark.parametrize(
    ("states", "answers", "metering"),
    [
        ([up("eu"), up("us", filled=0.49)], Level.OK, Level.OK),
        ([up("eu"), up("us", filled=0.5)], Level.OK, Level.DEGRADED),
        ([up("eu", spool_bytes=1), up("us")], Level.OK, Level.DEGRADED),
        ([up("eu"), up("us", is_disk_full=True)], Level.OK, Level.DEGRADED),
        ([up("eu"), up("us", processes=0)], Level.DEGRADED, Level.OK),
        ([up("eu", cache_up=False)], Level.OUTAGE, Level.OK),
        ([up("eu", events_up=False), up("us")], Level.DEGRADED, Level.DEGRADED),
        ([up("eu", events_up=False, processes=0)], Level.DEGRADED, Level.DEGRADED),
        ([up("eu", events_up=False, cache_up=False)], Level.OUTAGE, Level.DEGRADED),
        ([up("eu", waiting=BEHIND)], Level.OK, Level.DEGRADED),
    ],
)
def test_checks_say_what_the_regions_tell(states, answers, metering):
    assert check(states) == {"answers": answers, "metering": metering, "settlement": Level.OK}


def test_without_jobs_settlement_is_late():
    assert check([up("eu", jobs_run=False), up("us")])["settlement"] == Level.DEGRADED


def test_the_mean_time_to_repair_leaves_out_maintenance_and_what_is_open():
    """An outage of two hours and one of one hour: 90 minutes."""
    at = utc("2026-10-01")
    past = [Incident(impact=impact, started_at=at, resolved_at=at + timedelta(hours=hours))
            for impact, hours in (("outage", 2), ("degraded", 1), ("maintenance", 30))]  # fmt: skip
    found = Status((), (Incident(impact="outage", started_at=at),), tuple(past))
    assert found.mean_repair == timedelta(minutes=90) and lasted(found.mean_repair) == "1:30 h"
    assert Status((), (), ()).mean_repair is None


def test_an_incident_of_one_partner_is_read_by_that_partner_alone(console):
    sre = signed_in("sre")

    answer = publish(sre, slugs=["pinecone"])

    assert answer.status_code == 302
    assert "Slow answers in eu" in page(PINECONE) and "We see slow answers." in page(PINECONE)
    assert "Slow answers" not in page(REDIS) and "No incident" in page(REDIS)
    assert "Pinecone" in text(sre.get(answer["Location"]))
    # Nor by its role in the database.
    redis, pinecone = console
    for partner, seen in ((redis, 0), (pinecone, 1)):
        with schema.in_partner(partner):
            assert (Incident.objects.count(), IncidentUpdate.objects.count()) == (seen, seen)


def test_updates_until_it_is_resolved_and_nothing_twice(console):
    sre = signed_in("sre")
    number = str(uuid.uuid4())
    at = publish(sre, incident_id=number)["Location"]
    assert publish(sre, incident_id=number)["Location"] == at

    for _ in range(2):
        sre.post(at, {"state": "identified", "text": "A disk is slow."})
    seen = page(REDIS)
    assert seen.count("A disk is slow.") == 1 and "Cause found" in seen
    sre.post(at, {"state": "resolved", "text": "The disk is replaced."})
    late = sre.post(at, {"state": "monitoring", "text": "Too late."})

    assert "It is resolved; open a new one." in late.content.decode()
    assert "The disk is replaced." in page(REDIS) and "Resolved" in page(REDIS)
    with schema.in_console():
        verbs = AuditEntry.objects.filter(verb__startswith="incident.").order_by("at", "id")
        assert list(verbs.values_list("verb", flat=True)) == [
            "incident.opened", "incident.identified", "incident.resolved",
        ]  # fmt: skip


@pytest.mark.parametrize("change", [{"title": " "}, {"component": "moon"}, {"impact": "ok"},
                                    {"text": ""}, {"slugs": ["nobody"]}])  # fmt: skip
def test_what_is_missing_is_said_and_nothing_is_published(readable, change):
    answer = publish(signed_in("sre"), **change)

    assert answer.status_code == 200 and 'role="alert"' in answer.content.decode()
    with schema.in_console():
        assert Incident.objects.count() == 0


def test_what_was_said_stays(console, database):
    publish(signed_in("sre"))

    with database.psql() as boss, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        boss.execute("UPDATE tenants_incidentupdate SET text = 'nothing happened'")


def test_everybody_may_look_without_signing_in_on_every_host(readable):
    for host in (REDIS, PINECONE, HOST):
        answer = Client(HTTP_HOST=host).get("/status/")
        assert answer.status_code == 200 and "Cached answers" in text(answer)
        assert Client(HTTP_HOST=host).post("/status/").status_code == 405
