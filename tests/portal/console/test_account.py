"""A partner's further pages on the console: its own customers, hosts and reasons, nobody else's."""

import io
import re

import pypdf

from tenants import schema
from tenants.models import DomainClaim, Partner
from tests.portal.console.cast import signed_in
from tests.portal.views.cast import NOW, text


def test_each_partner_s_pages_show_its_own(readable):
    redis_labs, pinecone = readable
    with schema.in_partner(pinecone):
        DomainClaim.objects.create(
            partner_id=pinecone.pk, host="cache.shop.example", target="t.example", token="x",
            created_by="x", created_at=NOW,
        )  # fmt: skip
    client = signed_in("partner_manager")

    mine, theirs = (
        {page: text(client.get(f"/partners/{one.slug}/{page}/"))
         for page in ("customers", "domains", "health")}
        for one in (redis_labs, pinecone)
    )  # fmt: skip

    assert "zeta" in mine["customers"] and "zeta" not in theirs["customers"]
    assert "500" in theirs["customers"]
    assert "cache.redis.localhost" in mine["domains"] and "cache.shop.example" in theirs["domains"]
    assert "cache.shop.example" not in mine["domains"]
    assert "/ 100" in mine["health"] and "nobody yet" in mine["health"]


def test_a_partner_without_pages_yet_has_pages_here(readable):
    redis_labs, _ = readable
    client = signed_in("sre")
    with schema.in_console():
        Partner.objects.filter(pk=redis_labs.pk).update(state="closed")
    try:
        found = {page: client.get(f"/partners/redis-labs/{page}/")
                 for page in ("customers", "domains", "health")}  # fmt: skip
    finally:
        with schema.in_console():
            Partner.objects.filter(pk=redis_labs.pk).update(state="active")

    assert {answer.status_code for answer in found.values()} == {200}
    assert "not active" in text(found["health"])
    assert client.get("/partners/nobody/health/").status_code == 404


def review_of(client, slug, quarter=""):
    answer = client.get(f"/partners/{slug}/review.pdf", {"quarter": quarter})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    return answer.content, re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_a_quarter_on_paper_is_the_partners_own_and_the_same_twice(readable):
    """September: Redis 50,005 + 1,000 hits and 250 misses, Pinecone 500,000 hits; no run yet."""
    client = signed_in("finance_preparer")

    paper, redis = review_of(client, "redis-labs")
    pinecone = review_of(client, "pinecone", "2026-Q3")[1]
    empty = review_of(client, "pinecone", "2026-Q1")[1]

    assert review_of(client, "redis-labs", "2026-Q3")[0] == paper
    assert "July to September 2026, UTC" in redis and "Redis Labs" in redis
    assert "September 2026*" in redis and "51.3k 99.5 % $0.00 $0.00 $0.00" in redis
    assert "zeta" in redis and "zeta" not in pinecone and "500k" in pinecone
    assert "nothing in the quarter before" in redis and "30 %" in redis
    assert "Not all of this month" not in empty and "500k" not in empty
    for bad in ("2026-Q4", "soon"):
        assert client.get("/partners/redis-labs/review.pdf", {"quarter": bad}).status_code == 400
    assert client.get("/partners/nobody/review.pdf").status_code == 404
