"""People by page: invited by mail, in by a link that works once, put out at once."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from cache_api.models import Customer
from portal import words
from tenants import schema
from tenants.accounts.models import Invitation, User
from tenants.models import AuditEntry
from tenants.rules.roles import PERMISSIONS, Audience
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text

LINK = re.compile(r"http://([^/]+)(/accounts/invitation/[\w-]{43}/)")
PASSWORD = "four random english words"


@pytest.fixture
def letters(settings):
    """The mails of a test, as Django's own memory backend keeps them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    return mail.outbox


def invite(client, email, role, path="/manage/team/"):
    return client.post(f"{path}invite/", {"email": email, "name": "", "role": role}, follow=True)


def link(letter):
    host, path = LINK.search(letter.body).groups()
    return host, path


def accept(path, host=REDIS, password=PASSWORD):
    return Client(HTTP_HOST=host).post(path, {"name": "Nora", "password": password}, follow=True)


def people(partner):
    with schema.in_partner(partner):
        return {row.email: row for row in User.objects.all()}


def test_an_invitation_opens_an_account_once_and_on_its_own_host(empty_portal, letters):
    owner = signed_in(REDIS, "owner")

    page = invite(owner, "Nora@Example.com", "developer")

    assert "on its way to nora@example.com" in text(page) and "nora@example.com" in text(page)
    (letter,) = letters
    assert letter.subject == "Redis Edge Cache: you are invited" and letter.to == [
        "nora@example.com"
    ]
    assert (
        "Redis Edge Cache" in letter.from_email and "owner@example.com invites you" in letter.body
    )
    host, path = link(letter)
    assert host == REDIS
    assert accept(path, PINECONE).status_code == 410
    assert "too short" in text(accept(path, password="short"))
    assert "Your account is open" in text(accept(path))
    again = accept(path)
    assert again.status_code == 410 and "no longer works" in text(again)
    nora = people(empty_portal.redis)["nora@example.com"]
    assert (nora.role, nora.name, nora.customer_id) == ("developer", "Nora", None)
    assert nora.check_password(PASSWORD)
    assert "nora@example.com" not in people(empty_portal.pinecone)
    with schema.in_partner(empty_portal.redis):
        verbs = AuditEntry.objects.filter(target="nora@example.com").values_list("verb", flat=True)
        assert set(verbs) == {"person.invited", "person.joined"}
        assert Invitation.objects.get().accepted_at is not None


def test_a_link_dies_when_sent_again_withdrawn_or_a_week_old(empty_portal, letters):
    owner = signed_in(REDIS, "owner")
    invite(owner, "nora@example.com", "developer")
    with schema.in_partner(empty_portal.redis):
        row = Invitation.objects.get()
    at = f"/manage/team/invitations/{row.id}/"

    soon = owner.post(f"{at}again/", follow=True)
    with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
        owner.post(f"{at}again/")
        assert Client(HTTP_HOST=REDIS).get(link(letters[0])[1]).status_code == 410
        assert Client(HTTP_HOST=REDIS).get(link(letters[1])[1]).status_code == 200
    with time_machine.travel(NOW + timedelta(days=7, minutes=3), tick=False):
        assert Client(HTTP_HOST=REDIS).get(link(letters[1])[1]).status_code == 410
    owner.post(f"{at}withdraw/")

    assert "less than a minute ago" in text(soon) and len(letters) == 2
    assert Client(HTTP_HOST=REDIS).get(link(letters[1])[1]).status_code == 410
    assert "Send again" not in text(owner.get("/manage/team/"))


def test_who_has_an_account_or_an_invitation_is_not_invited_again(empty_portal, letters):
    owner = signed_in(REDIS, "owner")
    invite(owner, "nora@example.com", "developer")

    assert "is invited already" in text(invite(owner, "nora@example.com", "admin"))
    assert "has an account here already" in text(invite(owner, "owner@example.com", "admin"))
    assert "Enter a valid email" in text(invite(owner, "nora", "admin"))
    assert "Select a valid choice" in text(invite(owner, "x@example.com", "customer_owner"))
    assert len(letters) == 1


def test_deactivation_ends_every_session_at_once(empty_portal):
    cast.person(empty_portal.redis, "analyst")
    owner, analyst = signed_in(REDIS, "owner"), signed_in(REDIS, "analyst")
    who = people(empty_portal.redis)["analyst@example.com"]
    assert analyst.get("/manage/").status_code == 200

    answer = owner.post(f"/manage/team/{who.id}/out/", follow=True)

    assert "all sessions have ended" in text(answer)
    assert analyst.get("/manage/").status_code == 302
    owner.post(f"/manage/team/{who.id}/in/")
    assert people(empty_portal.redis)["analyst@example.com"].is_active


def test_a_role_changes_with_the_next_request(empty_portal):
    cast.person(empty_portal.redis, "analyst")
    owner, analyst = signed_in(REDIS, "owner"), signed_in(REDIS, "analyst")
    who = people(empty_portal.redis)["analyst@example.com"]

    owner.post(f"/manage/team/{who.id}/role/", {"role": "developer"})
    owner.post(f"/manage/team/{who.id}/role/", {"role": "customer_owner"})

    assert analyst.get("/manage/keys/").status_code == 200
    assert people(empty_portal.redis)["analyst@example.com"].role == "developer"


def test_the_last_owner_stays_and_only_owners_touch_owners(empty_portal):
    cast.person(empty_portal.redis, "admin")
    owner, admin = signed_in(REDIS, "owner"), signed_in(REDIS, "admin")
    rows = people(empty_portal.redis)
    with schema.in_partner(empty_portal.redis):  # the provisioner's first owner is one more
        User.objects.filter(email="owner@redis.example").update(is_active=False)
    me = rows["owner@example.com"].id

    said = [text(owner.post(f"/manage/team/{me}/out/", follow=True)),
            text(admin.post(f"/manage/team/{me}/out/", follow=True)),
            text(admin.post(f"/manage/team/{rows['admin@example.com'].id}/role/",
                            {"role": "owner"}, follow=True))]  # fmt: skip

    assert "Somebody else has to change" in said[0]
    assert "You may not give or take the role owner" in said[1]
    assert "Somebody else has to change" in said[2]
    after = people(empty_portal.redis)
    assert after["owner@example.com"].is_active and after["admin@example.com"].role == "admin"


def test_a_customers_owner_handles_its_own_people_only(empty_portal, letters):
    with schema.in_partner(empty_portal.redis):
        other = Customer.objects.create(external_id="other", name="Other", created_at=NOW)
    cast.person(empty_portal.redis, "customer_viewer", other.id)
    carl, owner = signed_in(REDIS, "customer_owner"), signed_in(REDIS, "owner")
    rows = people(empty_portal.redis)

    page = text(carl.get("/team/"))
    invite(carl, "cora@new.example", "customer_viewer", "/team/")
    answer = accept(link(letters[0])[1])

    assert "customer_owner@example.com" in page
    assert "customer_viewer@" not in page and "owner@redis.example" not in page
    for stranger in ("customer_viewer@example.com", "owner@example.com"):
        assert carl.get(f"/team/{rows[stranger].id}/").status_code == 404
        carl.post(f"/team/{rows[stranger].id}/out/")
        assert people(empty_portal.redis)[stranger].is_active
    assert answer.status_code == 200
    cora = people(empty_portal.redis)["cora@new.example"]
    assert cora.customer_id == rows["customer_owner@example.com"].customer_id
    assert "customer_viewer@" in text(owner.get(f"/manage/customers/{other.id}/people/"))


def test_what_a_role_may_do_is_shown_as_the_roles_file_says(empty_portal):
    owner = signed_in(REDIS, "owner")

    html = owner.get("/manage/team/roles/").content.decode()

    table = re.findall(r"<tr><th[^>]*>([^<]+)</th>(.*?)</tr>", html, re.S)
    shown = {
        unescape(name.strip()): cells.count("#check") for name, cells in table if "<td" in cells
    }
    known = PERMISSIONS[Audience.PARTNER].values()
    assert shown == {
        str(words.PERMISSIONS[one]): sum(one in held for held in known)
        for one in frozenset().union(*known)
    }
    everything = {one for held in PERMISSIONS.values() for may in held.values() for one in may}
    assert everything == set(words.PERMISSIONS)


def test_one_ends_ones_other_sessions(empty_portal):
    with schema.in_partner(empty_portal.redis):
        row = User.objects.get(email="owner@example.com")
        row.set_password(PASSWORD)
        row.save()
    here, there = Client(HTTP_HOST=REDIS), Client(HTTP_HOST=REDIS)
    for client in (here, there):
        client.post("/accounts/login/", {"login": "owner@example.com", "password": PASSWORD})
        assert client.get("/manage/").status_code == 200

    page = text(here.get("/accounts/security/"))
    here.post("/accounts/security/end/")

    assert "Where you are signed in" in page and "this one" in page
    assert here.get("/manage/").status_code == 200
    assert there.get("/manage/").status_code == 302


def many(client, emails, role="analyst", path="/manage/team/"):
    return client.post(f"{path}invite/many/", {"emails": emails, "role": role}, follow=True)


def test_many_are_invited_at_once_all_or_none_and_a_repeat_sends_nothing(empty_portal, letters):
    owner = signed_in(REDIS, "owner")
    wanted = "ann@example.com\nBob <bob@example.com>, owner@example.com"

    bad = text(many(owner, f"{wanted}\nnonsense\n@@"))
    assert "Line 3 is no e-mail address: nonsense" in bad and "Line 4 is no" in bad
    crowd = "\n".join(f"p{number}@example.com" for number in range(51))
    assert "at most 50 go at once" in text(many(owner, crowd))
    assert letters == []
    with schema.in_partner(empty_portal.redis):
        assert not Invitation.objects.exists()

    page = text(many(owner, wanted))
    assert (
        "2 invitations are on their way" in page and "nothing was sent: owner@example.com" in page
    )
    assert sorted(one.to[0] for one in letters) == ["ann@example.com", "bob@example.com"]
    assert len({link(one) for one in letters}) == 2
    again = text(many(owner, wanted))
    assert "0 invitations" in again and "ann@example.com, bob@example.com" in again
    assert len(letters) == 2
    assert "Your account is open" in text(accept(link(letters[0])[1]))
    assert people(empty_portal.redis)["ann@example.com"].role == "analyst"


def test_many_keeps_the_circle_and_the_roles_that_one_may_give(empty_portal, letters):
    customer = signed_in(REDIS, "customer_owner")
    assert "Select a valid choice" in text(many(customer, "a@example.com", "admin", "/team/"))
    many(customer, "a@example.com", "customer_viewer", "/team/")
    with schema.in_partner(empty_portal.redis):
        mine = User.objects.get(email="customer_owner@example.com").customer_id
        assert [row.customer_id for row in Invitation.objects.all()] == [mine]


def test_the_team_page_counts_members_invitations_and_second_factors(empty_portal, letters):
    owner = signed_in(REDIS, "owner")
    with schema.in_partner(empty_portal.redis):
        me = User.objects.get(email="owner@example.com")
        others = User.objects.filter(customer_id=None).exclude(pk=me.pk)
        active = others.filter(is_active=True).count() + 1
        for kind in ("totp", "recovery_codes"):
            Authenticator.objects.create(user=me, type=kind, data={})
        Authenticator.objects.create(user=others[0], type="recovery_codes", data={})  # alone: none
    many(owner, "ann@example.com")

    page = text(owner.get("/manage/team/"))

    assert f"Members {active}" in page and "Invited 1 have" in page
    assert f"1 of {active}" in page


def test_the_page_of_roles_says_what_each_can_and_cannot(empty_portal):
    page = text(signed_in(REDIS, "owner").get("/manage/team/roles/"))

    for role in PERMISSIONS[Audience.PARTNER]:
        assert str(words.ROLES[role].label) in page
    assert page.count("Can ") >= 7 and "nothing is closed to it" in page
    analyst = page.rpartition("Analyst")[2].partition("Brand editor")[0]
    can, _, cannot = analyst.partition("Cannot")
    assert "See usage" in can and "Change the brand" in cannot and "See usage" not in cannot
