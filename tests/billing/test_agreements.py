"""Signing, amending and pricing: what is refused, by the action and by the database."""

import psycopg
import pytest

from billing.actions.agreements import amend_agreement, sign_agreement
from billing.actions.errors import TermsInTheWay
from billing.actions.rate_cards import create_rate_card, publish_rate_version
from billing.actions.terminate import approve_termination, ask_termination
from billing.models import AgreementVersion, RateCard
from billing.queries.terms import segment_terms, version_terms
from billing.rules.errors import BadPeriod, BadTerms, SamePerson
from billing.rules.periods import parse_month
from billing.rules.templates import Deal, agreement_terms
from tenants.models import AuditEntry, Entitlement
from tests.billing.people import APPROVER, PREPARER, RETAIL, retail_card, utc
from tests.billing.world import breaches

START, NOW = utc("2026-01-01"), utc("2026-01-02")


def sign(partner, template="revenue_share_platform", **more):
    given = {
        "partner_id": partner.id,
        "template": template,
        "starts_at": START,
        "now": NOW,
        "created_by": PREPARER,
        "approved_by": APPROVER,
        "retail_card_id": retail_card().id,
    }
    return sign_agreement(**{**given, **more})


def test_signing_takes_the_partner_types_share_and_pushes_it_down(partners):
    redis = sign(partners.redis)
    pinecone = sign(partners.pinecone)

    assert (redis.partner_share_bps, pinecone.partner_share_bps) == (3000, 2000)
    facts = dict(Entitlement.objects.values_list("partner__slug", "value"))
    assert facts == {"redis-labs": 3000, "pinecone": 2000}


def test_signing_twice_returns_the_same_version_and_other_terms_are_refused(partners):
    first = sign(partners.redis)

    again = sign(partners.redis)

    assert again.id == first.id
    assert AgreementVersion.objects.count() == 1
    with pytest.raises(TermsInTheWay, match="other terms"):
        sign(partners.redis, deal=Deal(share_bps=2500))


def test_signing_alone_is_refused_and_leaves_nothing(partners):
    with pytest.raises(SamePerson):
        sign(partners.redis, approved_by=PREPARER.upper())

    assert AgreementVersion.objects.count() == 0
    assert not AuditEntry.objects.filter(verb="agreement.signed").exists()


def test_two_agreements_of_one_partner_may_not_be_in_force_at_once(partners):
    sign(partners.redis)

    with pytest.raises(TermsInTheWay, match="same usage twice"):
        sign(partners.redis, "wholesale")

    assert sign(partners.pinecone, "wholesale").number == 1


@pytest.mark.parametrize("start", ["2026-01-01T00:30:00", "2026-01-01T00:00:01"])
def test_terms_start_on_a_full_hour(partners, start):
    with pytest.raises(BadPeriod, match="full UTC hour"):
        sign(partners.redis, starts_at=utc(start))


def test_an_agreement_that_prices_usage_needs_a_rate_card(partners):
    with pytest.raises(BadTerms, match="rate card"):
        sign(partners.redis, retail_card_id=None)


def test_an_amendment_ends_the_version_before_it_without_a_hole(partners):
    first = sign(partners.redis)
    terms = agreement_terms(
        "revenue_share_platform",
        partner_kind="general_cache",
        currency="USD",
        starts_at=START,
        deal=Deal(share_bps=2500),
    )

    second = amend_agreement(
        agreement_id=first.agreement_id,
        terms=terms,
        starts_at=utc("2026-03-10T06:00"),
        created_by=PREPARER,
        approved_by=APPROVER,
        now=NOW,
    )

    first.refresh_from_db()
    assert (first.valid_to, second.valid_from) == (utc("2026-03-10T06:00"),) * 2
    assert (second.number, version_terms(second).partner_share_bps) == (2, 2500)
    cuts = [
        (part.segment.start, part.terms.partner_share_bps)
        for part in segment_terms(first.agreement_id, parse_month("2026-03"))
    ]
    assert cuts == [(utc("2026-03-01"), 3000), (utc("2026-03-10T06:00"), 2500)]


def test_an_amendment_before_the_version_in_force_is_refused(partners):
    first = sign(partners.redis)

    with pytest.raises(TermsInTheWay, match="starts after that"):
        amend_agreement(
            agreement_id=first.agreement_id,
            terms=version_terms(first),
            starts_at=utc("2025-12-01"),
            created_by=PREPARER,
            approved_by=APPROVER,
            now=NOW,
        )


def test_new_prices_cut_the_month_and_the_proof_of_concept_cuts_it_too(partners):
    version = sign(partners.redis, "poc", starts_at=utc("2025-10-15T05:00"))
    dearer = [{**RETAIL[0], "unit_price": "0.003"}, *RETAIL[1:]]
    publish_rate_version(
        card_id=RateCard.objects.get().id,
        rates=dearer,
        valid_from=utc("2026-04-20"),
        actor=PREPARER,
        approved_by=APPROVER,
        now=NOW,
    )

    parts = segment_terms(version.agreement_id, parse_month("2026-04"))

    seen = [(part.segment.start, part.retail.rates[0].unit_price) for part in parts]
    assert [(at, str(price)) for at, price in seen] == [
        (utc("2026-04-01"), "0.002"),
        (utc("2026-04-15T05:00"), "0.002"),
        (utc("2026-04-20"), "0.003"),
    ]


def test_prices_published_twice_make_one_version_and_earlier_ones_are_refused(partners):
    card = retail_card()
    dearer = [{**RETAIL[0], "unit_price": "0.003"}]
    given = {"card_id": card.id, "valid_from": utc("2026-04-20"), "actor": PREPARER, "now": NOW,
             "approved_by": APPROVER}  # fmt: skip

    first = publish_rate_version(rates=dearer, **given)
    again = publish_rate_version(rates=dearer, **given)

    assert first.id == again.id
    with pytest.raises(TermsInTheWay, match="later start"):
        publish_rate_version(rates=RETAIL, **given)


@pytest.mark.parametrize("sql", [
    "update billing_agreementversion set terms = terms || '{\"tie\": \"partner\"}'",
    "update billing_agreementversion set approved_by = 'somebody@else.example'",
    "update billing_agreementversion set valid_to = null where valid_to is not null",
    "update billing_agreementversion set valid_to = '2100-01-01' where valid_to is not null",
    "update billing_chargecomponent set terms = '{}'",
    "update billing_ratecardversion set valid_from = '2020-01-01'",
    "update billing_rate set price = 1",
    "delete from billing_rate",
    "truncate billing_rate",
    "delete from billing_agreementversion",
])  # fmt: skip
def test_the_database_refuses_to_change_what_was_signed_even_for_the_owner(database, partners, sql):
    sign(partners.redis, deal=Deal(term_months=36))

    with database.psql("owner") as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(sql)


@pytest.mark.parametrize(("change", "constraint"), [
    ("approved_by = created_by", "agreement_version_four_eyes"),
    ("valid_from = '2026-01-01 00:30+00'", "whole_hour"),
    ("poc_ends_at = '2026-01-01 00:00:01+00'", "whole_hour"),
    ("currency = 'EUR'", "columns_repeat_the_terms"),
    ("partner_share_bps = 10001", "agreement_share_at_most_all"),
])  # fmt: skip
def test_the_database_refuses_a_version_that_breaks_a_rule(database, partners, change, constraint):
    version = sign(partners.redis)
    column, value = change.split(" = ")
    with database.psql("owner") as owner:
        names = [row[0] for row in owner.execute(
            "select column_name from information_schema.columns"
            " where table_name = 'billing_agreementversion'")]  # fmt: skip
        own = {"id": "gen_random_uuid()", "number": "2", "partner_id": "gen_random_uuid()",
               column: value}  # fmt: skip
        picked = ", ".join(own.get(name, name) for name in names)

        with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
            owner.execute(
                f"insert into billing_agreementversion ({', '.join(names)})"
                f" select {picked} from billing_agreementversion where id = %s",
                [version.id],
            )


# A partner's terms in force once more, from another day on.
AGAIN = """
insert into billing_agreementversion select (jsonb_populate_record(v, jsonb_build_object(
    'id', gen_random_uuid(), 'number', 2, 'valid_from', %s::text, 'valid_to', null))).*
from billing_agreementversion v where partner_id = %s
"""
WITH_ITS_PARTS = """
insert into billing_chargecomponent select (jsonb_populate_record(c, jsonb_build_object(
    'id', gen_random_uuid(), 'version_id', v.id))).*
from billing_chargecomponent c join billing_agreementversion v on v.partner_id = c.partner_id
where v.number = 2
"""
END = "update billing_agreementversion set valid_to = %s where partner_id = %s and number = 1"
# The same of a price list by its code.
PRICES_AGAIN = """
insert into billing_ratecardversion select (jsonb_populate_record(v, jsonb_build_object(
    'id', gen_random_uuid(), 'number', 2, 'valid_from', %s::text, 'valid_to', null))).*
from billing_ratecardversion v join billing_ratecard c on c.id = card_id where code = %s
"""
PRICES_END = """
update billing_ratecardversion set valid_to = %s from billing_ratecard c
where c.id = card_id and code = %s
"""
APRIL, MAY, JUNE = (f"2026-{month:02}-01T00:00:00Z" for month in (4, 5, 6))


def at_once(database, login, *steps):
    """Statements with what they are given, in one transaction that is then committed."""
    with database.psql(login, autocommit=False) as past:
        for sql, *given in steps:
            past.execute(sql, given or None)


@pytest.mark.parametrize("role", [("owner",), ("web", ("set local role ac_console",))])
def test_the_database_refuses_terms_that_overlap_or_leave_a_hole(database, partners, role):
    """As the owner, and as the web's login in the console's role; the other partner's stay."""
    redis, pinecone = partners.redis.id, partners.pinecone.id
    agreement = sign(partners.redis).agreement
    sign(partners.pinecone)
    hole = f"terms of {agreement.code}: version 1"
    for match, *steps in (
        (f"{hole} would end on 2026-04-01 00:00 UTC and nothing follows", (END, APRIL, redis)),
        (f"{hole} ends on 2026-04-01 00:00 UTC and the next begins on 2026-05-01 00:00 UTC",
         (END, APRIL, redis), (AGAIN, MAY, redis)),
        (f"{hole} would end", (END, APRIL, redis), (END, MAY, pinecone), (AGAIN, MAY, pinecone)),
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.CheckViolation, match=match):
            at_once(database, *role, *steps)
    with pytest.raises(psycopg.errors.ExclusionViolation, match="do_not_overlap"):
        at_once(database, *role, (AGAIN, MAY, redis))
    assert AgreementVersion.objects.filter(valid_to=None).count() == 2

    at_once(database, *role, (END, MAY, redis), (AGAIN, MAY, redis))

    assert breaches() == [] and agreement.versions.count() == 2


def test_an_end_that_a_second_person_approved_is_no_hole(database, partners):
    asked = {"agreement_id": sign(partners.redis).agreement_id, "now": NOW}
    ask_termination(ends_at=utc("2026-04-01"), reason="They leave.", actor=PREPARER, **asked)
    approve_termination(approved_by=APPROVER, **asked)

    with pytest.raises(psycopg.errors.CheckViolation, match="would end on 2026-03-01"):
        at_once(database, "owner", (END, "2026-03-01T00:00:00Z", partners.redis.id))

    assert breaches() == []
    assert AgreementVersion.objects.get().valid_to == utc("2026-04-01")


def test_a_hole_from_before_the_check_is_found_and_does_not_stop_amendments(database, partners):
    agreement = sign(partners.redis).agreement
    guard = "alter table billing_agreementversion {} trigger terms_follow"
    for step in ((guard.format("disable"),), (END, APRIL, partners.redis.id),
                 (AGAIN, MAY, partners.redis.id), (WITH_ITS_PARTS,),
                 (guard.format("enable"),)):  # fmt: skip
        at_once(database, "owner", step)

    [hole] = breaches()
    assert "agreement terms have no hole" in hole and "version 1 ends 2026-04-01" in hole
    amend_agreement(
        agreement_id=agreement.id, terms=version_terms(agreement.versions.last()), now=NOW,
        starts_at=utc(JUNE), created_by=PREPARER, approved_by=APPROVER,
    )  # fmt: skip
    assert breaches() == [hole] and agreement.versions.count() == 3


@pytest.mark.parametrize("next_from", [(), (MAY,)])
def test_prices_follow_one_another_without_a_hole(database, partners, next_from):
    """A list of the platform and a partner's own: an end needs what begins there."""
    retail_card()
    own = create_rate_card(code="own", name="Own", currency="USD", rates=RETAIL, valid_from=START,
                           actor=PREPARER, now=NOW, audience="partner",
                           partner_id=partners.redis.id)  # fmt: skip
    then = "on 2026-05-01 00:00 UTC" if next_from else "never"
    for code in ("retail", "own"):
        match = f"prices: {code} v1 ends on 2026-04-01 00:00 UTC and the next begins {then}"
        with pytest.raises(psycopg.errors.CheckViolation, match=match):
            at_once(database, "owner", (PRICES_END, APRIL, code),
                    *((PRICES_AGAIN, at, code) for at in next_from))  # fmt: skip

    later = publish_rate_version(card_id=own.id, rates=RETAIL[:1], valid_from=utc(MAY), now=NOW,
                                 actor=PREPARER)  # fmt: skip

    assert later.number == 2 and breaches() == []
