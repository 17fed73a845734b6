"""Terms on their way: proposed, declined, approved by a second person, ended, announced."""

import threading
from dataclasses import replace

import psycopg
import pytest
from django.db import connection

from billing.actions.decide_terms import approve_version, decline_version
from billing.actions.errors import AlreadySettled, NothingToSettle, TermsInTheWay, UnknownRun
from billing.actions.proposals import propose_agreement, propose_amendment, propose_figures
from billing.actions.rate_cards import create_rate_card
from billing.actions.renewals import give_renewal_notices
from billing.actions.terminate import approve_termination, ask_termination
from billing.models import AgreementVersion, Document, DocumentLine, RenewalNotice
from billing.queries.terms import segment_terms, version_terms
from billing.rules.errors import BadTerms, SamePerson
from billing.rules.periods import parse_month
from billing.rules.templates import Deal, agreement_terms
from tenants.models import Entitlement
from tests.billing.people import APPROVER, PREPARER, RETAIL, retail_card, utc
from tests.billing.world import (
    SEPTEMBER,
    balances,
    breaches,
    documents,
    hit,
    record,
    settle,
    sign,
)

START, NOW = utc("2026-01-01"), utc("2026-01-02")


def propose(partner, template="revenue_share_platform", **more):
    given = {"created_by": PREPARER, "now": NOW, "starts_at": START,
             "retail_card_id": retail_card().id}  # fmt: skip
    return propose_agreement(partner_id=partner.id, template=template, **{**given, **more})


def amended(version, share_bps: int, starts: str, **more):
    terms = agreement_terms("revenue_share_platform", partner_kind="general_cache", currency="USD",
                            starts_at=START, deal=Deal(share_bps=share_bps))  # fmt: skip
    return propose_amendment(agreement_id=version.agreement_id, terms=terms, created_by=PREPARER,
                             starts_at=utc(starts), now=NOW, **more)  # fmt: skip


def test_a_proposal_is_not_in_force_until_a_second_person_approves_it(partners):
    version = propose(partners.redis)
    assert propose(partners.redis).id == version.id
    assert segment_terms(version.agreement_id, parse_month("2026-02")) == ()
    assert not Entitlement.objects.exists()
    with pytest.raises(SamePerson):
        approve_version(version_id=version.id, approved_by=PREPARER.upper(), now=NOW)

    for _ in range(2):
        approve_version(version_id=version.id, approved_by=APPROVER, now=NOW)

    assert len(segment_terms(version.agreement_id, parse_month("2026-02"))) == 1
    assert Entitlement.objects.get().value == 3000


def test_a_declined_proposal_never_comes_into_force_and_another_may_follow(database, partners):
    first = propose(partners.redis)
    for _ in range(2):
        decline_version(version_id=first.id, actor=APPROVER, reason="too dear", now=NOW)
    with pytest.raises(TermsInTheWay, match="declined"):
        approve_version(version_id=first.id, approved_by=APPROVER, now=NOW)
    with (
        pytest.raises(psycopg.errors.RestrictViolation),
        database.psql("owner") as owner,
    ):
        owner.execute("update billing_agreementversion set declined_at = null, declined_by = ''")

    second = propose(partners.redis, deal=Deal(share_bps=2500))

    assert (second.number, second.agreement_id) == (2, first.agreement_id)
    assert approve_version(version_id=second.id, approved_by=APPROVER, now=NOW).approved_at == NOW
    with pytest.raises(TermsInTheWay, match="amend the agreement"):
        decline_version(version_id=second.id, actor=APPROVER, reason="late", now=NOW)


def test_of_two_amendments_the_approved_one_counts(partners):
    first = sign(partners.redis, "revenue_share_platform")
    early = amended(first, 2500, "2026-03-01", reason="volume")
    late = amended(first, 2000, "2026-05-01")
    assert amended(first, 2500, "2026-03-01").id == early.id

    approve_version(version_id=late.id, approved_by=APPROVER, now=NOW)

    with pytest.raises(TermsInTheWay, match="starts after that"):
        approve_version(version_id=early.id, approved_by=APPROVER, now=NOW)
    spans = AgreementVersion.objects.filter(approved_at__isnull=False).values_list(
        "number", "valid_from", "valid_to"
    )
    assert list(spans) == [(1, START, utc("2026-05-01")), (3, utc("2026-05-01"), None)]


def test_an_amendment_proposed_before_a_month_was_settled_is_refused_after(database, world):
    version = AgreementVersion.objects.get(partner_id=world.redis.id)
    database.login("owner")
    late = amended(version, 2500, "2026-09-15")
    database.login("settle")
    settle()
    database.login("owner")

    with pytest.raises(TermsInTheWay, match=r"2026-09 of .* is issued"):
        approve_version(version_id=late.id, approved_by=APPROVER, now=NOW)


def test_an_agreement_ends_early_when_two_people_say_so(partners):
    version = sign(partners.redis, "oem", deal=Deal(base_yearly_minor=120_000_00))
    end = utc("2026-09-15T12:00")
    with pytest.raises(BadTerms, match="Say why"):
        ask_termination(agreement_id=version.agreement_id, ends_at=end, reason="", actor=PREPARER,
                        now=NOW)  # fmt: skip
    with pytest.raises(UnknownRun):
        approve_termination(agreement_id=version.agreement_id, approved_by=APPROVER, now=NOW)

    asked = ask_termination(agreement_id=version.agreement_id, ends_at=end, reason="merger",
                            actor=PREPARER, now=NOW)  # fmt: skip
    with pytest.raises(SamePerson):
        approve_termination(agreement_id=version.agreement_id, approved_by=PREPARER, now=NOW)
    for _ in range(2):
        approve_termination(agreement_id=version.agreement_id, approved_by=APPROVER, now=NOW)

    version.refresh_from_db()
    assert version.valid_to == end
    # 36 months from January 2026: half a September, three months, and two years are left.
    assert asked.rest_of_term_minor == 5_166_67 + 30_000_00 + 240_000_00
    record(hit(partners.redis, "2026-09-10", "acme", 1_000))
    parts = segment_terms(version.agreement_id, SEPTEMBER)
    assert [(part.segment.start, part.segment.end) for part in parts] == [(SEPTEMBER.start, end)]
    with pytest.raises(TermsInTheWay, match="Sign a new agreement"):
        propose_figures(agreement_id=version.agreement_id, texts={"term_months": "72"}, reason="x",
                        starts_at=utc("2026-09-15"), created_by=PREPARER, now=NOW)  # fmt: skip
    new = [propose(partners.redis, "oem", starts_at=end) for _ in range(2)]
    assert new[0] == new[1]
    assert new[0].agreement.code == f"{version.agreement.code}-2"


def test_an_early_end_owes_the_rest_of_the_term_once(database, partners):
    """120,000.00 a year until 2029, ended on 15 September 2026 at noon: 275,166.67 are left.

    Redis pays monthly: 4,833.33 of September and the rest. Pinecone has paid 2026 in advance:
    35,166.67 of the rest are paid, and the year's last 40,000.00 are earned with the end.
    """
    redis, pinecone = partners
    for partner, interval in ((redis, "monthly"), (pinecone, "yearly")):
        version = sign(partner, "oem",
                       deal=Deal(base_yearly_minor=120_000_00, base_interval=interval))  # fmt: skip
        ask_termination(agreement_id=version.agreement_id, ends_at=utc("2026-09-15T12:00"),
                        reason="merger", actor=PREPARER, now=NOW)  # fmt: skip
        approve_termination(agreement_id=version.agreement_id, approved_by=APPROVER, now=NOW)
    database.login("settle")

    settle()
    with pytest.raises(AlreadySettled):
        settle()
    with pytest.raises(NothingToSettle):
        settle(parse_month("2026-10"), utc("2026-12-02"))

    assert documents(redis) == [("partner_invoice", "", 280_000_00)]
    assert documents(pinecone) == [("partner_invoice", "", 240_000_00)]
    line = DocumentLine.objects.get(document__partner_id=pinecone.id, kind="rest_of_term")
    assert line.explanation == [
        "base fees from the end on 2026-09-15 to the end of the term: $275,166.67",
        "less what was billed in advance: −$35,166.67",
    ]
    assert balances(redis) == {"1110": 280_000_00, "4100": -280_000_00}
    # January's invoice, which this test left out, had deferred these 40,000.00.
    assert balances(pinecone) == {"1110": 240_000_00, "2300": 40_000_00, "4100": -280_000_00}
    assert breaches() == []


def test_the_end_of_a_term_is_announced_in_time_and_once(partners, mailoutbox):
    version = sign(partners.redis, "oem")
    sign(partners.pinecone, "revenue_share_platform")
    assert version.valid_to == utc("2029-01-01")

    given = [give_renewal_notices(now=utc(day)) for day in (
        "2028-07-01", "2028-07-06", "2028-07-07", "2028-10-05", "2028-12-05", "2028-12-20",
        "2029-01-02")]  # fmt: skip

    assert given == [0, 1, 0, 1, 1, 0, 0]
    assert list(RenewalNotice.objects.order_by("at").values_list("days_before", flat=True)) == [
        180, 90, 30,
    ]  # fmt: skip
    assert [mail.to for mail in mailoutbox] == [[PREPARER]] * 3
    assert "ends in 27 days" in mailoutbox[2].subject


@pytest.mark.parametrize("starts", ["2028-12-01", "2029-01-01"])
def test_a_longer_term_renews_an_agreement(partners, starts):
    """36 months from 2026; 72 end in 2032, and no term at all holds until further notice."""
    version = sign(partners.redis, "oem")
    asked = {"agreement_id": version.agreement_id, "created_by": PREPARER, "now": NOW,
             "reason": "renewed"}  # fmt: skip
    with pytest.raises(TermsInTheWay, match="before these terms begin"):
        propose_figures(texts={"term_months": "12"}, starts_at=utc(starts), **asked)
    longer = propose_figures(texts={"term_months": "72", "1.rate": "0.0008"},
                             starts_at=utc(starts), **asked)  # fmt: skip
    approve_version(version_id=longer.id, approved_by=APPROVER, now=NOW)
    spans = AgreementVersion.objects.order_by("number").values_list("valid_from", "valid_to")
    assert list(spans) == [(START, utc(starts)), (utc(starts), utc("2032-01-01"))]
    assert give_renewal_notices(now=utc("2028-12-20")) == 0

    endless = propose_figures(texts={"term_months": ""}, starts_at=utc("2031-01-01"), **asked)
    approve_version(version_id=endless.id, approved_by=APPROVER, now=NOW)
    assert AgreementVersion.objects.get(number=3).valid_to is None


def test_a_proof_of_concept_is_extended_by_an_approved_amendment(partners):
    """Free until July, then until 15 October at noon: October is cut there."""
    version = sign(partners.pinecone, "poc")
    longer = propose_figures(
        agreement_id=version.agreement_id, texts={"poc_ends_at": "2026-10-15 12:00"}, reason="test",
        starts_at=utc("2026-06-01"), created_by=PREPARER, now=NOW,
    )  # fmt: skip
    october = parse_month("2026-10")
    assert len(segment_terms(version.agreement_id, october)) == 1
    approve_version(version_id=longer.id, approved_by=APPROVER, now=NOW)

    parts = segment_terms(version.agreement_id, october)

    assert [part.terms.in_poc(part.segment.start) for part in parts] == [True, False]
    assert parts[1].segment.start == utc("2026-10-15T12:00")


def test_an_amendment_that_changes_nothing_or_what_stays_is_refused(partners):
    version = sign(partners.redis, "revenue_share_platform")
    asked = {"agreement_id": version.agreement_id, "created_by": PREPARER, "now": NOW,
             "starts_at": utc("2026-10-01"), "reason": "x"}  # fmt: skip
    with pytest.raises(BadTerms, match="Nothing would change"):
        propose_figures(texts={"0.partner_bps": "30 %"}, **asked)
    with pytest.raises(BadTerms, match="changes with a month"):
        propose_figures(texts={"principal": "no"}, **{**asked, "starts_at": utc("2026-10-02")})
    terms, other = version_terms(version), {**asked, "starts_at": utc("2026-10-01")}
    with pytest.raises(BadTerms, match="sign a new one in EUR"):
        propose_amendment(terms=replace(terms, currency="EUR"), **other)
    cost = create_rate_card(code="cost", name="Cost", currency="USD", rates=RETAIL, now=NOW,
                            audience="internal", valid_from=START, actor=PREPARER,
                            approved_by=APPROVER)  # fmt: skip
    with pytest.raises(BadTerms, match="Cost is not for this partner"):
        propose_figures(texts={}, retail_card_id=cost.id, **asked)
    assert AgreementVersion.objects.count() == 1


def test_the_partner_collects_from_a_month_on_at_other_prices(database, partners):
    """September: we invoice 100.01 and owe 30.00, below the minimum payout of 50.00.

    From October on the partner invoices at 0.004, keeps 60 % and owes us 40 %; the 30.00, to which
    nothing is added any more, are payable.
    """
    redis = partners.redis
    version = sign(redis, "revenue_share_platform", deal=Deal(min_payout_minor=50_00))
    dearer = create_rate_card(
        code="dear", name="Dear", currency="USD", valid_from=START, actor=PREPARER, now=NOW,
        approved_by=APPROVER, rates=[{**RETAIL[0], "unit_price": "0.004"}, *RETAIL[1:]],
    )  # fmt: skip
    asked = {"agreement_id": version.agreement_id, "created_by": PREPARER, "reason": "resale",
             "starts_at": utc("2026-10-01"), "retail_card_id": dearer.id, "now": NOW,
             "texts": {"collects": "partner", "0.partner_bps": "60"}}  # fmt: skip
    new = propose_figures(**asked)
    approve_version(version_id=new.id, approved_by=APPROVER, now=NOW)
    assert propose_figures(**asked).id == new.id
    version.refresh_from_db()
    assert (version.collects, version.valid_to) == ("platform", new.valid_from)
    record(hit(redis, "2026-09-10", "acme", 50_005), hit(redis, "2026-10-10", "acme", 50_005),
           now=utc("2026-11-01"))  # fmt: skip
    database.login("settle")

    settle()
    settle(parse_month("2026-10"), utc("2026-11-02"))

    assert documents(redis) == [
        ("customer_invoice", "acme", 100_01), ("payout_statement", "", 30_00),
        ("customer_invoice", "acme", 200_02), ("partner_invoice", "", 80_01),
        ("payout_statement", "", 0),
    ]  # fmt: skip
    payable = Document.objects.filter(kind="payout_statement").order_by("id")
    assert [row.statement["payable_minor"] for row in payable] == [0, 30_00]
    issuers = Document.objects.filter(kind="customer_invoice").order_by("id")
    assert [row.issuer == "platform" for row in issuers] == [True, False]
    assert balances(redis) == {"1100": 100_01, "4000": -180_02, "5000": 30_00, "2100": -30_00,
                               "1110": 80_01}  # fmt: skip
    assert breaches() == []


def test_an_amended_term_is_not_announced(partners):
    version = sign(partners.redis, "oem")
    terms = version_terms(version)
    later = propose_amendment(agreement_id=version.agreement_id, terms=terms, now=NOW,
                              starts_at=utc("2028-12-31"), created_by=PREPARER)  # fmt: skip
    approve_version(version_id=later.id, approved_by=APPROVER, now=NOW)

    assert give_renewal_notices(now=utc("2028-12-20")) == 1
    assert RenewalNotice.objects.get().version_id == later.id


def test_terms_follow_by_their_start_whichever_was_proposed_first(database, partners):
    """Proposed for May, then for March; approved in March's favour, both hold and go on."""
    first = sign(partners.redis, "revenue_share_platform")
    may, march = amended(first, 2000, "2026-05-01"), amended(first, 2500, "2026-03-01")
    for version in (march, may):
        approve_version(version_id=version.id, approved_by=APPROVER, now=NOW)

    june = amended(may, 1500, "2026-06-01")
    approve_version(version_id=june.id, approved_by=APPROVER, now=NOW)
    agreement = first.agreement
    ask_termination(agreement_id=agreement.id, ends_at=utc("2026-09-01"), reason="They leave.",
                    actor=PREPARER, now=NOW)  # fmt: skip
    approve_termination(agreement_id=agreement.id, approved_by=APPROVER, now=NOW)

    spans = agreement.versions.order_by("valid_from").values_list("number", "valid_from__month",
                                                                  "valid_to__month")  # fmt: skip
    assert list(spans) == [(1, 1, 3), (3, 3, 5), (2, 5, 6), (4, 6, 9)]
    assert breaches() == []


def test_two_amendments_approved_at_once_leave_no_hole(database, partners):
    first = sign(partners.redis, "revenue_share_platform")
    proposed = [amended(first, bps, start) for bps, start in
                ((2500, "2026-03-01"), (2000, "2026-05-01"), (1500, "2026-07-01"))]  # fmt: skip
    barrier, refused = threading.Barrier(len(proposed)), []

    def approve(version: AgreementVersion) -> None:
        try:
            barrier.wait()
            approve_version(version_id=version.id, approved_by=APPROVER, now=NOW)
        except BaseException as error:  # noqa: BLE001
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(one,)) for one in proposed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(isinstance(one, TermsInTheWay) for one in refused), refused
    approved = AgreementVersion.objects.filter(approved_at__isnull=False)
    assert approved.count() == 1 + len(proposed) - len(refused)
    assert approved.filter(valid_to=None).count() == 1 and breaches() == []
