"""What a check before going live refuses: one unsafe thing at a time, against real servers."""

import resource
import shutil

import psycopg
import pytest
from django.core.checks.registry import registry
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.test import Client
from django.utils import timezone

from tenants import schema
from tenants.accounts.models import User
from tenants.actions.bootstrap import AlreadyBegun, first_superadmin
from tenants.rules import safe_install
from tests.cache_api.conftest import Valkeys

DOMAIN = "agentcache.systems"


@pytest.fixture
def roomy(monkeypatch):
    """A machine with disk and descriptors, and a server that waits for its disk as tests' do not.

    Returns what sets the two figures.
    """
    for name in ("fsync", "full_page_writes"):
        monkeypatch.delitem(safe_install.KEEPS, name)

    def has(free_bytes=1 << 40, descriptors=65_536):
        used = shutil.disk_usage("/")._replace(free=free_bytes)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: used)
        monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, descriptors))

    has()
    return has


@pytest.fixture
def safe(settings, tmp_path, database, roomy):
    """Settings of a real installation, with Valkeys of its own."""
    pair = Valkeys(tmp_path, durable=True)
    settings.DEMO, settings.HTTPS, settings.REQUIRE_MFA = False, True, True
    settings.PLATFORM_DOMAIN, settings.KEK = DOMAIN, bytes(range(64))
    settings.CONSOLE_HOST, settings.EDGE_DOMAIN = f"console.{DOMAIN}", f"edge.{DOMAIN}"
    settings.LOG_LEVEL = "INFO"
    settings.EMAIL_URL, settings.BROKER_URL = f"smtp://mail.{DOMAIN}", pair.events.url(1)
    settings.DATABASE_URLS = {one: database.url(one) for one in settings.DB_URL_BY_LOGIN}
    settings.EVENTS_URL, settings.CACHE_URL = pair.events.url(), pair.cache.url()
    settings.WEBHOOK_LOOPBACK = settings.SSO_LOOPBACK = settings.STRIPE_SIMULATED = False
    settings.STRIPE_API_KEY = settings.STRIPE_API_BASE = settings.STRIPE_WEBHOOK_SECRET = ""
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS, settings.CSRF_COOKIE_SECURE = 31_536_000, True
    settings.SESSION_COOKIE_NAME, settings.SECRET_KEY = "__Host-sid", "a1B2c3d4" * 11
    database.login("web")
    yield pair
    pair.stop()


def refused(*tags: str) -> str:
    """What the command says; '' when everything is fine. Without other tags than ours."""
    asked = {"deploy": True, "databases": ["default"], "fail_level": "ERROR"}
    try:
        call_command("check", **asked, tags=tags or ("security", "database", "caches"))
    except SystemCheckError as error:
        return str(error)
    return ""


def test_a_safe_installation_passes(safe, database):
    every = registry.tags_available(deployment_checks=True)
    with psycopg.connect(database.url("recorder")) as recorder:  # at work, meanwhile
        recorder.execute("CREATE TEMPORARY TABLE batch (n int)")
        recorder.commit()
        assert refused(*every) == ""


@pytest.mark.parametrize(
    ("setting", "value", "number"),
    [
        ("DEMO", True, "D001"), ("HTTPS", False, "D002"), ("REQUIRE_MFA", False, "D003"),
        ("PLATFORM_DOMAIN", "agentcache.localhost", "D004"), ("KEK", b"short", "D005"),
        ("EDGE_DOMAIN", "edge.agentcache.localhost", "D004"), ("LOG_LEVEL", "DEBUG", "D032"),
        ("KEK", b"0" * 64, "D005"), ("EMAIL_URL", "smtps://us:secret@mail.example", "D006"),
        ("KEK", b"a1B2c3d4" * 11, "D017"), ("STRIPE_API_KEY", "sk_test_x", "D025"),
        ("BROKER_URL", "redis://broker.internal:6379/0", "D024"),
        ("EMAIL_URL", "", "D006"), ("EVENTS_URL", "redis://127.0.0.1:1/0", "D020"),
        ("SECRET_KEY", "short", "D007"), ("SECRET_KEY", "a" * 80, "D007"),
        ("WEBHOOK_LOOPBACK", True, "D008"), ("SSO_LOOPBACK", True, "D008"),
        ("EMAIL_URL", f"smtp://us:secret@mail.{DOMAIN}:587", "D009"),
        ("STRIPE_API_KEY", "sk_live_x", "D012"),
        ("STRIPE_API_BASE", "http://127.0.0.1:8090", "D013"), ("STRIPE_SIMULATED", True, "D013"),
        ("EVENTS_URL", "redis://events.example:6379/0", "D024"),
        ("CACHE_URL", "redis://203.0.113.9:6379/0", "D024"),
        ("EMAIL_URL", "file:///mail", "D016"),
    ],
)  # fmt: skip
def test_one_unsafe_setting_is_named(safe, settings, setting, value, number):
    setattr(settings, setting, value)

    said = refused()

    assert f"tenants.{number}" in said and "HINT" in said


def test_a_key_that_everybody_may_read_is_named(safe, settings, tmp_path):
    kek = tmp_path / "kek"
    kek.write_text("00" * 32)
    settings.SECRET_FILES = [str(kek)]
    kek.chmod(0o640)
    assert refused() == ""
    kek.chmod(0o644)
    assert "tenants.D014" in refused() and f"chmod o-rwx {kek}" in refused()


def test_papers_without_our_address_are_a_warning_and_no_refusal(safe, settings, capsys):
    settings.PLATFORM_PARTY = {**settings.PLATFORM_PARTY, "address": [], "tax_id": ""}
    assert refused() == ""
    said = capsys.readouterr().err
    assert "PLATFORM_ADDRESS is not set" in said and "PLATFORM_TAX_ID is not set" in said


@pytest.mark.parametrize(
    ("server", "setting", "value", "number"),
    [
        ("events", "appendfsync", "everysec", "D021"), ("events", "appendonly", "no", "D021"),
        ("events", "maxmemory-policy", "allkeys-lru", "D021"),
        ("cache", "maxmemory", "0", "D022"),
    ],
)  # fmt: skip
def test_one_unsafe_server_is_named(safe, server, setting, value, number):
    getattr(safe.cast(), server).config_set(setting, value)

    assert f"tenants.{number}" in refused()


def test_a_login_that_owns_tables_or_passes_by_policies_is_named(safe, settings, database):
    settings.DB_LOGIN = "web"
    database.login("owner")
    assert "tenants.D011" in refused()
    database.login("superuser")
    assert "tenants.D010" in refused()


@pytest.mark.parametrize(
    ("variable", "of", "numbers"),
    [
        ("settle", "owner", {"D011", "D018"}), ("recorder", "superuser", {"D010"}),
        ("owner", "superuser", {"D010"}), ("settle", "nobody", {"D020"}),
    ],
)  # fmt: skip
def test_a_login_of_another_process_is_looked_at_too(
    safe, settings, database, variable, of, numbers
):
    url = database.urls.get(of) or database.url(variable).replace("ac_settle:", "ac_nobody:")
    settings.DATABASE_URLS = {**settings.DATABASE_URLS, variable: url}
    said = refused()
    assert {one for one in numbers if f"tenants.{one}" in said} == numbers


def test_a_server_that_forgets_commits_and_one_that_evicts_jobs_are_named(safe, settings):
    settings.BROKER_URL = safe.cache.url(1)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    said = refused()
    assert "tenants.D026" in said and "papers that were issued may be gone" in said
    assert "tenants.D030" in said


def test_what_an_edge_cannot_start_with_and_another_region_are_named(safe, monkeypatch):
    monkeypatch.setenv("STORE_DEADLINE_MS", "soon")
    assert "cache_api.D040" in refused() and "STORE_DEADLINE_MS='soon'" in refused()
    monkeypatch.delenv("STORE_DEADLINE_MS")
    for name, value in {
        "REGIONS": "eu,us", "CACHE_URL": safe.cache.url(), "EVENTS_URL": safe.events.url(),
        "CACHE_URL_US": safe.cache.url(), "EVENTS_URL_US": safe.cache.url(),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert "EVENTS_URL_US has appendonly no" in refused()


def test_a_machine_without_room_is_named(safe, roomy, settings, tmp_path):
    roomy(free_bytes=100 << 20)
    assert "tenants.D028" in refused() and "100 MiB left" in refused()
    roomy(descriptors=1_024)
    assert "tenants.D029" in refused()
    settings.DATA_DIR = tmp_path / "none"
    assert "may not write into" in refused()


def test_bootstrap_makes_one_person_who_has_to_set_a_password(database, settings, capsys):
    for _ in range(2):
        call_command("bootstrap", "Kim@Example.com", name="Kim")
    said = capsys.readouterr().out
    with schema.in_public():
        person = User.objects.get(role="superadmin")
        assert (person.email, person.has_usable_password()) == ("kim@example.com", False)
        with pytest.raises(AlreadyBegun, match=r"kim@example\.com is superadmin already"):
            first_superadmin(email="eve@example.com", name="", now=timezone.now())
    with pytest.raises(CommandError, match="no e-mail address"):
        call_command("bootstrap", "nobody")

    database.login("web")
    browser = Client(HTTP_HOST=settings.CONSOLE_HOST)
    form = browser.get(said.split(settings.CONSOLE_URL)[-1].strip(), follow=True)
    own = {"password1": "correct horse 9", "password2": "correct horse 9"}
    browser.post(form.redirect_chain[-1][0], own)
    database.login("owner")
    call_command("bootstrap", "kim@example.com")
    assert "Sign in:" in capsys.readouterr().out
    with schema.in_public():
        assert User.objects.get().check_password("correct horse 9")
