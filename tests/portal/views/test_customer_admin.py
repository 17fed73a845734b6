"""A partner's customers: added, billed under their name, limited, suspended, taken from a table."""

from django.core.files.uploadedfile import SimpleUploadedFile

from billing.queries.gathering import customer_parties
from cache_api.models import Customer
from tenants import schema
from tenants.models import AuditEntry
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text

BILLING = {
    "name": "Newcomer", "plan": "Gold", "legal_name": "Newcomer GmbH", "country": "de",
    "address": "Hafenstr. 1\n20457 Hamburg", "tax_id": "DE123456789", "currency": "eur",
    "email": "bills@new.example", "reference": "PO 7",
}  # fmt: skip


def customer(partner, external_id="new"):
    with schema.in_partner(partner):
        return Customer.objects.get(external_id=external_id)


def send(client, table, **fields):
    file = SimpleUploadedFile("customers.csv", table if type(table) is bytes else table.encode())
    return client.post("/manage/customers/import/", {"file": file, **fields})


def seen_by(client, row):
    """The hidden mark of what the form showed."""
    return client.get(f"/manage/customers/{row.id}/edit/").context["form"]["seen"].value()


def test_a_customer_is_added_and_shown_to_its_partner_only(empty_portal):
    owner = signed_in(REDIS, "owner")

    page = owner.post("/manage/customers/new/", {"external_id": "ada", "name": "Ada Ltd"},
                      follow=True)  # fmt: skip
    again = owner.post("/manage/customers/new/", {"external_id": "ada"})

    row = customer(empty_portal.redis, "ada")
    assert "The customer is added" in text(page) and "Ada Ltd" in text(page)
    assert row.state == "active" and "is a customer of yours already" in text(again)
    assert signed_in(PINECONE, "owner").get(f"/manage/customers/{row.id}/").status_code == 404


def test_billing_facts_are_checked_saved_and_kept_as_documents_read_them(empty_portal):
    owner, row = signed_in(REDIS, "owner"), customer(empty_portal.redis)
    at = f"/manage/customers/{row.id}/edit/"
    mark = seen_by(owner, row)

    bad = text(owner.post(at, {**BILLING, "country": "1!", "seen": mark}))
    page = text(owner.post(at, {**BILLING, "seen": mark}, follow=True))

    assert "country must be its ISO code, such as DE" in bad
    assert "Saved." in page and "Newcomer GmbH" in page and "20457 Hamburg" in page
    after = customer(empty_portal.redis)
    assert after.state == "active" and after.billing == {
        "legal_name": "Newcomer GmbH", "address": ["Hafenstr. 1", "20457 Hamburg"],
        "country": "DE", "tax_id": "DE123456789", "email": "bills@new.example",
        "reference": "PO 7", "currency": "EUR",
    }  # fmt: skip
    assert customer(empty_portal.pinecone).billing == {}


def test_a_customer_says_itself_where_its_invoices_go_but_not_what_decides_tax(empty_portal):
    at = "/invoices/details/"
    owner, mine = signed_in(REDIS, "owner"), signed_in(REDIS, "customer_owner")
    row = customer(empty_portal.redis)
    owner.post(f"/manage/customers/{row.id}/edit/", {**BILLING, "seen": seen_by(owner, row)})
    mark = mine.get(at).context["form"]["seen"].value()
    given = {"legal_name": "New GmbH", "address": "Kai 2\n20457 Hamburg", "seen": mark,
             "email": "ap@new.example", "reference": "PO 8", "country": "US", "name": "Other",
             "tax_id": "1", "currency": "USD"}  # fmt: skip

    bad = text(mine.post(at, {**given, "email": "nobody"}))
    saved = text(mine.post(at, given, follow=True))
    stale = text(mine.post(at, {**given, "reference": "PO 9"}))

    assert "email address" in bad and "Saved: your next invoices show it." in saved
    assert "Somebody else changed this customer meanwhile" in stale
    after = customer(empty_portal.redis)
    assert (after.name, after.plan) == ("Newcomer", "Gold")
    assert after.billing == {
        "legal_name": "New GmbH", "address": ["Kai 2", "20457 Hamburg"], "country": "DE",
        "tax_id": "DE123456789", "email": "ap@new.example", "reference": "PO 8", "currency": "EUR",
    }  # fmt: skip
    with schema.in_partner(empty_portal.redis):
        party = dict(customer_parties())[str(row.id)]
        entry = AuditEntry.objects.filter(verb="customer.changed", target="new").latest("id")
    assert (party["reference"], party["email"]) == ("PO 8", "ap@new.example")
    assert entry.actor == "customer_owner@example.com"
    assert customer(empty_portal.pinecone).billing == {}


def test_a_stale_form_is_told_and_overwrites_nothing(empty_portal):
    owner, row = signed_in(REDIS, "owner"), customer(empty_portal.redis)
    mark = seen_by(owner, row)
    at = f"/manage/customers/{row.id}/edit/"
    owner.post(at, {**BILLING, "seen": mark})

    answer = owner.post(at, {**BILLING, "plan": "Lead", "seen": mark})

    assert "Somebody else changed this customer meanwhile" in text(answer)
    assert customer(empty_portal.redis).plan == "Gold"


def test_a_suspension_says_what_stops_needs_a_reason_and_is_taken_back(empty_portal):
    owner, row = signed_in(REDIS, "owner"), customer(empty_portal.redis)
    at = f"/manage/customers/{row.id}/suspend/"

    dry = text(owner.get(at))
    unsaid = text(owner.post(at, {"reason": ""}))
    assert customer(empty_portal.redis).state == "unconfirmed"
    owner.post(at, {"reason": "does not pay"})
    assert customer(empty_portal.redis).state == "suspended"
    assert "Resume Newcomer?" in text(owner.get(at))
    owner.post(at, {"reason": ""})

    assert "Nothing has changed yet" in dry and "403 customer-suspended" in dry
    assert "1 person can still sign in" in dry and "Say why" in unsaid
    assert customer(empty_portal.redis).state == "active"
    with schema.in_partner(empty_portal.redis):
        rows = AuditEntry.objects.filter(target="new", verb__startswith="customer.").order_by("id")
        assert [(one.verb, one.data["reason"]) for one in rows] == [
            ("customer.suspended", "does not pay"), ("customer.resumed", ""),
        ]  # fmt: skip


def test_a_quota_is_set_changed_and_taken_away(empty_portal):
    owner, row = signed_in(REDIS, "owner"), customer(empty_portal.redis)
    at = f"/manage/customers/{row.id}/quota/"

    page = text(owner.post(at, {"day": "1000", "month": "", "hard": "on"}, follow=True))
    kept = customer(empty_portal.redis).quota
    wrong = text(owner.post(at, {"day": "-1"}))
    owner.post(at, {"day": "", "month": ""})

    assert kept == {"day": 1000, "hard": True} and "requests are refused" in page
    assert "greater than or equal to 0" in wrong
    assert customer(empty_portal.redis).quota is None


def test_a_table_is_taken_whole_and_a_second_time_changes_nothing(empty_portal):
    owner = signed_in(REDIS, "owner")
    table = (
        "\ufeffexternal_id,name,legal_name,address,country,quota_day\r\n"
        'new,,"Newcomer, Inc.",1 Main St|Springfield,us,\r\nada,Ada Ltd,,,,500\r\n'
    )

    checked = text(send(owner, table, only_check="on"))
    with schema.in_partner(empty_portal.redis):
        assert Customer.objects.count() == 1
    first, second = text(send(owner, table)), text(send(owner, table))

    assert "All 2 lines are good. Nothing was changed yet" in checked
    assert "1 new customers, 1 changed" in first and "0 new customers, 0 changed" in second
    row = customer(empty_portal.redis)
    assert row.name == "Newcomer" and row.billing["address"] == ["1 Main St", "Springfield"]
    assert customer(empty_portal.redis, "ada").quota == {"day": 500, "hard": False}
    with schema.in_partner(empty_portal.pinecone):
        assert Customer.objects.count() == 1


def test_of_a_large_table_every_bad_line_is_told_and_none_is_taken(empty_portal):
    lines = [f"c{n},Customer {n},DE" for n in range(20_000)]
    lines[10], lines[500], lines[19_999] = "c10,Ten,Germany", "c499,Twice,DE", ",No id,DE"

    page = text(send(signed_in(REDIS, "owner"), "external_id,name,country\n" + "\n".join(lines)))

    assert "3 lines cannot be taken; 19,997 are good. Nothing was changed" in page
    assert "12 country country must be its ISO code" in page
    assert "502 external_id The same id as in line 501" in page
    assert "20001 external_id An id has 1 to 200" in page
    with schema.in_partner(empty_portal.redis):
        assert Customer.objects.count() == 1


def test_a_file_that_cannot_be_read_is_explained(empty_portal):
    owner = signed_in(REDIS, "owner")
    said = {
        "name,plan\nx,y\n": "The first line must name columns",
        b"external_id\n\xff\xfe\n": "not UTF-8",
        "": "The submitted file is empty",
        "external_id\n": "holds no customer below its first line",
    }

    for table, reason in said.items():
        answer = send(owner, table)
        assert answer.status_code == 200 and reason in text(answer)


def test_100_000_customers_with_bad_lines_are_reported_line_by_line_and_none_is_made(empty_portal):
    owner = signed_in(REDIS, "owner")
    bad = {n for n in range(100_000) if n % 40 == 7}  # 2,500 of them, more than a page shows
    lines = [f"c{n},{'x' * 9},{'?' if n in bad else 'DE'}" for n in range(100_000)]
    table = "external_id,name,country\n" + "\n".join(lines) + "\n"

    page = text(send(owner, table))
    answer = send(owner, table, as_file="on")
    told = b"".join(answer.streaming_content).decode().splitlines()

    assert "2500 lines cannot be taken" in page.replace(",", "") and "97,500 are good" in page
    assert "The first 1,000 are shown" in page
    assert answer["Content-Type"].startswith("text/csv") and told[0] == "line,column,why"
    assert {int(line.split(",")[0]) - 2 for line in told[1:]} == bad
    with schema.in_partner(empty_portal.redis):
        assert Customer.objects.filter(external_id__startswith="c").count() == 0
    assert "At most 100,000 customers" in text(send(owner, table + "more,,DE\n"))
