"""A partner's further pages on the console: its own customers, hosts and reasons, nobody else's."""

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
