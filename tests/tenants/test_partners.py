"""Opening a partner: one row to ask, the provisioner to do, a clear answer when it cannot."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tenants import queries, schema
from tenants.accounts.models import User
from tenants.actions import provision
from tenants.actions.partners import UnableToOpenPartner, request_partner, retry_opening
from tenants.models import DataKey, Partner, ProvisioningJob

KEK = b"k" * 32
FACTS = {
    "slug": "momento", "name": "Momento", "kind": "cloud", "host": "cache.momento.localhost",
    "seed_hex": "#10A37F", "owner_email": "Owner@Momento.example", "actor": "test",
}  # fmt: skip


def ask(**changes):
    with schema.in_console():
        return request_partner(**{**FACTS, **changes}, now=timezone.now())


def work():
    job = provision.claim_job(now=timezone.now())
    provision.open_partner(job=job, kek=KEK, clock=timezone.now)
    return ProvisioningJob.objects.select_related("partner").get(pk=job.pk)


def test_the_provisioner_opens_what_was_asked_for(database):
    database.login("web")
    asked = ask()
    database.login("owner")

    done = work()

    assert (done.pk, done.state, done.partner.state) == (asked.pk, "done", "active")
    assert DataKey.objects.filter(partner=done.partner).count() == 1
    with schema.in_partner(done.partner):
        assert [(u.email, u.role) for u in User.objects.all()] == [
            ("owner@momento.example", "owner")
        ]
    owner = queries.host_owner("cache.momento.localhost")
    assert (owner["slug"], owner["brand_product_name"], len(owner["brand_css_hash"])) == (
        "momento", "Momento", 16,
    )  # fmt: skip


def test_killed_at_any_step_and_started_again_it_ends_the_same(database, monkeypatch):
    """One opening dies before each of its steps in turn; each try does all earlier ones again."""
    job = ask(host="")
    real = provision._progress
    for killed_at in range(8):
        calls = []

        def progress(job, step, now, calls=calls, killed_at=killed_at):
            real(job, step, now)
            calls.append(step)
            if len(calls) == killed_at + 1:
                raise KeyboardInterrupt  # the process dies here

        monkeypatch.setattr(provision, "_progress", progress)
        with pytest.raises(KeyboardInterrupt):
            work()
        left = ProvisioningJob.objects.select_related("partner").get(pk=job.pk)
        assert (left.state, left.step, left.partner.state) == (
            "running", calls[-1], "provisioning",
        )  # fmt: skip
    assert calls[-1] == "activate"
    monkeypatch.undo()

    done = work()

    assert (done.pk, done.state, done.partner.state) == (job.pk, "done", "active")
    assert DataKey.objects.filter(partner=done.partner).count() == 1
    assert done.partner.brands.count() == 1
    with schema.in_partner(done.partner):
        assert User.objects.count() == 1


def test_a_failed_step_keeps_its_reason_and_can_be_queued_again(database):
    job = ask()
    taken = provision.claim_job(now=timezone.now())
    taken.request["seed_hex"] = "not a colour"

    provision.open_partner(job=taken, kek=KEK, clock=timezone.now)

    job.refresh_from_db()
    assert (job.state, job.partner.__class__.objects.get(pk=job.partner_id).state) == (
        "failed", "failed",
    )  # fmt: skip
    assert job.detail.startswith("brand: ")
    assert retry_opening(partner_id=job.partner_id, actor="test", now=timezone.now()) == 1
    assert retry_opening(partner_id=job.partner_id, actor="test", now=timezone.now()) == 0
    Partner.objects.filter(pk=job.partner_id).update(state="requested")
    assert work().state == "done"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"slug": "Redis!"}, "bad_slug"),
        ({"kind": "bank"}, "bad_kind"),
        ({"seed_hex": "red"}, "bad_colour"),
        ({"host": "x.agentcache.localhost"}, "bad_host"),
        ({"host": "127.0.0.1"}, "bad_host"),
        ({"host": "not a host"}, "bad_host"),
        ({"name": " "}, "bad_name"),
        ({"name": "x" * 121, "product_name": "x"}, "bad_name"),
        ({"name": "x" * 81}, "bad_product_name"),
        ({"legal_name": "a\x00b"}, "bad_legal_name"),
        ({"owner_email": "not an e-mail"}, "bad_owner"),
        ({"slug": "redis-labs"}, "taken"),
        ({"host": "CACHE.redis.localhost."}, "taken"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(database, changes, code):
    before = Partner.objects.count()

    with pytest.raises(UnableToOpenPartner) as refused:
        ask(**changes)

    assert refused.value.code == code
    assert (Partner.objects.count(), ProvisioningJob.objects.count()) == (before, before)


def test_the_command_says_so_when_a_partner_exists(database):
    database.login("web")

    with pytest.raises(CommandError, match=r"exists already.*nothing was changed"):
        call_command("open_partner", "redis-labs", name="Redis", kind="general_cache")
