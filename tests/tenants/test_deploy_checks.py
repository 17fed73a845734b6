"""What a check before going live refuses: one unsafe thing at a time, against real servers."""

import pytest
from django.core.checks.registry import registry
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.utils import timezone

from tenants import schema
from tenants.accounts.models import User
from tenants.actions.bootstrap import AlreadyBegun, first_superadmin
from tests.cache_api.conftest import Valkeys


@pytest.fixture
def safe(settings, tmp_path, database):
    """Settings of a real installation, with Valkeys of its own."""
    pair = Valkeys(tmp_path, durable=True)
    settings.DEMO, settings.HTTPS, settings.REQUIRE_MFA = False, True, True
    settings.PLATFORM_DOMAIN, settings.KEK = "cache.example.com", b"k" * 64
    settings.EMAIL_URL = "smtp://mail.example.com"
    settings.EVENTS_URL, settings.CACHE_URL = pair.events.url(), pair.cache.url()
    settings.WEBHOOK_LOOPBACK = settings.SSO_LOOPBACK = settings.STRIPE_SIMULATED = False
    settings.STRIPE_API_KEY = settings.STRIPE_API_BASE = ""
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS, settings.CSRF_COOKIE_SECURE = 31_536_000, True
    settings.SESSION_COOKIE_NAME, settings.SECRET_KEY = "__Host-sid", "a1B2c3" * 11
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


def test_a_safe_installation_passes(safe):
    every = registry.tags_available(deployment_checks=True)
    assert refused(*every) == ""


@pytest.mark.parametrize(
    ("setting", "value", "number"),
    [
        ("DEMO", True, "D001"), ("HTTPS", False, "D002"), ("REQUIRE_MFA", False, "D003"),
        ("PLATFORM_DOMAIN", "agentcache.localhost", "D004"), ("KEK", b"short", "D005"),
        ("EMAIL_URL", "", "D006"), ("EVENTS_URL", "redis://127.0.0.1:1/0", "D020"),
        ("SECRET_KEY", "short", "D007"), ("SECRET_KEY", "a" * 80, "D007"),
        ("WEBHOOK_LOOPBACK", True, "D008"), ("SSO_LOOPBACK", True, "D008"),
        ("EMAIL_URL", "smtp://us:secret@mail.example.com:587", "D009"),
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
