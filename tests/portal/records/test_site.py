"""The raw records through the web login: a settled month of two partners, people of every role."""

import re

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Document, JournalEntry
from portal.records import columns, tables
from portal.records.site import site
from tenants import resolve, schema
from tenants.models import ApiKey, AuditEntry, DataKey, Partner
from tenants.rules.roles import allows
from tests.conftest import fresh_database, two_partners
from tests.portal.console.cast import HOST, ROLES, people, signed_in
from tests.portal.views import cast

CONSOLE = "portal.urls.console"
LABELS = {model._meta.label: model for model in tables.models()}


def settled_console(_database):
    """Both partners' September is issued; each has a key with a secret, and a data key."""
    with time_machine.travel(cast.NOW, tick=False):
        partners = two_partners()
        people()
        cast.settled(partners)
        for number, partner in enumerate(partners):
            ApiKey.objects.create(
                id=f"key{number}", partner=partner, livemode=True, label="one",
                secret_sha256=bytes([65 + number]) * 32, created_at=cast.NOW,
            )  # fmt: skip
            DataKey.objects.update_or_create(
                partner=partner, key_number=9,
                defaults={"wrapped": b"WRAPPED-" * 4, "created_at": cast.NOW},
            )  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_blocker):
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(cast.NOW, tick=False):
        database.fill(settled_console)
        database.login("web")
        yield database
    resolve.forget()


@pytest.fixture
def engineer(world):
    return signed_in("superadmin")


def address(model, page="changelist", key=None):
    opts = model._meta
    name = f"admin:{opts.app_label}_{opts.model_name}_{page}"
    return reverse(name, args=[] if key is None else [key], urlconf=CONSOLE)


def keys(answer, model):
    """The keys of the rows on a list, from the links to them."""
    root = re.escape(address(model))
    return re.findall(rf'href="{root}([^"/?]+)/change/', answer.content.decode())


@pytest.fixture(scope="module")
def pages(world):
    """Every list, and the first row of each that has one: {path: (answer, its SQL)}."""
    client, found = signed_in("superadmin"), {}
    for model in LABELS.values():
        listed = _opened(client, address(model), found)
        for key in keys(listed, model)[:1]:
            _opened(client, address(model, "change", key), found)
    return found


def _opened(client, path, found):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = client.get(path)
    found[path] = (answer, [query["sql"] for query in queries])
    return answer


def test_what_is_left_out_is_what_the_consoles_role_may_not_read(world):
    ask = "SELECT has_table_privilege('ac_console', %s, 'SELECT')"
    with world.psql() as database:
        for app in tables.APPS:
            for model in apps.get_app_config(app).get_models():
                may = database.execute(ask, [model._meta.db_table]).fetchone()[0]
                assert may == (model._meta.label not in tables.UNREADABLE), model


def test_every_list_and_row_opens(pages):
    assert {path: answer.status_code for path, (answer, _) in pages.items()
            if answer.status_code != 200} == {}  # fmt: skip
    rows = [path for path in pages if path.endswith("/change/")]
    assert len(rows) > 25, "Hardly any table has rows: the walk shows nothing."


def test_no_page_counts_and_each_asks_little(pages):
    """Whose rows, which rows, the partners' names: as many questions for 50 rows as for none."""
    for path, (_, queries) in pages.items():
        asked = [sql for sql in queries if sql.startswith("SELECT")]
        assert len(asked) <= 9, (path, asked)
        assert not [sql for sql in asked if "COUNT(" in sql.upper()], path


def test_no_page_holds_a_secret(world, pages):
    """Every byte column and every hidden one, as stored, in the forms that a page could show."""
    hidden = [
        (model._meta.db_table, field.column)
        for app in tables.APPS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.concrete_fields
        if tables.is_hidden(field)
    ]
    secrets = set()
    with world.psql() as database:
        for table, column in hidden:
            rows = database.execute(f'SELECT "{column}" FROM "{table}"').fetchall()
            secrets |= {row[0] for row in rows if row[0]}
    assert bytes([65]) * 32 in secrets and b"WRAPPED-" * 4 in secrets
    shapes = {shape for secret in secrets for shape in _shapes(secret)}
    text = "\n".join(answer.content.decode() for answer, _ in pages.values())
    assert [shape for shape in shapes if shape in text] == []


def _shapes(secret):
    if isinstance(secret, str):
        return (secret,)
    return (secret.hex(), str(secret)[2:-1], secret.decode(errors="replace"))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_exactly_what_the_roles_file_says(world, role):
    """One table of each permission that tables ask for besides the records' own."""
    client = signed_in(role)
    reads = allows(role, tables.PERMISSION)
    assert client.get("/admin/").status_code == (200 if reads else 403)
    for permission, model in {tables.needs(model): model for model in LABELS.values()}.items():
        wanted = 200 if reads and allows(role, permission) else 403
        assert client.get(address(model)).status_code == wanted, permission
        offered = f'href="{address(model)}"' in client.get("/admin/").content.decode()
        assert offered == (wanted == 200), permission


def test_every_address_is_behind_the_door():
    assert {url.callback.permission for url in site.get_urls()} == {tables.PERMISSION}


def test_nobody_reads_without_the_consoles_login(world):
    client = Client(HTTP_HOST=HOST)
    for path in ("/admin/", address(Document), "/admin/jsi18n/"):
        assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
    for gone in (
        "login/",
        "logout/",
        "password_change/",
        "search/",
        "accounts/user/",
        "auth/group/",
    ):
        assert signed_in("superadmin").get(f"/admin/{gone}").status_code == 404


def test_the_second_factor_is_asked_for_as_on_every_page(engineer, settings):
    settings.REQUIRE_MFA = True
    assert engineer.get(address(Document))["Location"] == "/accounts/2fa/"


def test_a_partners_host_has_no_admin(world):
    for host in (cast.REDIS, cast.PINECONE):
        for path in ("/admin/", address(Document)):
            assert Client(HTTP_HOST=host).get(path).status_code == 404


@pytest.mark.parametrize("model", [Document, JournalEntry, Partner, AuditEntry])
@pytest.mark.parametrize("page", ["changelist", "add", "change", "delete"])
def test_nothing_is_changed_and_the_page_says_why(engineer, model, page):
    with schema.in_console():
        row = model.objects.first()
        before = list(model.objects.order_by("pk").values())
    path = address(model, page, row.pk if page in ("change", "delete") else None)
    given = {"number": "X-1", "name": "X", "action": "delete_selected", "post": "yes",
             "_selected_action": [str(row.pk)]}  # fmt: skip
    for answer in (engineer.post(path, given), engineer.put(path), engineer.delete(path)):
        assert answer.status_code == 403
        assert _has(answer, tables.reason(model).words)
        assert "Nothing was changed." in answer.content.decode()
    with schema.in_console():
        assert list(model.objects.order_by("pk").values()) == before


def _has(answer, words):
    return str(words).replace("'", "&#x27;") in answer.content.decode()


def test_an_issued_document_says_what_to_do_instead(engineer):
    with schema.in_console():
        row = Document.objects.first()
    page = engineer.get(address(Document, "change", row.pk))
    assert _has(page, tables.reason(Document).words) and row.number in page.content.decode()
    assert "credit note" in str(tables.reason(Document).words)
    assert not re.search(
        r"<(input|select|textarea)[^>]+name=\"(number|kind)\"", page.content.decode()
    )


def test_the_database_itself_refuses_to_write(engineer, monkeypatch):
    """Even a page that tried could not: its transaction is read-only."""

    def write(self, request, extra_context=None):
        Partner.objects.update(name="X")

    monkeypatch.setattr(type(site._registry[Partner]), "changelist_view", write)
    engineer.raise_request_exception = False
    assert engineer.get(address(Partner)).status_code == 500
    with schema.in_console():
        assert not Partner.objects.filter(name="X").exists()


def test_a_list_that_takes_too_long_says_what_to_do(engineer, monkeypatch):
    def slow(self, request, extra_context=None):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(30)")

    monkeypatch.setattr(type(site._registry[Partner]), "changelist_view", slow)
    answer = engineer.get(address(Partner))
    assert answer.status_code == 503 and "Narrow it by partner" in answer.content.decode()


@pytest.mark.parametrize("slug", ["redis-labs", "pinecone"])
def test_rows_of_two_partners_are_told_apart(engineer, slug):
    for model in (Document, JournalEntry, ApiKey, LABELS["metering.UsageEvent"]):
        everything = keys(engineer.get(address(model)), model)
        answer = engineer.get(address(model), {"partner": slug})
        with schema.in_console():
            partner = Partner.objects.get(slug=slug)
            mine = model.objects.filter(**{columns.owner(model): partner.id})
            assert set(keys(answer, model)) == {
                str(key) for key in mine.values_list("pk", flat=True)
            }
        assert set(keys(answer, model)) < set(everything)


def test_a_search_finds_the_whole_id_or_number(engineer):
    with schema.in_console():
        row = Document.objects.first()
    for typed in (row.number, str(row.id)):
        answer = engineer.get(address(Document), {"q": typed})
        assert str(row.id) in keys(answer, Document)
    for typed in ("no such", "' OR 1=1", "0" * 400, "\x00"):
        answer = engineer.get(address(Document), {"q": typed})
        assert answer.status_code == 200
    assert keys(engineer.get(address(Document), {"q": "no such"}), Document) == []


@pytest.mark.parametrize("bad", ["?o=99", "?p=x", "?partner=nobody", "?secret_sha256=1", "?e=1",
                                 "?secret_sha256__startswith=A", "?kind__exact=%00"])  # fmt: skip
def test_odd_addresses_break_nothing(engineer, bad):
    """Nor may a filter in the address ask about a column that is not shown."""
    answer = engineer.get(address(ApiKey) + bad)
    assert answer.status_code in (200, 302, 400)
    if "secret" in bad:
        assert answer.status_code in (302, 400)


def test_a_row_that_is_not_there_is_no_error(engineer):
    for key in ("00000000-0000-0000-0000-000000000000", "x", "_5F"):
        assert engineer.get(address(Document, "change", key)).status_code in (302, 404)


def test_the_policy_is_relaxed_here_alone(engineer):
    here = engineer.get("/admin/")["Content-Security-Policy"]
    assert "'unsafe-eval'" in here and "script-src 'self' 'unsafe-eval'" in here
    assert "unsafe" not in engineer.get("/partners/")["Content-Security-Policy"]
