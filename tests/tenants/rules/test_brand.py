"""Facts of a brand: what is taken, what is refused and how it is told."""

import dataclasses

import pytest

from tenants.models import BrandRevision
from tenants.rules.brand import FACTS, BadBrand, Brand, checked, initial
from tenants.rules.letters import blocks, button_at

GOOD = {"product_name": " Edge Cache ", "legal_name": "Redis Labs Ltd", "seed_hex": "#ff4438"}


def test_good_facts_are_written_one_way():
    facts = checked({**GOOD, "accent_hex": "#10a37f", "terms_url": "https://redis.example/terms"})

    assert (facts.product_name, facts.seed_hex, facts.accent_hex) == (
        "Edge Cache", "#FF4438", "#10A37F",
    )  # fmt: skip
    assert facts.powered_by and facts.font == "inter"


def test_every_fact_is_a_column_of_the_revision():
    columns = {field.name for field in BrandRevision._meta.get_fields()}
    assert set(FACTS) <= columns
    assert {field.name for field in dataclasses.fields(Brand)} - columns == {
        "light",
        "dark",
        "mail_from",
        "mail_texts",
    }


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("seed_hex", "transparent"), ("seed_hex", "#FFF"), ("seed_hex", ""),
        ("seed_hex", "#12345G"), ("accent_hex", "rgba(0,0,0,0)"), ("product_name", "  "),
        ("product_name", "x" * 81), ("product_name", "a\nb"), ("legal_name", ""),
        ("short_name", "x" * 25), ("tagline", "a\x00b"), ("font", "Comic Sans"),
        ("support_email", "nobody"), ("support_email", "a@b.c <x>"),
        ("support_url", "http://redis.example"), ("terms_url", "javascript:alert(1)"),
        ("terms_url", "https://"), ("privacy_url", "https://user:pw@redis.example/"),
        ("privacy_url", 'https://redis.example/"><script>'), ("terms_url", "https://[::1"),
        ("mail_sender", "Bank <a@b.example>"), ("mail_sender", "a, b"),
        ("logo_light", "../../etc/passwd"), ("icon", "x.gif"),
    ],
)  # fmt: skip
def test_a_bad_fact_is_named(member, value):
    with pytest.raises(BadBrand) as caught:
        checked({**GOOD, member: value})
    assert caught.value.member == member and str(caught.value)


def test_the_icon_has_the_first_letter_there_is():
    assert [initial(name) for name in ("redis", "<b>", "9 lives", "", "ß", "éclair")] == [
        "R", "B", "9", "A", "S", "É",
    ]  # fmt: skip


def test_the_icons_address_changes_with_what_is_seen_of_it():
    brand = Brand("Redis", "", "", "", "x", light={"brand-9": "#1", "on-brand": "#2"})
    other = [
        dataclasses.replace(brand, product_name="Pinecone"),
        dataclasses.replace(brand, icon="f" * 32 + ".png"),
        dataclasses.replace(brand, light={"brand-9": "#3", "on-brand": "#2"}),
    ]
    assert len({one.icon_key for one in (brand, *other)}) == 4
    assert dataclasses.replace(brand, tagline="New").icon_key == brand.icon_key


def test_a_lone_link_is_the_letters_button_and_two_are_none():
    one = blocks("Hello.\n\nOpen it:\nhttps://a.example/x\n\nBye\nAda")
    assert [block.text for block in one] == ["Hello.", "Open it:", "", "Bye\nAda"]
    assert one[2].link == "https://a.example/x" and button_at(one) == 3
    assert button_at(blocks("https://a.example\n\nhttps://b.example")) == 0
    assert button_at(blocks("See https://a.example in a sentence.")) == 0
