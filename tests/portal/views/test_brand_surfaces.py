"""The matrix: every token of a brand on every surface, and nothing of the other partner's.

MATRIX is the promise; each mark is looked for in what really comes out: pages, mails as sent, PDFs
as rendered.
"""

import io
import re

import pypdf
import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.test import Client

from billing.actions.deliver import deliver_documents
from tenants import queries, resolve, schema
from tenants.accounts.models import User
from tenants.actions.branding import keep_file, publish_brand
from tenants.rules.brand import FACTS
from tests.billing import world
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, document, signed_in
from tests.tenants.pictures import logo

# Two looks of which no word, colour or file is the same.
LOOKS = {
    "redis-labs": {
        "seed_hex": "#FF4438", "accent_hex": "#0B6B63", "product_name": "Flash Cache",
        "short_name": "Flash", "tagline": "Answers at once", "legal_name": "Redis Labs Ltd",
        "font": "geist", "support_email": "help@redis.example",
        "support_url": "https://redis.example/help", "terms_url": "https://redis.example/terms",
        "privacy_url": "https://redis.example/privacy", "mail_sender": "Flash Team",
    },
    "pinecone": {
        "seed_hex": "#1C17FF", "accent_hex": "#AB6400", "product_name": "Cone Store",
        "short_name": "Cone", "tagline": "Found before asked", "legal_name": "Pinecone Systems Inc",
        "font": "plex", "support_email": "care@pinecone.example",
        "support_url": "https://pinecone.example/care",
        "terms_url": "https://pinecone.example/agb", "privacy_url": "https://pinecone.example/data",
        "mail_sender": "Cone Crew",
    },
}  # fmt: skip
HOSTS = {"redis-labs": REDIS, "pinecone": PINECONE}
PAGES = ("shell", "login", "mfa", "errors", "docs", "status")
PAPERS = ("invoice", "statement")
ALL = (*PAGES, "mail", "document mail", *PAPERS)
MATRIX = {
    "logo": ALL,
    "icon": (*PAGES, "manifest"),
    "brand": (*ALL, "manifest"),
    "accent": PAGES,
    "font": (*PAGES, *PAPERS),
    "product name": (*ALL, "manifest"),
    "title": PAGES,
    "open graph": PAGES,
    "theme colour": (*PAGES, "manifest"),
    "tagline": ("login", "mfa", "manifest"),
    # An invoice names its seller, which is not the partner where we sell under its brand.
    "legal name": tuple(name for name in ALL if name != "invoice"),
    "support": ALL,
    "terms": ALL,
    "privacy": ALL,
    "sender": ("mail", "document mail"),
    "powered by": ALL,
}  # fmt: skip
PASSWORD = "correct horse battery"
FONT_NAMES = {"geist": "Geist", "plex": "IBMPlexSans"}


@pytest.fixture(scope="module")
def dressed(django_db_blocker):
    """Both partners in their looks, with a settled month; its documents are mailed."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        partners = two_partners()
        for partner in partners:
            look = LOOKS[partner.slug]
            files = {name: keep_file(partner_id=partner.id, data=logo(look[colour], size), now=NOW,
                                     member=name)
                     for name, colour, size in (("logo_light", "seed_hex", (400, 100)),
                                                ("icon", "accent_hex", (64, 64)))}  # fmt: skip
            publish_brand(partner=partner, actor="test", now=NOW, **look, **files)
        cast.settled(partners)
        for partner in partners:
            cast.person(partner, "owner")
            with schema.in_partner(partner):
                ada = User.objects.create_user("ada@example.com", PASSWORD, role="admin")
                TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
        database.login("settle")
        with schema.in_public():
            deliver_documents(now=world.NOW)
        database.login("web")
        yield {partner.slug: seen_of(partner) for partner in partners}
    resolve.forget()


def seen_of(partner):
    """Every surface of a partner, as text (pages, mails) or as a read PDF."""
    host, owner = HOSTS[partner.slug], signed_in(HOSTS[partner.slug], "owner")
    nobody = Client(HTTP_HOST=host)
    letters = list(mail.outbox)
    nobody.post("/accounts/password/reset/", {"email": "owner@example.com"})
    reset = mail.outbox[-1]
    with schema.in_partner(partner):
        revision = queries.published_brand(partner.id)
        brand = resolve.resolve_host(host).brand
    invoice, statement = document(partner, "customer_invoice", "acme"), document(
        partner, "payout_statement"
    )  # fmt: skip
    pages = {
        "shell": owner.get("/manage/"),
        "login": nobody.get("/accounts/login/"),
        "mfa": half_way(host),
        "errors": nobody.get("/nothing/"),
        "docs": nobody.get("/docs/api/"),
        "status": nobody.get("/status/"),
        "manifest": nobody.get("/manifest.webmanifest"),
    }
    slug_letters = [one for one in letters if host in one.body]
    assert slug_letters, "the documents of the month were mailed"
    return {
        "revision": revision, "brand": brand,
        "sheet": nobody.get(f"/brand/tokens.{revision.css_hash}.css").content.decode(),
        **{name: answer.content.decode() for name, answer in pages.items()},
        "mail": reset, "document mail": slug_letters[0],
        "invoice": owner.get(f"/manage/invoices/{invoice}/pdf").content,
        "statement": owner.get(f"/manage/statements/{statement}/pdf").content,
    }  # fmt: skip


def half_way(host):
    """The page between password and code."""
    client = Client(HTTP_HOST=host)
    answer = client.post("/accounts/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    return client.get(answer["Location"])


def paper(content):
    """Text, links, font names and number of pictures of a PDF."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    page = reader.pages[0]
    fonts = [str(font.get_object()["/BaseFont"])
             for font in page["/Resources"]["/Font"].get_object().values()]  # fmt: skip
    links = [str(one.get_object()["/A"]["/URI"]) for one in page.get("/Annots", [])]
    return {"text": page.extract_text().replace("\xa0", " "), "fonts": " ".join(fonts),
            "links": links, "pictures": len(page.images),
            "inks": page.get_contents().get_data().decode("latin-1")}  # fmt: skip


def html_of(letter):
    [(html, _kind)] = letter.alternatives
    return html


def on_page(token, seen, name):
    """Whether a token's mark is on a page."""
    html, sheet, row, brand = seen[name], seen["sheet"], seen["revision"], seen["brand"]
    linked = f"/brand/tokens.{row.css_hash}.css" in html
    return {
        "logo": f'src="/brand/file/{row.logo_light}" alt="{row.product_name}"' in html,
        "icon": f"/brand/icon-180.{brand.icon_key}.png" in html,
        "brand": linked and f"--brand-9:{row.tokens['light']['brand-9']}" in sheet,
        "accent": linked and f"--accent-text:{row.tokens['light']['accent-text']}" in sheet,
        "font": linked and "--font-brand:" in sheet,
        "product name": row.product_name in html,
        "title": bool(re.search(rf"<title>[^<]+ · {row.product_name}</title>", html)),
        "open graph": f'og:site_name" content="{row.product_name}"' in html
        and (name == "errors" or f"/brand/icon-512.{brand.icon_key}.png" in html),
        "theme colour": f'content="{brand.theme_light}"' in html,
        "tagline": row.tagline in html,
        "legal name": row.legal_name in html,
        "support": f'href="{row.support_url}"' in html,
        "terms": f'href="{row.terms_url}"' in html,
        "privacy": f'href="{row.privacy_url}"' in html,
        "powered by": "Powered by AgentCache" in html,
    }[token]


def in_manifest(token, seen):
    text, row, brand = seen["manifest"], seen["revision"], seen["brand"]
    return {
        "icon": f"/brand/icon-512.{brand.icon_key}.png" in text,
        "brand": row.tokens["light"]["brand-9"] in text,
        "product name": row.product_name in text and row.short_name in text,
        "theme colour": f'"theme_color": "{brand.theme_light}"' in text,
        "tagline": row.tagline in text,
    }[token]


def in_mail(token, seen, name):
    letter, row = seen[name], seen["revision"]
    html, light = html_of(letter), row.tokens["light"]
    return {
        "logo": f"/brand/mail/{row.logo_light}.png" in html,
        "brand": light["brand-9"] in html and light["on-brand"] in html and "style=" in html,
        "product name": row.product_name in letter.subject and row.product_name in html,
        "legal name": row.legal_name in html,
        "support": row.support_url in html and letter.reply_to == [row.support_email],
        "terms": row.terms_url in html,
        "privacy": row.privacy_url in html,
        "sender": letter.from_email.startswith(row.mail_sender),
        "powered by": "Powered by AgentCache" in html,
    }[token]


def on_paper(token, seen, name):
    read, row = paper(seen[name]), seen["revision"]
    rule = [int(row.tokens["light"]["chart-1"][at : at + 2], 16) / 255 for at in (1, 3, 5)]
    inked = [[float(one) for one in found] for found in
             re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) (?:SCN|scn|RG|rg)", read["inks"])]  # fmt: skip
    return {
        "logo": read["pictures"] >= 1,
        "brand": any(max(abs(a - b) for a, b in zip(rule, one, strict=True)) < 0.01
                     for one in inked),
        "font": FONT_NAMES[row.font] in read["fonts"],
        "product name": row.product_name in read["text"],
        "legal name": row.legal_name in read["text"],
        "support": row.support_url in read["links"],
        "terms": row.terms_url in read["links"],
        "privacy": row.privacy_url in read["links"],
        "powered by": "Powered by AgentCache" in read["text"],
    }[token]  # fmt: skip


@pytest.mark.parametrize("slug", LOOKS)
@pytest.mark.parametrize("token", MATRIX)
def test_a_token_is_on_each_of_its_surfaces(dressed, token, slug):
    seen, missing = dressed[slug], []
    for name in MATRIX[token]:
        if name in PAGES:
            there = on_page(token, seen, name)
        elif name == "manifest":
            there = in_manifest(token, seen)
        else:
            there = (on_paper if name in PAPERS else in_mail)(token, seen, name)
        missing += [] if there else [name]

    assert missing == []


@pytest.mark.parametrize("slug", LOOKS)
def test_nothing_of_the_other_partner_is_on_any_surface(dressed, slug):
    [other] = [one for one in LOOKS if one != slug]
    look, row = LOOKS[other], dressed[other]["revision"]
    marks = [*(value for value in look.values() if len(value) > 6), row.logo_light, row.icon,
             row.css_hash, dressed[other]["brand"].icon_key]  # fmt: skip
    seen = dressed[slug]
    texts = {name: seen[name] for name in (*PAGES, "manifest", "sheet")}
    for name in ("mail", "document mail"):
        letter = seen[name]
        texts[name] = "\n".join([letter.subject, letter.from_email, letter.body, html_of(letter)])
    texts |= {name: str(paper(seen[name])) for name in PAPERS}

    found = [(name, mark) for name, text in texts.items() for mark in marks if mark in text]

    assert found == []


def test_the_matrix_speaks_of_every_fact_that_a_partner_gives():
    spoken = {"seed_hex": "brand", "accent_hex": "accent", "product_name": "product name",
              "short_name": "product name", "tagline": "tagline", "legal_name": "legal name",
              "font": "font", "support_email": "support", "support_url": "support",
              "terms_url": "terms", "privacy_url": "privacy", "mail_sender": "sender",
              "powered_by": "powered by", "logo_light": "logo", "logo_dark": "logo",
              "icon": "icon"}  # fmt: skip
    assert set(spoken) == set(FACTS) and set(spoken.values()) <= set(MATRIX)
