"""The console's people, and a month of two partners on its way through review (5 October 2026)."""

from billing.actions.settle import issue_approved, settle_run
from billing.models import SettlementRun
from tenants import schema
from tenants.accounts.models import User
from tenants.rules.roles import PERMISSIONS, Audience
from tests.billing import world
from tests.portal.views.cast import OneByOne

HOST = "console.agentcache.localhost"
ROLES = tuple(PERMISSIONS[Audience.PLATFORM])
MONTH = "/finance/?month=2026-09"


def people():
    """One person of every platform role; the e-mail is the role's name."""
    with schema.in_public():
        for role in ROLES:
            User.objects.create_user(email_of(role), None, role=role)


def email_of(role):
    return f"{role}@agentcache.example"


def signed_in(role, **options):
    """A client of the console whose person holds the role."""
    client = OneByOne(HTTP_HOST=HOST, **options)
    with schema.in_console():
        client.force_login(User.objects.get(email=email_of(role)))
        session = client.session
        session["scope"] = "public"
        session.save()
    return client


def usage(partners):
    """September: 50,005 hits of acme and 1,000 of zeta at Redis, 500,000 of acme at Pinecone."""
    redis, pinecone = partners
    world.record(
        world.hit(redis, "2026-09-10T08:00", "acme", 50_005),
        world.hit(redis, "2026-09-11T08:00", "zeta", 1_000),
        world.hit(redis, "2026-09-11T08:00", "zeta", 250, outcome="miss"),
        world.hit(pinecone, "2026-09-10T08:00", "acme", 500_000),
    )


def work(database):
    """What the worker does: every run that is queued goes as far as it can."""
    database.login("settle")
    with schema.in_public():
        for run in SettlementRun.objects.all():
            if run.state == "approved":
                issue_approved(run_id=run.id, partner_id=run.partner_id, now=world.NOW)
            elif run.state in ("open", "collecting"):
                settle_run(run_id=run.id, partner_id=run.partner_id, now=world.NOW)
    database.login("web")


def run_of(partner):
    with schema.in_console():
        return SettlementRun.objects.get(partner_id=partner.id)


def seen(*runs):
    """The form values of the control room's approval."""
    return [f"{run.id}:{run.attempt}" for run in runs]
