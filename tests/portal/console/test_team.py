"""The platform's own people: invited on the console, with a second factor, in the console's log."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from tenants import schema
from tenants.accounts.models import User
from tests.portal.console.cast import HOST, email_of, signed_in
from tests.portal.views.cast import REDIS, text
from tests.portal.views.test_second_factor import PASSWORD, code

LINK = re.compile(rf"http://{re.escape(HOST)}(/accounts/invitation/[\w-]+/)")


@pytest.fixture
def letters(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    return mail.outbox


def test_somebody_new_sets_up_a_factor_before_anything_else(console, letters, settings):
    settings.REQUIRE_MFA = True
    root = signed_in("superadmin")
    with schema.in_console():
        Authenticator.objects.create(
            user=User.objects.get(email=email_of("superadmin")), type="totp", data={}
        )
    fields = {"email": "noor@agentcache.example", "name": "Noor", "role": "auditor"}
    assert "on its way" in text(root.post("/team/invite/", fields, follow=True))
    path = LINK.search(letters[0].body)[1]
    assert Client(HTTP_HOST=REDIS).get(path).status_code == 410
    noor = Client(HTTP_HOST=HOST)

    noor.post(path, {"name": "Noor", "password": PASSWORD})
    noor.post("/accounts/login/", {"login": fields["email"], "password": PASSWORD})

    assert noor.get("/books/")["Location"] == "/accounts/2fa/"
    noor.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = noor.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'value="([A-Z2-7]{32})"', page)[1]
    noor.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert noor.get("/books/").status_code == 200
    log = text(noor.get("/audit/?target=noor"))
    assert "Person: invited" in log and "Person: joined" in log and "redis-labs" not in log
    pinecones = text(noor.get("/audit/?partner=pinecone"))
    assert "Pinecone Edge Cache" in pinecones and "redis-labs" not in pinecones
    assert noor.get("/audit/?partner=nobody").status_code == 400
    with schema.in_console():
        row = User.objects.get(email=fields["email"])
    assert "all sessions have ended" in text(root.post(f"/team/{row.id}/out/", follow=True))
    assert noor.get("/books/").status_code == 302
