"""The brand's editor: draft, preview, publish, back; two partners who never see each other's."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cache_api.actions.entitle import entitle
from tenants import preview, queries, resolve, schema
from tenants.models import AuditEntry, BrandRevision
from tenants.rules.roles import PERMISSIONS, Audience, allows
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text
from tests.tenants.pictures import bomb, logo, svg

PAGES = ("/manage/brand/", "/manage/brand/contrasts/?seed_hex=%23FFD200", "/manage/brand/paper.png",
         *(f"/manage/brand/preview/{name}/" for name in
           ("dashboard", "login", "mail", "invoice", "error", "status")))  # fmt: skip
CHANGES = ("/manage/brand/publish/", "/manage/brand/discard/")
LOOK = {
    "product_name": "Flash Cache", "short_name": "Flash", "legal_name": "Redis Labs Ltd",
    "seed_hex": "#FFD200", "font": "geist", "support_email": "help@redis.example",
    "terms_url": "https://redis.example/terms", "mail_sender": "Flash Team",
}  # fmt: skip


@pytest.fixture
def desk(empty_portal):
    """Both partners' brand editors may work; nothing is remembered of other tests' hosts."""
    return empty_portal


def save(client, partner, seen=None, **changes):
    if seen is None:
        with schema.in_partner(partner):
            seen = queries.brand_seen(partner.id)
    return client.post("/manage/brand/", {**LOOK, "seen": seen, **changes})


def draft_of(partner):
    with schema.in_partner(partner):
        return queries.brand_draft(partner.id)


def publish(client, revision):
    return client.post("/manage/brand/publish/", {"revision": str(revision.id)}, follow=True)


def link_of(client):
    page = client.get("/manage/brand/").content.decode()
    return re.search(r'value="http://[^/]+(/brand/preview/[^"]+)"', page)[1]


def grant(partner, granted):
    entitle(partner_id=partner.id, name="hide_powered_by", value={"granted": granted},
            actor="test", now=NOW)  # fmt: skip


def upload(content, name="logo.png"):
    return SimpleUploadedFile(name, content)


@pytest.mark.parametrize("role", [*PERMISSIONS[Audience.PARTNER], *PERMISSIONS[Audience.CUSTOMER]])
def test_only_roles_that_edit_the_brand_reach_it(portal, role):
    client = signed_in(REDIS, role)
    wanted = 200 if allows(role, "brand.edit") else 403

    assert {client.get(path).status_code for path in PAGES} == {wanted}
    refused = {client.post(path).status_code == 403 for path in CHANGES}
    assert refused == {wanted == 403}


def test_a_draft_is_seen_by_nobody_until_it_is_published(desk):
    client, other = signed_in(REDIS, "owner"), Client(HTTP_HOST=REDIS)

    assert save(client, desk.redis).status_code == 302
    draft = draft_of(desk.redis)
    before = other.get("/accounts/login/")

    assert "Flash Cache" not in text(before) and draft.css_hash not in before.content.decode()
    assert other.get(f"/brand/tokens.{draft.css_hash}.css").status_code == 404
    assert client.get(f"/brand/tokens.{draft.css_hash}.css").status_code == 200
    assert "Published" in text(publish(client, draft))
    after = other.get("/accounts/login/").content.decode()
    assert "Sign in to Flash Cache" in after and draft.css_hash in after
    assert "Flash" not in text(Client(HTTP_HOST=PINECONE).get("/accounts/login/"))


def test_the_preview_link_shows_the_draft_to_its_bearer_on_its_host_only(desk):
    client = signed_in(REDIS, "owner")
    save(client, desk.redis)
    link = link_of(client)
    bearer, other = Client(HTTP_HOST=REDIS), Client(HTTP_HOST=REDIS)

    assert bearer.get(link).status_code == 302
    page = bearer.get("/accounts/login/")

    assert "Sign in to Flash Cache" in text(page) and "only you see this look" in text(page)
    assert page["Cache-Control"] == "private, no-store"
    assert bearer.get(f"/brand/tokens.{draft_of(desk.redis).css_hash}.css").status_code == 200
    assert bearer.get("/manifest.webmanifest").json()["short_name"] == "Flash"
    assert "Flash Cache" in text(bearer.get("/nothing-here/"))  # errors too
    assert "Flash" not in text(other.get("/accounts/login/"))
    assert Client(HTTP_HOST=PINECONE).get(link).status_code == 404
    stranger = Client(HTTP_HOST=PINECONE)
    stranger.cookies[preview.COOKIE] = bearer.cookies[preview.COOKIE].value
    assert "Flash" not in text(stranger.get("/accounts/login/"))
    bearer.post("/brand/preview/end/")
    assert "Flash" not in text(bearer.get("/accounts/login/"))


@pytest.mark.parametrize("broken", ["x", "a:b:c", "%00", "é"])
def test_a_forged_preview_link_is_nothing(desk, broken):
    assert Client(HTTP_HOST=REDIS).get(f"/brand/preview/{broken}/").status_code == 404
    client = Client(HTTP_HOST=REDIS)
    client.cookies[preview.COOKIE] = broken
    assert client.get("/accounts/login/").status_code == 200


def test_a_preview_ends_after_a_day_and_when_the_draft_is_no_more(desk):
    client, bearer = signed_in(REDIS, "owner"), Client(HTTP_HOST=REDIS)
    save(client, desk.redis)
    link = link_of(client)

    with time_machine.travel(NOW + timedelta(seconds=preview.LASTS_SECONDS + 1)):
        assert bearer.get(link).status_code == 404
    assert bearer.get(link).status_code == 302
    assert "The draft is gone" in text(client.post("/manage/brand/discard/", follow=True))
    assert bearer.get(link).status_code == 404
    assert "Flash" not in text(bearer.get("/accounts/login/"))
    assert "There was no draft" in text(client.post("/manage/brand/discard/", follow=True))


def test_going_back_publishes_the_earlier_look_unchanged(desk):
    client = signed_in(REDIS, "owner")
    with schema.in_partner(desk.redis):
        first = queries.published_brand(desk.redis.id)
    save(client, desk.redis)
    publish(client, draft_of(desk.redis))

    publish(client, first)
    publish(client, first)  # twice is once

    with schema.in_partner(desk.redis):
        rows = BrandRevision.objects.filter(partner_id=desk.redis.id)
        assert {row.state for row in rows} == {"published", "retired"}
        assert queries.published_brand(desk.redis.id).id == first.id
        verbs = [row.verb for row in AuditEntry.objects.filter(verb__startswith="brand.",
                                                               actor="owner@example.com")
                 .order_by("id")]  # fmt: skip
    assert verbs == ["brand.drafted", "brand.published", "brand.rolled_back"]
    assert "Redis Edge Cache" in text(Client(HTTP_HOST=REDIS).get("/accounts/login/"))
    page = text(client.get("/manage/brand/"))
    assert "Flash Cache" in page and "Go back to it" in page


def test_another_partners_revision_cannot_be_published_and_a_lost_draft_is_told(desk):
    client = signed_in(REDIS, "owner")
    save(signed_in(PINECONE, "owner"), desk.pinecone, product_name="Cone")
    theirs = draft_of(desk.pinecone)

    assert "That draft is no more" in text(publish(client, theirs))
    save(client, desk.redis)
    lost = draft_of(desk.redis)
    save(client, desk.redis, tagline="Second")
    assert "That draft is no more" in text(publish(client, lost))
    assert client.post("/manage/brand/publish/", {"revision": "x"}).status_code == 404
    assert draft_of(desk.pinecone).id == theirs.id


def test_a_form_that_is_older_than_somebody_elses_change_overwrites_nothing(desk):
    client = signed_in(REDIS, "owner")
    with schema.in_partner(desk.redis):
        seen = queries.brand_seen(desk.redis.id)
    save(client, desk.redis)

    late = save(client, desk.redis, seen=seen, tagline="Mine")
    same = save(client, desk.redis, seen=seen)

    assert "Somebody else has saved" in text(late) and same.status_code == 302
    assert draft_of(desk.redis).tagline == ""


def test_a_logo_goes_to_every_page_and_only_its_partner_serves_it(desk):
    client = signed_in(REDIS, "owner")

    save(client, desk.redis, logo_light=upload(logo()), icon=upload(logo("#FF0000", (64, 64))),
         logo_dark=upload(svg(), "x.svg"))  # fmt: skip
    draft = draft_of(desk.redis)
    publish(client, draft)
    page = Client(HTTP_HOST=REDIS).get("/accounts/login/").content.decode()

    for name in (draft.logo_light, draft.logo_dark):
        assert f"/brand/file/{name}" in page
        answer = Client(HTTP_HOST=REDIS).get(f"/brand/file/{name}")
        assert answer.status_code == 200 and "immutable" in answer["Cache-Control"]
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"
        known = Client(HTTP_HOST=REDIS).get(
            f"/brand/file/{name}", headers={"If-None-Match": answer["ETag"]}
        )
        assert known.status_code == 304 and known.content == b""
        assert Client(HTTP_HOST=PINECONE).get(f"/brand/file/{name}").status_code == 404
    png = Client(HTTP_HOST=REDIS).get(f"/brand/mail/{draft.logo_dark}.png")
    assert png.content.startswith(b"\x89PNG")
    assert draft.plate_dark  # the same navy would be lost on a dark page
    # A picture that is not replaced stays; one that is removed goes.
    save(client, desk.redis, tagline="Fast", remove_logo_dark="on")
    later = draft_of(desk.redis)
    assert (later.logo_light, later.logo_dark, later.icon) == (draft.logo_light, "", draft.icon)


@pytest.mark.parametrize(
    ("member", "content", "name", "said"),
    [
        ("logo_light", bomb(), "a.png", "too many pixels"),
        ("logo_light", svg("<script>alert(1)</script>"), "a.svg", "&lt;script&gt;"),
        ("logo_dark", b"MZ\x90\x00", "logo.png", "no PNG, JPEG"),
        ("icon", svg(), "a.svg", "An icon is a PNG"),
        ("icon", logo()[:100], "a.png", "broken"),
        ("icon", b"\0" * 2_000_001, "a.png", "more than 2 MB"),
    ],
    ids=["bomb", "script", "program", "drawing", "cut", "large"],
)
def test_a_hostile_upload_is_refused_in_words_and_changes_nothing(
    desk, member, content, name, said
):
    answer = save(signed_in(REDIS, "owner"), desk.redis, **{member: upload(content, name)})

    assert answer.status_code == 200 and said in answer.content.decode()
    assert f'id="id_{member}_error"' in answer.content.decode()
    assert draft_of(desk.redis) is None


@pytest.mark.parametrize(
    "seed", ["white", "#FFF", "transparent", "", "#GGGGGG", "url(x)", "#FF4438;}"]
)
def test_a_colour_that_is_none_is_refused_by_form_and_panel(desk, seed):
    client = signed_in(REDIS, "owner")

    assert save(client, desk.redis, seed_hex=seed).status_code == 200
    panel = client.get("/manage/brand/contrasts/", {"seed_hex": seed})

    assert panel.status_code == 200 and "no colour yet" in text(panel)
    assert draft_of(desk.redis) is None


@pytest.mark.parametrize("seed", ["#FFFFFF", "#000000", "#FFD200", "#808080"])
def test_any_colour_gives_a_panel_in_which_everything_holds(desk, seed):
    page = text(signed_in(REDIS, "owner").get("/manage/brand/contrasts/", {"seed_hex": seed}))

    assert "Button text on the button" in page and "too low" not in page


def test_the_panel_works_without_a_script_and_keeps_what_was_typed(desk):
    answer = save(signed_in(REDIS, "owner"), desk.redis, look="1", product_name="Typed")

    page = answer.content.decode()
    assert 'value="Typed"' in page and "links on light pages use the step" in page
    assert draft_of(desk.redis) is None


def test_powered_by_goes_only_with_the_grant_and_comes_back_without(desk, database):
    client, anyone = signed_in(REDIS, "owner"), Client(HTTP_HOST=REDIS)
    save(client, desk.redis)
    assert draft_of(desk.redis).powered_by  # the box is not even in the form

    database.login("owner")
    grant(desk.redis, True)
    database.login("web")
    save(client, desk.redis, tagline="Bare")
    publish(client, draft_of(desk.redis))
    bare = text(anyone.get("/accounts/login/"))
    database.login("owner")
    grant(desk.redis, False)
    database.login("web")
    resolve.forget()

    assert "AgentCache" not in bare.replace("agentcache.localhost", "")
    assert "Powered by AgentCache" in text(anyone.get("/accounts/login/"))
    assert "Powered by AgentCache" in text(Client(HTTP_HOST=PINECONE).get("/accounts/login/"))


def test_a_revision_cannot_be_rewritten_not_even_by_the_owner(desk, database):
    with database.psql("owner") as boss, pytest.raises(Exception, match="immutable"):
        boss.execute("update tenants_brandrevision set seed_hex = '#000000'")
    with schema.in_partner(desk.redis):
        assert not BrandRevision.objects.exclude(partner_id=desk.redis.id).exists()


def test_frames_show_the_draft_in_the_mode_that_was_asked_for(desk):
    client = signed_in(REDIS, "owner")
    save(client, desk.redis)

    for name in ("dashboard", "login", "error", "status"):
        answer = client.get(f"/manage/brand/preview/{name}/?mode=dark")
        assert 'data-theme="dark"' in answer.content.decode()
        assert draft_of(desk.redis).css_hash in answer.content.decode()
        assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "Flash Cache" in text(client.get("/manage/brand/preview/mail/"))
    assert client.get("/manage/brand/paper.png").content.startswith(b"\x89PNG")
    assert client.get("/manage/brand/preview/login/?mode=pink").status_code == 404
    assert client.get("/manage/brand/preview/shop/").status_code == 404
    assert "frame-ancestors 'none'" in client.get("/manage/brand/")["Content-Security-Policy"]
