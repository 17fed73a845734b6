"""A customer gets a copy of what is known of it, and is forgotten but for what the law keeps."""

import io
import json
import zipfile

import pytest

from billing.rules.archive import archive_problems
from cache_api.models import Customer, HookEndpoint
from tenants import resolve, schema
from tenants.accounts.models import SavedView, User
from tenants.actions.keys import create_key
from tenants.models import ApiKey, AuditEntry
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text
from tests.portal.views.test_cache_page import judged  # noqa: F401 - the fixture

PASSWORD = "four random english words"


@pytest.fixture
def page(judged):  # noqa: F811
    """Both partners' acme with an address, a key, a webhook and a saved view; Redis' page of it."""
    for host in (REDIS, PINECONE):
        partner = resolve.resolve_host(host)
        with schema.in_partner(partner):
            if User.objects.filter(email="owner@example.com").exists():
                continue
            cast_person(partner, "owner")
            cast_person(partner, "developer")
            acme = Customer.objects.get(external_id="acme")
            Customer.objects.filter(pk=acme.pk).update(
                name=f"Acme {host}", billing={"legal_name": f"Acme {host} Ltd"}
            )
            create_key(partner_id=partner.partner_id, livemode=True, actor="x", now=NOW,
                       customer_external_id="acme")  # fmt: skip
            HookEndpoint.objects.create(url="https://acme.example/", types=[], secret=b"s",
                                        created_by="x", created_at=NOW,
                                        customer_id=acme.pk)  # fmt: skip
            SavedView.objects.create(page="usage", customer_id=acme.pk, name="mine",
                                     saved_by="x", saved_at=NOW)  # fmt: skip
    with schema.in_partner(resolve.resolve_host(REDIS)):
        return f"/manage/customers/{Customer.objects.get(external_id='acme').pk}/data/"


def cast_person(partner, role):
    User.objects.create_user(f"{role}@example.com", PASSWORD, role=role)


def everything(host):
    """What is kept of a partner's customers and their people."""
    partner = resolve.resolve_host(host)
    with schema.in_partner(partner):
        found = [list(model.objects.order_by("pk").values())
                 for model in (Customer, User, HookEndpoint, SavedView)]  # fmt: skip
        found.append(list(ApiKey.objects.order_by("pk").values("id", "revoked_at")))
    return found


def test_a_copy_holds_the_customer_and_nobody_else(page):
    answer = signed_in(REDIS, "owner").get(f"{page}copy.zip")

    assert answer.status_code == 200 and archive_problems(answer.content) == []
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert json.loads(files["customer.json"])["billing"] == {"legal_name": f"Acme {REDIS} Ltd"}
    assert "customer_owner@example.com" in files["people.csv"]
    assert files["keys.csv"].count("\n") == 2 and "acme.example" in files["webhooks.csv"]
    assert len(files["usage-days.csv"].splitlines()) > 1
    whole = "".join(files.values())
    assert "zeta" not in whole and PINECONE not in whole and "secret" not in whole
    assert signed_in(REDIS, "developer").get(f"{page}copy.zip").status_code == 403
    assert signed_in(PINECONE, "owner").get(f"{page}copy.zip").status_code == 404


@pytest.mark.parametrize(
    ("given", "said"),
    [({"confirm": "zeta", "password": PASSWORD}, "is not the customer"),
     ({"confirm": "acme", "password": "guess"}, "not your password")],
)  # fmt: skip
def test_nothing_goes_without_the_id_and_the_password(page, given, said):
    owner, before = signed_in(REDIS, "owner"), everything(REDIS)
    assert said in text(owner.post(page, given))
    assert everything(REDIS) == before


def test_what_names_the_customer_goes_and_the_rest_stays(page):
    owner, others = signed_in(REDIS, "owner"), everything(PINECONE)
    person = signed_in(REDIS, "customer_owner")
    assert person.get("/").status_code == 200
    assert owner.get(f"{page}receipt.json").status_code == 404

    for _ in range(2):  # the second time changes nothing
        done = owner.post(page, {"confirm": "acme", "password": PASSWORD})
        assert done.status_code == 302
        after = everything(REDIS)
    assert "Erased on" in text(owner.get(page))

    customers, people, hooks, views, keys = after
    acme = next(row for row in customers if row["external_id"] == "acme")
    assert (acme["name"], acme["billing"], acme["state"]) == ("", {}, "suspended")
    assert {row["name"] for row in customers if row["external_id"] == "zeta"} == {"Zeta"}
    mine = [row for row in people if row["customer_id"] == acme["id"]]
    assert mine and all(row["email"].endswith("@erased.invalid") for row in mine)
    assert not any(row["is_active"] for row in mine)
    assert (hooks, views) == ([], []) and sum(row["revoked_at"] is not None for row in keys) == 1
    assert person.get("/").status_code == 302
    assert everything(PINECONE) == others
    receipt = json.loads(owner.get(f"{page}receipt.json").content)
    assert receipt["customer"] == "acme" and receipt["erased"]["keys_revoked"] == 1
    assert (
        receipt["erased"]["people_pseudonymised"] == len(mine)
        and "ten years" in (receipt["kept_because"])
    )
    with schema.in_partner(resolve.resolve_host(REDIS)):
        verbs = list(AuditEntry.objects.filter(target="acme").values_list("verb", flat=True))
    assert verbs.count("customer.erased") == 1 and verbs.count("cache.purged") == 2
