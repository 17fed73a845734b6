"""What may stand on a paper about a company."""

import pytest

from tenants.rules.company import BadCompany, Company, checked

FACTS = {"address": "", "country": "", "tax_id": "", "email": "", "language": "en"}


@pytest.mark.parametrize(
    ("country", "typed", "written"),
    [
        ("DE", "136 695 976", "DE136695976"),  # the sample of the German tax office
        ("DE", "de136695976", "DE136695976"),
        ("AT", "ATU13585627", "ATU13585627"),
        ("GR", "094259216", "EL094259216"),
        ("FR", "40 303 265 045", "FR40303265045"),
        ("US", "91-1144442", "911144442"),
        ("CH", "CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("KY", " 12  345 ", "12 345"),  # no rule is known
        ("de", "136695976", "DE136695976"),
    ],
)
def test_a_tax_id_is_checked_and_written_as_its_country_does(country, typed, written):
    assert checked({**FACTS, "country": country, "tax_id": typed}).tax_id == written


@pytest.mark.parametrize(
    ("given", "member", "code"),
    [
        ({"tax_id": "DE136695976"}, "tax_id", "needs_country"),
        ({"tax_id": "DE136695977", "country": "DE"}, "tax_id", "wrong"),
        ({"tax_id": "ATU13585627", "country": "DE"}, "tax_id", "wrong"),
        ({"tax_id": "123", "country": "US"}, "tax_id", "wrong"),
        ({"tax_id": "9" * 41, "country": "KY"}, "tax_id", "long"),
        ({"country": "Germany"}, "country", "unknown"),
        ({"country": "D1"}, "country", "unknown"),
        ({"address": "\n".join("abcdefg")}, "address", "long"),
        ({"address": "a" * 121}, "address", "long"),
        ({"address": "a\0b"}, "address", "long"),
        ({"email": "a" * 255}, "email", "long"),
        ({"language": "fr"}, "language", "unknown"),
    ],
)
def test_what_cannot_stand_there_is_named(given, member, code):
    with pytest.raises(BadCompany) as bad:
        checked({**FACTS, **given})
    assert (bad.value.member, bad.value.code) == (member, code)


def test_an_address_keeps_its_lines_and_loses_its_blanks():
    found = checked({**FACTS, "address": "  1 Main Street \r\n\r\n Springfield  "})
    assert found == Company(address="1 Main Street\nSpringfield")
    assert "language" not in found.party()
