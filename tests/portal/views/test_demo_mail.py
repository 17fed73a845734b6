"""The demo's mails: read on the host they came from alone, as text and as they look."""

import re
from email.message import EmailMessage

from django.test import Client

from tests.portal.views.cast import PINECONE, REDIS, text


def letter(host):
    message = EmailMessage()
    message["Subject"], message["To"] = f"Reset at {host}", "grace@partner.example"
    message.set_content(f"Open http://{host}/accounts/password/reset/key/x/")
    message.add_alternative(f"<p class='look'>From {host}</p>", subtype="html")
    return message.as_bytes()


def test_a_mail_is_shown_on_its_own_host_only(portal, settings, tmp_path):
    settings.EMAIL_FILE_PATH = str(tmp_path)
    (tmp_path / "1.log").write_bytes((b"-" * 79).join(map(letter, (REDIS, PINECONE))))
    redis, pinecone = Client(HTTP_HOST=REDIS), Client(HTTP_HOST=PINECONE)

    page = redis.get("/demo/mail/")
    look = re.search(r'href="(/demo/mail/[0-9a-f]{16}/)"', page.content.decode())[1]

    assert f"Reset at {REDIS}" in text(page) and PINECONE not in text(page)
    painted = redis.get(look)
    assert f"<p class='look'>From {REDIS}</p>" in painted.content.decode()
    assert "style-src 'self' 'unsafe-inline'" in painted["Content-Security-Policy"]
    assert pinecone.get(look).status_code == redis.get("/demo/mail/none/").status_code == 404
    settings.DEMO = False
    assert redis.get("/demo/mail/").status_code == redis.get(look).status_code == 404
